/** The board's laws at the pins: what the kernel saw, not what our code believes. */
import assert from 'node:assert/strict';
import { after, afterEach } from 'node:test';
import { createHeader, keepDriven, monotonic, type TraceEvent } from './support/header.ts';
import { assertLaws, type PinLoad, replay } from './support/laws.ts';
import {
  ask,
  BOTH_OFF,
  endAll,
  it,
  LOADS,
  OPTIONS,
  PINS,
  startRelay,
  stopRelay,
  TO_SELLER,
} from './support/relay.ts';

// As on a Raspberry Pi 5 with an older kernel, the header is not the first chip.
createHeader('other', 'some-expander', 8);
const header = createHeader('pi', 'pinctrl-bcm2711');
keepDriven(true);
after(endAll);
afterEach(endAll);

const LOW = new Map(PINS.map((pin) => [pin, 0]));
const HIGH = new Map(PINS.map((pin) => [pin, 1]));
const OWN = [['own']];
const SELLER = [['seller 1']];
const raised = (trace: readonly TraceEvent[]) =>
  trace.filter(({ what, level }) => what === 'set' && level === 1);

it('at start the header is found by its label, and every pin becomes an output at rest without a pulse', async (t) => {
  for (const pin of PINS) header.pull(pin, 'pull-up'); // outside is high: any gap in driving would show
  header.clear();
  const relay = await startRelay();
  const trace = header.trace();
  const driven = new Set(trace.filter(({ what }) => what === 'out').map(({ pin }) => pin));
  assert.deepEqual([...driven].sort(), [...PINS].sort());
  assert.deepEqual(raised(trace), []);
  assert.deepEqual(
    trace.filter(({ what }) => what === 'in'),
    [],
  );
  assert.equal(header.levels(PINS), '0000');
  t.diagnostic(`the service listened after ${relay.start} ms, with ${relay.memory} MB`);
  await stopRelay(relay);
  assert.equal(header.levels(PINS), '0000');
});

it('a switch opens, waits 50 ms, closes, and never lets two sources meet; the pins of a step move in one call', async (t) => {
  await startRelay();
  header.clear();
  assert.equal(await ask(TO_SELLER), 'True');
  assert.equal(header.levels(PINS), '1111');
  assert.equal(await ask('ReadDATA|0, 1, 2, 3'), '{0: True, 1: True, 2: True, 3: True}');
  assert.equal(await ask(BOTH_OFF), 'True');
  assert.equal(header.levels(PINS), '0000');
  const looks = replay(header.trace(), LOW, LOADS);
  const shortest = assertLaws(looks, OWN, 50);
  assert.equal(looks.length, 8, 'each pin moves once each way');
  const apart = [0, 2, 4, 6].map((index) => (looks[index + 1]?.at ?? 0) - (looks[index]?.at ?? 0));
  t.diagnostic(
    `shortest break ${shortest.toFixed(3)} ms; pins of a step ${Math.max(...apart).toFixed(3)} ms apart`,
  );
  assert.ok(Math.max(...apart) < 1, 'two calls would lie further apart than one');
});

it('after each write the levels are read back from the kernel', async () => {
  await startRelay();
  header.clear();
  assert.equal(await ask(TO_SELLER), 'True');
  const trace = header.trace();
  for (const pin of PINS) {
    const set = trace.findIndex((event) => event.pin === pin && event.what === 'set' && event.level === 1);
    const got = trace.findLastIndex((event) => event.pin === pin && event.what === 'get');
    assert.ok(set >= 0 && got > set, `GPIO ${pin} was read after it was set`);
    assert.equal(trace[got]?.level, 1);
  }
});

it('an order that cannot be carried out whole moves no pin', async () => {
  await startRelay();
  header.clear();
  for (const order of ['{2: True, 9: True}', '{2: True, 3: True}', '{0: True, 9: False}', "{0: 'on'}"])
    assert.equal(await ask(order), 'False', order);
  assert.deepEqual(raised(header.trace()), []);
});

it('a stop switches the seller off first, then the own source on, and nothing else', async () => {
  const relay = await startRelay();
  assert.equal(await ask(TO_SELLER), 'True');
  header.clear();
  await stopRelay(relay);
  const trace = header.trace();
  assertLaws(replay(trace, HIGH, LOADS), SELLER, 50);
  assert.deepEqual(raised(trace), []);
  assert.equal(header.levels(PINS), '0000');
});

