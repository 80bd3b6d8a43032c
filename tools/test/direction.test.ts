import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The table of rooms in docs/house.md is the law: `| `packages/x` | … | units, market |`. */
const rooms = new Map<string, ReadonlySet<string>>();
for (const line of readFileSync(join(root, 'docs/house.md'), 'utf8').split('\n')) {
  const row = /^\| `packages\/(\w+)` +\|[^|]*\|([^|]*)\|$/.exec(line);
  if (!row) continue;
  const [, room = '', allowed = ''] = row;
  rooms.set(room, new Set(allowed.split(',').map((name) => name.trim().replace(/ client$/, ''))));
}
const everyRoom = [...rooms.keys()];
for (const [room, allowed] of rooms) {
  if (allowed.has('everything')) rooms.set(room, new Set(everyRoom));
  const except = [...allowed].find((name) => name.startsWith('everything but'));
  if (except) {
    const excluded = new Set([except.replace('everything but ', ''), ...allowed]);
    rooms.set(room, new Set(everyRoom.filter((name) => !excluded.has(name))));
  }
}

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? '');

describe('the direction of imports', () => {
  it('is written down for every room that there is', () => {
    const there = globSync('packages/*/package.json', { cwd: root }).map((file) => file.split('/')[1]);
    expect(there.toSorted()).toEqual(everyRoom.filter((room) => there.includes(room)).toSorted());
  });

  it.each(everyRoom)(
    '%s imports only what its row of docs/house.md allows, and only through doors',
    (room) => {
      const wrong: string[] = [];
      const allowed = rooms.get(room) ?? new Set();
      const folder = join(root, 'packages', room);
      for (const file of globSync('{src,test}/**/*.ts', { cwd: folder }).map((name) => join(folder, name)))
        for (const specifier of importsOf(file)) {
          const where = `${relative(root, file)} imports ${specifier}`;
          if (specifier.startsWith('.')) {
            const target = relative(folder, resolve(file, '..', specifier));
            if (target.startsWith('..'))
              wrong.push(`${where}: reaches out of its room; import the other room's door`);
            continue;
          }
          const other = /^@daisee\/(\w+)(\/.*)?$/.exec(specifier);
          if (!other) continue;
          if (other[2]) wrong.push(`${where}: reaches past a door; import @daisee/${other[1]}`);
          // Tests of a room may use the rooms that come after it in the build only through its own allowed list.
          else if (other[1] === 'fuzz' && file.startsWith(join(folder, 'test'))) continue;
          else if (other[1] !== room && !allowed.has(other[1] ?? ''))
            wrong.push(`${where}: ${room} may import ${[...allowed].join(', ') || 'nothing'}`);
        }
      expect(wrong).toEqual([]);
    },
  );
});
