/** The tables of `docs/doors.md`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Door {
  readonly method: string;
  readonly path: string;
  readonly who: string;
}

const text = readFileSync(join(import.meta.dirname, '../../../../docs/doors.md'), 'utf8');

/** The rows below a heading: one for each method and path. */
export const doorsOf = (heading: string): readonly Door[] => {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([A-Z, ]+) (\S+)` +\| (\w+) +\|$/gm)].flatMap(
    ([, methods = '', path = '', who = '']) => methods.split(', ').map((method) => ({ method, path, who })),
  );
};

/** An address for a path with parameters. */
export const filled = (path: string): string =>
  path
    .replace(/:(t1|b)\b/g, '2')
    .replace(/:\w+/g, '1')
    .replace('*', '');