it('a board found switched on at start goes to rest in the same order', async () => {
  const { driver, ...rest } = OPTIONS;
  const first = await startRelay({ driver: { ...driver, guard: false }, ...rest });
  assert.equal(await ask(TO_SELLER), 'True');
  first.child.kill('SIGKILL');
  await first.exited;
  assert.equal(header.levels(PINS), '1111', 'the lines stay driven, as on Raspberry Pi OS');
  header.clear();
  await startRelay();
  const trace = header.trace();
  assertLaws(replay(trace, HIGH, LOADS), SELLER, 50);
  assert.equal(header.levels(PINS), '0000');
});

it('relays that are on while their pin is low rest high, and start without a pulse', async () => {
  const pins = [5, 6, 13, 19];
  for (const pin of pins) header.pull(pin, 'pull-up'); // the relay board's own resistors
  header.clear();
  const relay = await startRelay({ ...OPTIONS, driver: { pins, own: [0, 1], activeLow: true } });
  assert.deepEqual(
    header.trace().filter(({ what, level, pin }) => what === 'set' && level === 0 && pins.includes(pin)),
    [],
  );
  assert.equal(header.levels(pins), '1111');
  header.clear();
  assert.equal(await ask(TO_SELLER), 'True');
  assert.equal(header.levels(pins), '0000');
  await stopRelay(relay);
  const looks = replay(
    header.trace(),
    new Map(pins.map((pin) => [pin, 1])),
    [{ own: [5, 6], sellers: [[13, 19]] }],
    0,
  );
  assertLaws(looks, OWN, 50);
  assert.equal(header.levels(pins), '1111');
});

it('from request to changed line: what an order takes that needs no break', async (t) => {
  await startRelay({ ...OPTIONS, wiring: { loads: [] } });
  const pin = PINS[0] ?? 0;
  const delays: number[] = [];
  for (let round = 0; round < 100; round++) {
    header.clear();
    const from = monotonic();
    assert.equal(await ask(`{0: ${round % 2 === 0 ? 'True' : 'False'}}`), 'True');
    const moved = header.trace().find((event) => event.pin === pin && event.what === 'set');
    assert.ok(moved, 'the line moved');
    delays.push(moved.at - from);
  }
  delays.sort((a, b) => a - b);
  const at = (share: number) => (delays[Math.floor(share * delays.length)] ?? 0).toFixed(2);
  t.diagnostic(
    `connection, request and order to changed line, in this kernel: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`,
  );
});

it('100 random orders to two loads with two sellers each: never two sources, every break 80 ms or longer', async (t) => {
  const pins = [17, 18, 27, 22, 23, 24];
  const contact = (name: string, channel: number) => ({ name, channels: [channel] });
  await startRelay({
    ...OPTIONS,
    breakTime: 80,
    driver: { pins, own: [0, 3] },
    wiring: {
      loads: [
        { name: 'home', own: [0], sellers: [contact('east', 1), contact('west', 2)] },
        { name: 'barn', own: [3], sellers: [contact('east', 4), contact('west', 5)] },
      ],
    },
  });
  header.clear();
  let seed = 20171;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; // any sequence does; this one is the same each time
    return (seed >> 8) % below;
  };
  let carriedOut = 0;
  for (let order = 0; order < 100; order++) {
    const changes = new Map(
      Array.from({ length: 1 + random(6) }, () => [random(6), random(2) === 1 ? 'True' : 'False']),
    );
    const reply = await ask(`{${[...changes].map(([channel, on]) => `${channel}: ${on}`).join(', ')}}`);
    if (reply === 'True') carriedOut++;
  }
  const loads: PinLoad[] = [
    { own: [17], sellers: [[18], [27]] },
    { own: [22], sellers: [[23], [24]] },
  ];
  const looks = replay(header.trace(), new Map(pins.map((pin) => [pin, 0])), loads);
  const shortest = assertLaws(looks, [['own'], ['own']], 80);
  assert.ok(looks.length > 50 && carriedOut > 20);
  t.diagnostic(
    `${carriedOut} carried out, ${looks.length} pin changes, shortest break ${shortest.toFixed(3)} ms`,
  );
});
