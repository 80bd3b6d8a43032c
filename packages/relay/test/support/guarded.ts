/**
 * A process with a guard and nothing to guard: the chip it names is not there, so that what the guard says tells what
 * it would have done. Its argument says what it does once the guard is there.
 */
import { createGuard } from '../../src/guard/guard.ts';

const guard = createGuard({ rest: { chip: '/dev/no-such-chip' }, patience: 700 });
await guard.start();
console.log(`guard ${guard.pid}`);
const what = process.argv[2];
if (what === 'stop') await guard.stop(true);
if (what === 'wait') setInterval(() => undefined, 1000);
if (what === 'hang' || what === 'doze') guard.arm(true);
if (what === 'hang') for (;;); // while something is on
if (what === 'doze') {
  guard.arm(false);
  const until = performance.now() + 2100; // three times the guard's patience
  while (performance.now() < until);
  process.exit(7);
}
