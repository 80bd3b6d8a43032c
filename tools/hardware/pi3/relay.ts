/**
 * The part inside the emulated Raspberry Pi: runs the relay service and drives it over its v0.2 port. What the pins
 * carry is looked at from outside: each `LOOK` names what they should, and waits until that was done.
 */
import { openSync, readFileSync, readSync } from 'node:fs';
import {
  alive,
  ask,
  BOTH_OFF,
  OPTIONS,
  PINS,
  startRelay,
  stopRelay,
  TO_SELLER,
  until,
} from '../guest/support/relay.ts';
import { memoryOf } from './memory.ts';

/** A TCG-emulated processor is slower than the real one, several times. */
const PATIENT = { ...OPTIONS, driver: { pins: PINS, own: [0, 1], guard: { patience: 10_000 } } };

const consoleIn = openSync('/dev/console', 'r');
const look = (what: string, should: string): void => {
  console.log(`LOOK ${PINS.map((pin) => `${pin}=${should}`).join(' ')} ${what}`);
  readSync(consoleIn, Buffer.alloc(16));
};
const start = () => startRelay(PATIENT);
const isTrue = (reply: string): void => {
  if (reply !== 'True') throw new Error(`The relay replied "${reply}" instead of True.`);
};

console.log(
  `Model: ${readFileSync('/proc/device-tree/model', 'utf8').replace('\0', '')}, Node ${process.version} ${process.arch}`,
);
look('before anything was started', 'in');
const first = await start();
console.log(`The relay listened ${first.start} ms after its start, compiling everything.`);
look('the relay has started', 'out0');
isTrue(await ask(TO_SELLER));
look('switched to the seller', 'out1');
console.log(`Service: ${memoryOf(first.pid)}. Guards: ${first.guards.map(memoryOf).join('; ')}.`);
isTrue(await ask(BOTH_OFF));
look('switched back', 'out0');
// The reply comes after the lines were written and read back: it bounds when they changed.
const replies: number[] = [];
for (let round = 0; round < 40; round++) {
  const from = performance.now();
  isTrue(await ask(`{0: ${round % 2 === 0 ? 'True' : 'False'}}`));
  replies.push(performance.now() - from);
}
replies.sort((a, b) => a - b);
const reply = (share: number): string => (replies[Math.floor(share * replies.length)] ?? 0).toFixed(0);
console.log(
  `An order that needs no break, from connecting to the reply after its line was read back: p50 ${reply(0.5)} ms, p90 ${reply(0.9)} ms, longest ${replies.at(-1)?.toFixed(0)} ms.`,
);
isTrue(await ask(TO_SELLER));
await stopRelay(first);
look('stopped, the pins let go (Debian makes them inputs)', 'in');

const second = await start();
console.log(`The relay listened ${second.start} ms after its start, with its modules compiled before.`);
console.log(`Service: ${memoryOf(second.pid)}. Guards: ${second.guards.map(memoryOf).join('; ')}.`);
isTrue(await ask(TO_SELLER));
look('switched to the seller again', 'out1');
process.kill(second.pid, 'SIGKILL');
await until('the guards have acted', () => !second.guards.some(alive));
look('kill -9 of the service: its guards go to rest, and let go', 'in');

const third = await start();
isTrue(await ask(TO_SELLER));
for (const guard of third.guards) process.kill(guard, 'SIGKILL');
// Once at its start, and once for each guard: both may be over before the next look.
const rested = () => third.said.filter((line) => line.startsWith('rested')).length;
try {
  await until('the service has brought the board to rest', () => rested() >= 2);
} catch (error) {
  console.log(third.said.join('\n'));
  throw error;
}
look('kill -9 of both guards: the service goes to rest', 'out0');
process.kill(third.pid, 'SIGKILL');
await third.exited;
process.exit(0);
