// Where the contracts keep what in storage, as snapshots/*.json: a change of a slot, an offset or a type shows in review
// (an upgrade by copying storage, a tool that reads slots, or the gas of a report would break silently). With --check it
// compares instead.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { artifact, forge, type Place, room } from './forge.ts';

/** The layout without what changes with every compilation: the numbers of the compiler's syntax tree. */
const read = (contract: string): unknown => {
  const { storage, types } = artifact(contract).storageLayout;
  const clean = (name: string): string =>
    name.replaceAll(/\)\d+_storage/g, ')').replaceAll(/\)\d+(?=[),]|$)/g, ')');
  const place = ({ label, slot, offset, type }: Place) =>
    `slot ${slot} byte ${offset}: ${label}, ${clean(type)}`;
  return {
    storage: storage.map(place),
    structs: Object.fromEntries(
      Object.values(types ?? {})
        .filter(({ members }) => members !== undefined)
        .map(({ label, numberOfBytes, members = [] }) => [
          `${label}, ${numberOfBytes} bytes`,
          members.map(place),
        ])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    ),
  };
};

if (forge(['build', 'src'], true) !== 0) process.exit(1);
for (const contract of ['Daisee', 'DaiseeCoin']) {
  const file = join(room, 'snapshots', `${contract}.storage.json`);
  const now = read(contract);
  if (!process.argv.includes('--check')) {
    mkdirSync(join(room, 'snapshots'), { recursive: true });
    writeFileSync(file, `${JSON.stringify(now, undefined, 2)}\n`);
    console.log(`snapshots/${contract}.storage.json written`);
  } else if (isDeepStrictEqual(JSON.parse(readFileSync(file, 'utf8')), now))
    console.log(`snapshots/${contract}.storage.json is where ${contract} keeps what`);
  else {
    console.error(
      `The storage of ${contract} differs from snapshots/${contract}.storage.json: if that is meant, run "npm run layout -w @daisee/contracts"`,
    );
    process.exitCode = 1;
  }
}
