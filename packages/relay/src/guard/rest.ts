/**
 * Brings the pins to rest and ends: what systemd runs before the service starts and after it ended, however it ended
 * (`ExecStartPre=`, `ExecStopPost=`). A program of its own because the whole command takes seconds to load on a small
 * machine. Its one argument is a `RestLinesOptions` in JSON; exit code 0 when the board is at rest.
 */
import { messageOf } from '@daisee/units';
import { type RestLinesOptions, restLines } from '../drivers/gpio/rest.ts';

try {
  const before = await restLines(JSON.parse(process.argv[2] ?? '{}') as RestLinesOptions);
  const on = [...before.keys()].filter((channel) => before[channel]);
  if (on.length > 0) console.log(`The relay board is at rest; channels ${on.join(', ')} were on.`);
} catch (error) {
  console.error(`The relay board could not be brought to rest: ${messageOf(error)}`);
  process.exit(1);
}
