/**
 * `daisee relay` itself, the real command, switched over HTTP: what its pins carried, from the kernel's trace. One command
 * serves several tests, because starting it is what takes time here.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, daisee, startCommand, withTls } from './support/command.ts';
import { createHeader, keepDriven, monotonic, type TraceEvent } from './support/header.ts';
import { assertLaws, replay } from './support/laws.ts';
import { endAll, it, LOADS, PINS, stopRelay, until } from './support/relay.ts';

const header = createHeader('pi', 'pinctrl-bcm2711');
const folder = mkdtempSync(join(tmpdir(), 'relay-'));
const tokens = join(folder, 'tokens');
const LOW = new Map(PINS.map((pin) => [pin, 0]));
const HIGH = new Map(PINS.map((pin) => [pin, 1]));
const BOARD = [
  '--driver gpio --http --http-port 0 --pins'.split(' '),
  [PINS.join(), '--tokens', tokens, '--data', join(folder, 'data')],
].flat();
/** Each source on two contacts, as in the v0.2 lab. */
const TWO_EACH = ['--own', '0,1', '--seller', '2,3'];
const SELLER = { load: 'consumer', seller: 'seller1', reason: 'its sun shines' };
/** A lease that no test lives to see the end of, ms. */
const LONG = 600_000;
/** How much later than due rest may be: a break and what a busy machine takes, ms. */
const GRACE = 1000;

/** A token that may not switch. */
const READER = 'reads-and-no-more';
let secret = '';
let relay: Command;
/** How often each pin moved, as the kernel saw it, since the first start. */
const moved = PINS.map(() => 0);

const start = async (...more: readonly string[]): Promise<void> => {
  header.clear();
  relay = await startCommand([...BOARD, ...more], secret);
};

/** The trace since the last time, whose moves are counted. */
const taken = (): TraceEvent[] => {
  const trace = header.trace();
  header.clear();
  return trace;
};

const count = (from: ReadonlyMap<number, number>, trace: readonly TraceEvent[]) => {
  const looks = replay(trace, from, LOADS);
  let levels = from;
  for (const look of looks) {
    for (const [channel, pin] of PINS.entries())
      if (levels.get(pin) !== look.levels.get(pin)) moved[channel] = (moved[channel] ?? 0) + 1;
    levels = look.levels;
  }
  return looks;
};

const toSeller = async (lease = LONG): Promise<void> => {
  const { status, text } = await relay.ask('switch', { ...SELLER, lease });
  assert.equal(status, 200, text);
  assert.equal(header.levels(PINS), '1111');
  assertLaws(count(LOW, taken()), [['own']], 50);
};

before(async () => {
  keepDriven(true);
  secret = await daisee(['relay', 'token', '--file', tokens, '--name', 'agent']);
  appendFileSync(tokens, `page read sha256:${createHash('sha256').update(READER).digest('hex')}\n`);
  for (const pin of PINS) header.pull(pin, 'pull-up'); // outside is high: any gap in driving would show
  await start(...TWO_EACH);
});
after(endAll);

it('the command starts at rest without a pulse, and says so without a token', async () => {
  const trace = taken();
  const driven = new Set(trace.filter(({ what }) => what === 'out').map(({ pin }) => pin));
  assert.deepEqual([...driven].sort(), [...PINS].sort());
  assert.deepEqual(
    trace.filter(({ what, level }) => what === 'in' || (what === 'set' && level === 1)),
    [],
  );
  assert.equal(header.levels(PINS), '0000');
  const { status, body } = await relay.ask('health', undefined, '');
  assert.deepEqual([status, body.status, body.atRest], [200, 'ok', true]);
});

