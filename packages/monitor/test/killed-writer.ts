/** A process that stores samples one after the other and says which were acknowledged, until it is killed. */
import { writeSync } from 'node:fs';
import { Instant, Watts } from '@daisee/units';
// Not through the door: the less is loaded, the sooner it can be killed.
import { openStore } from '../src/store/sqlite-store.ts';

const [, , file = ''] = process.argv;
const store = openStore({ file, survives: 'process' });
const { id } = store.addSensor({ name: 'CitizenWatt', sign: 'load' });
const STDOUT = 1;
const last = store.last(id)?.at ?? -8000;

for (let n = 1; ; n++) {
  const sample = { at: Instant(last + n * 8000), power: Watts(n % 3000) };
  // Every tenth comes late, after the one that follows it.
  const late = n % 10 === 9 ? [{ ...sample, at: Instant(sample.at + 4000) }] : [];
  for (const one of [...late, sample]) {
    store.append(id, [one]);
    writeSync(STDOUT, `${one.at}\n`);
  }
}
