import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rooms = globSync('packages/*/package.json', { cwd: root }).map(dirname);

/** Files of the same room that a text imports or exports from, types too: whoever reads one file has to know the other. */
const importsOf = (file: string, text: string): readonly string[] =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'";]*?'(\.{1,2}\/[^']+)'|\bimport\(\s*'(\.{1,2}\/[^']+)'/g,
    ),
  ].map((match) => resolve(file, '..', match[1] ?? match[2] ?? ''));

/** The circles of a graph, each named once, by the files on it in their order. */
const circlesIn = (graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] => {
  const found: (readonly string[])[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const begin = way.indexOf(file);
    if (begin >= 0) {
      found.push([...way.slice(begin), file]);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
};

describe('the files of a room', () => {
  it.each(rooms)('import each other in no circle: %s', (room) => {
    const folder = join(root, room);
    const files = globSync('{src,web,test,bench}/**/*.{ts,tsx}', {
      cwd: folder,
      exclude: ['**/node_modules'],
    }).map((name) => join(folder, name));
    expect(files.length).toBeGreaterThan(0);
    const graph = new Map(files.map((file) => [file, importsOf(file, readFileSync(file, 'utf8'))]));
    const circles = circlesIn(graph).map((way) => way.map((file) => relative(folder, file)).join(' → '));
    expect(circles).toEqual([]);
  });

  it('are seen to do so where they do', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', ['b']],
    ]);
    expect(circlesIn(graph)).toEqual([['b', 'd', 'b']]);
    const text =
      "import type { A } from './a.ts';\nexport {\n  b,\n} from '../b.ts';\nimport './c.ts';\nawait import('./d.ts');";
    expect(importsOf('/r/src/x.ts', text)).toEqual(['/r/src/a.ts', '/r/b.ts', '/r/src/c.ts', '/r/src/d.ts']);
  });
});