it('a switch with a reason breaks before it makes, there and back; who and why is kept and told', async (t) => {
  const events = relay.listen();
  await delay(200); // whoever listens hears what comes after
  const { status, body } = await relay.ask('switch', { ...SELLER, lease: LONG });
  assert.equal(status, 200);
  assert.deepEqual(body.channels, { 0: true, 1: true, 2: true, 3: true });
  assert.equal(body.loads[0].source, 'seller1');
  assert.ok(Math.abs(body.loads[0].leaseUntil - body.now - LONG) < 5000);
  assert.equal(header.levels(PINS), '1111');
  const there = taken();
  const back = await relay.ask('switch', { ...SELLER, seller: null, reason: 'dearer than our own' });
  assert.equal(back.body.loads[0].source, 'own');
  assert.equal(header.levels(PINS), '0000');
  const home = taken();
  const shortest = [
    assertLaws(count(LOW, there), [['own']], 50),
    assertLaws(count(HIGH, home), [['seller 1']], 50),
  ];
  t.diagnostic(`breaks of ${shortest.map((pause) => pause.toFixed(3)).join(' and ')} ms`);
  const { entries } = (await relay.ask('history')).body;
  assert.deepEqual(
    entries.slice(-2).map((entry: Record<string, unknown>) => [entry['type'], entry['reason'], entry['by']]),
    [
      ['switched', 'its sun shines', 'agent (127.0.0.1)'],
      ['switched', 'dearer than our own', 'agent (127.0.0.1)'],
    ],
  );
  await until(
    'both were told',
    () => (events.told().match(/^event: switched$/gm) ?? []).length === 2,
    10_000,
  );
  events.end();
});

it('an order that is not whole, has no reason, or comes without the right token moves no pin', async () => {
  const order = (channels: object) => ({ reason: 'to see', channels });
  const whole = order({ 2: true, 3: true, 0: true, 1: true });
  const refused: [object, string, number][] = [
    [order({ 2: true, 9: true }), secret, 404],
    [order({ 2: true, 3: true }), secret, 409], // two sources
    [{ ...SELLER, seller: 'nobody' }, secret, 404],
    [{ channels: { 0: true } }, secret, 400],
    [{ ...whole, reason: ' ' }, secret, 400],
    [{ ...whole, lease: 1 }, secret, 400],
    [whole, '', 401],
    [whole, READER, 403],
    [whole, `${secret}x`, 401],
  ];
  for (const [body, token, status] of refused) {
    const answer = await relay.ask('switch', body, token);
    assert.equal(answer.status, status, `${JSON.stringify(body)}: ${answer.text}`);
  }
  assert.equal((await relay.ask('rest', { reason: 'to see' }, READER)).status, 403);
  assert.equal((await relay.ask('state', undefined, READER)).status, 200);
  assert.deepEqual(
    taken().filter(({ what }) => what === 'set'),
    [],
  );
});

it('a lease that nobody renews ends at rest in time, whoever reads meanwhile', async (t) => {
  const lease = 1500;
  const from = monotonic();
  await toSeller(lease);
  const given = monotonic();
  while (header.levels(PINS) !== '0000') {
    await relay.ask('state');
    assert.ok(monotonic() - given < lease + 10 * GRACE, 'it goes to rest');
  }
  const looks = count(HIGH, taken());
  assertLaws(looks, [['seller 1']], 50);
  const first = looks[0]?.at ?? 0;
  const last = looks.at(-1)?.at ?? 0;
  assert.ok(first - from >= lease, `it ended after ${first - from} ms of ${lease}`);
  assert.ok(last - given <= lease + GRACE, `rest came ${last - given} ms after a lease of ${lease}`);
  t.diagnostic(`lease of ${lease} ms: at rest ${(last - given).toFixed(0)} ms after the answer`);
});

it('a lease that is renewed keeps the contacts still, and ends when that ends', async () => {
  const lease = 1500;
  await toSeller(lease);
  const from = monotonic();
  while (monotonic() - from < 3 * lease) {
    const { status, body } = await relay.ask('lease', { load: 'consumer' });
    assert.deepEqual([status, body.leases.length], [200, 1]);
    await delay(lease / 6);
  }
  const renewed = monotonic();
  assert.deepEqual(
    header.trace().filter(({ what }) => what === 'set'),
    [],
  );
  assert.equal(header.levels(PINS), '1111');
  await until('it goes to rest', () => header.levels(PINS) === '0000', lease + 10 * GRACE);
  const looks = count(HIGH, taken());
  assertLaws(looks, [['seller 1']], 50);
  assert.ok((looks.at(-1)?.at ?? Number.POSITIVE_INFINITY) - renewed <= lease + GRACE);
});

