/** A process that thins a store in small steps and says when it has begun, until it is killed or done. */
import { writeSync } from 'node:fs';
import { Instant, Seconds } from '@daisee/units';
// Not through the door: the less is loaded, the sooner it can be killed.
import { openStore } from '../src/store/sqlite-store.ts';

const [, , file = '', before = ''] = process.argv;
const store = openStore({ file, survives: 'process' });
const STDOUT = 1;
for (let done = false; !done; ) {
  ({ done } = store.thin(1, Seconds(60), Instant(Number(before)), 40));
  writeSync(STDOUT, done ? 'done\n' : 'step\n');
}
store.close();
