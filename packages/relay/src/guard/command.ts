import { fileURLToPath } from 'node:url';
import type { RestPins } from '../drivers/gpio/rest.ts';

/** How long the command waits for pins that a dying process still holds, ms. */
const WAIT = 5000;

/**
 * The command line that brings these pins to rest, for whoever outlives the service and its guard: `ExecStartPre=` and
 * `ExecStopPost=` of a systemd unit. Its first word is this Node.
 */
export const restCommand = (pins: RestPins): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL('./rest.ts', import.meta.url)),
  JSON.stringify({ ...pins, wait: WAIT }),
];