it('rest that is asked for opens the seller first; the command that stops rests as well', async () => {
  await toSeller();
  assert.equal((await relay.ask('rest', { reason: 'work on the wires' })).status, 200);
  assert.equal(header.levels(PINS), '0000');
  assertLaws(count(HIGH, taken()), [['seller 1']], 50);

  await toSeller();
  await stopRelay(relay);
  assert.equal(header.levels(PINS), '0000');
  assertLaws(count(HIGH, taken()), [['seller 1']], 50);
  assert.equal(relay.child.exitCode, 0);
});

it('after a restart, with HTTPS, each contact has as many operations as its pin has moved; history goes on', async () => {
  await start('--own', '0', '--seller', '1', '--seller', '2', '--dwell', '2', ...withTls(folder));
  taken();
  const { body } = await relay.ask('state');
  assert.deepEqual(body.operations, moved);
  assert.ok(moved.every((times) => times >= 8));
  const metrics = await relay.get('/metrics');
  assert.match(metrics.text, new RegExp(`daisee_relay_operations_total{channel="3"} ${moved[3]}\\n`));
  const reasons = (await relay.ask('history')).body.entries.map(({ reason }: { reason?: string }) => reason);
  assert.ok(reasons.includes('dearer than our own'));
});

it('a dwell refuses to switch early, there and back, but never rest', async () => {
  const [own = 0, east = 0, west = 0, free = 0] = PINS;
  const loads = [{ own: [own], sellers: [[east], [west]] }];
  const to = (seller: string | null) => relay.ask('switch', { ...SELLER, seller, lease: LONG });
  assert.equal((await to('seller1')).status, 200);
  assert.equal(header.levels(PINS), '1100');
  const early = await to('seller2');
  assert.deepEqual([early.status, early.body.code], [409, 'relay.dwell-not-over'], early.text);
  assert.equal(header.levels(PINS), '1100');
  assert.equal((await to(null)).status, 200);
  const home = monotonic();
  assert.equal(header.levels(PINS), '0000');
  assert.equal((await to('seller1')).status, 409);
  let answer = await to('seller2');
  while (answer.status === 409) {
    await delay(100);
    answer = await to('seller2');
  }
  assert.equal(answer.status, 200, answer.text);
  const looks = replay(taken(), LOW, loads);
  assertLaws(looks, [['own']], 50);
  assert.deepEqual(
    looks.map(({ feeding }) => feeding[0]?.[0]),
    [undefined, 'seller 1', undefined, 'own', undefined, 'seller 2'],
  );
  const opened = looks[4]?.at ?? 0;
  assert.ok(opened - home > 1900, `the own source was left again after ${opened - home} ms of 2000`);
  assert.equal(header.level(free), 0);
});

it('kill -9 of the command ends at rest within 2 s; it starts again and counts on', async (t) => {
  assert.equal(header.levels(PINS), '1010');
  taken();
  const [own = 0, east = 0, west = 0] = PINS;
  const from = monotonic();
  relay.child.kill('SIGKILL');
  await until('every pin is low', () => header.levels(PINS) === '0000', 40_000);
  const states = new Map(PINS.map((pin) => [pin, pin === own || pin === west ? 1 : 0]));
  const looks = replay(taken(), states, [{ own: [own], sellers: [[east], [west]] }]);
  assertLaws(looks, [['seller 2']], 50);
  const took = (looks.at(-1)?.at ?? Number.POSITIVE_INFINITY) - from;
  t.diagnostic(`at rest after ${took.toFixed(0)} ms`);
  assert.ok(took <= 2000, `rest took ${took} ms`);
  await relay.exited;

  await start(...TWO_EACH);
  const { body } = await relay.ask('state');
  // A kill takes what was counted since the last writing, and nothing that was written.
  for (const [channel, times] of moved.entries()) assert.ok(body.operations[channel] >= times);
  assert.deepEqual([body.atRest, body.fault], [true, null]);
});
