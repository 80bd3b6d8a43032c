/**
 * The guard: a process of its own, in a session of its own, that holds no pin. When the service falls silent or its
 * pipe closes, it brings the pins to rest, and kills a hung service first, because the kernel gives pins to nobody
 * else while that holds them. A service that hangs while everything is off is left alone.
 *
 * Started by `createGuard`; its one argument is a `GuardOrders` in JSON.
 */
import { flushCompileCache } from 'node:module';
import { messageOf } from '@daisee/units';
import { createLinuxKernel } from '../drivers/gpio/kernel.ts';
import { type RestPins, restLines } from '../drivers/gpio/rest.ts';
import { BEAT, BEAT_ARMED, BEAT_EVERY, FAREWELL, LOOKS, READY } from './pulse.ts';

/** What the guard is told when it starts. */
export interface GuardOrders extends RestPins {
  /** Process identifier of the service. */
  readonly owner: number;
  /** Silence after which the service counts as hung, ms. */
  readonly patience: number;
}

/** A killed process lets go of its pins within milliseconds, unless the machine is busy dumping it. */
const WAIT_FOR_PINS = 5000;

const orders = JSON.parse(process.argv[2] ?? '{}') as GuardOrders;
const kernel = createLinuxKernel();
let acting = false;
/** Something on the board is on. */
let armed = false;
let heard = performance.now();
/** Looks since it heard last. */
let looks = 0;

/** The service's journal may be gone as well: then nobody is told, and nothing else changes. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const say = (text: string): void => {
  process.stderr.write(`daisee relay guard: ${text}\n`);
};

/** With `always` it is told even when nothing was on: another guard may have been quicker, and one of them tells. */
const act = async (reason: string, always = false): Promise<void> => {
  if (acting) return;
  acting = true;
  try {
    const before = await restLines({ ...orders, kernel, wait: WAIT_FOR_PINS });
    const on = [...before.keys()].filter((channel) => before[channel]);
    if (always || on.length > 0)
      say(`${reason}; the board is at rest${on.length > 0 ? ` (channels ${on.join(', ')} were on)` : ''}.`);
    process.exit(0);
  } catch (error) {
    say(`${reason}, and the board could not be brought to rest: ${messageOf(error)}`);
    process.exit(1);
  }
};

/** @returns whether it was there to be killed. */
const killOwner = (): boolean => {
  // Only while it is our parent is the number still its own: a reaped process would have left us to another.
  if (process.ppid !== orders.owner) return false;
  try {
    return process.kill(orders.owner, 'SIGKILL');
  } catch (error) {
    say(`could not kill the hung service: ${messageOf(error)}`);
    return false;
  }
};

const look = (): void => {
  looks++;
  const silent = performance.now() - heard;
  if (acting || !armed || looks < LOOKS || silent < orders.patience) return;
  const silence = (silent / 1000).toFixed(1);
  const killed = killOwner();
  void act(`the relay service (process ${orders.owner}) hung for ${silence} s and was killed`, killed);
};

// A terminal's Ctrl-C and a stop of the whole service reach the guard too; it ends when the service has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.stdin.on('data', (bytes: Buffer) => {
  if (bytes.includes(FAREWELL)) process.exit(0);
  armed = bytes.at(-1) === BEAT_ARMED;
  heard = performance.now();
  looks = 0;
  process.stdout.write(Buffer.of(BEAT));
});
const gone = (): void => void act(`the relay service (process ${orders.owner}) is gone`);
process.stdin.on('end', gone);
process.stdin.on('error', gone);

// Everything that acting needs is loaded now: there may be no disk to load it from later.
kernel.chips();
try {
  kernel.ioctl(-1, 0n, Buffer.alloc(8));
} catch (error) {
  say(messageOf(error));
  process.exit(1);
}
setInterval(look, BEAT_EVERY / 2);
process.stdout.write(Buffer.of(READY));
// What a later `restCommand` loads is kept now, also when this process is killed.
flushCompileCache();
