/**
 * Whatever dies or hangs, the board is at rest within 2 s, by the lawful way. The lines stay driven when their holder
 * dies, as on Raspberry Pi OS, so that every fall of a pin here is somebody's deed.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { GPIOD, NO_TOOLS } from './support/gpiod.ts';
import { createHeader, keepDriven, monotonic, type TraceEvent } from './support/header.ts';
import { assertLaws, replay } from './support/laws.ts';
import {
  alive,
  ask,
  endAll,
  file,
  it,
  LOADS,
  launch,
  OPTIONS,
  PINS,
  pidsOf,
  type Relay,
  startRelay,
  stopRelay,
  TO_SELLER,
  until,
} from './support/relay.ts';

/** Starting an empty Node on a Raspberry Pi 3, ms. */
const PI_3 = 700;
/** What is due, ms. Who acts is a process that runs already: a slower machine gets no more. */
const DUE = 2000;
const header = createHeader('pi', 'pinctrl-bcm2711');
after(endAll);
afterEach(endAll);

const HIGH = new Map(PINS.map((pin) => [pin, 1]));
const SELLER = [['seller 1']];

/** Lawful, but late. */
class Late extends Error {}

/** A relay whose load is on its seller: there is something to bring to rest. */
const switched = async (): Promise<Relay> => {
  keepDriven(true);
  const relay = await startRelay();
  assert.equal(await ask(TO_SELLER), 'True');
  assert.equal(header.levels(PINS), '1111');
  return relay;
};

/** What an empty Node takes to start here and now, ms: the machine is shared, and its pace changes. */
const emptyNode = async (): Promise<number> => {
  const from = performance.now();
  await launch(['--eval', '0']).exited;
  return performance.now() - from;
};

/** How many times slower than a Raspberry Pi 3 that is. */
const stretchOf = (start: number): number => Math.max(1, start / PI_3);

/**
 * Does it, waits for rest, and asserts from the trace that it came in time and by the lawful way. Where a Node has to be
 * `started` for it, a machine that is n times slower than a Raspberry Pi 3 may take n times as long, and n is told.
 */
const endsAtRest = async (
  t: TestContext,
  deed: () => void,
  started = false,
): Promise<readonly TraceEvent[]> => {
  const before = started ? await emptyNode() : 0;
  header.clear();
  const from = monotonic();
  deed();
  await until('every pin is low', () => header.levels(PINS) === '0000', 20 * DUE);
  const trace = header.trace();
  const looks = replay(trace, HIGH, LOADS);
  const took = (looks.at(-1)?.at ?? Number.POSITIVE_INFINITY) - from;
  const slower = started ? stretchOf(Math.max(before, await emptyNode())) : 1;
  const limit = DUE * slower;
  t.diagnostic(
    `at rest after ${took.toFixed(0)} ms, the seller's contact open after ${((looks[1]?.at ?? 0) - from).toFixed(0)} ms; allowed ${limit.toFixed(0)} ms${started ? ` (starting Node takes ${slower.toFixed(2)} times what a Raspberry Pi 3 takes)` : ''}`,
  );
  assertLaws(looks, SELLER, 50);
  assert.equal(looks.length, PINS.length, 'each pin moves once');
  if (took > limit) throw new Late(`rest took ${took.toFixed(0)} ms of ${limit.toFixed(0)}`);
  return trace;
};

before(async () => {
  // Once in peace: what follows finds its compiled modules, as services do from their second start on.
  await stopRelay(await startRelay());
});

it('without anybody to act the lines stay driven: what follows is not the kernel falling to rest by itself', async () => {
  keepDriven(true);
  const { driver, ...rest } = OPTIONS;
  const relay = await startRelay({ driver: { ...driver, guard: false }, ...rest });
  assert.equal(await ask(TO_SELLER), 'True');
  relay.child.kill('SIGKILL');
  await delay(DUE * stretchOf(await emptyNode()));
  assert.equal(header.levels(PINS), '1111');
});

it('kill -9 of the service: its guards bring the board to rest and end', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => process.kill(relay.pid, 'SIGKILL'));
  await until('the guards have ended', () => !relay.guards.some(alive));
});

it('kill -9 of the guard: the service brings the board to rest, and goes on with a new guard', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => process.kill(relay.guards[0] ?? 0, 'SIGKILL'));
  assert.match(relay.said.join('\n'), /The process that guards the relay board ended \(SIGKILL\)/);
  for (let tries = 0; (await ask(TO_SELLER)) !== 'True'; tries++) {
    assert.ok(tries < 100, 'it switches again');
    await delay(100);
  }
  await endsAtRest(t, () => process.kill(relay.pid, 'SIGKILL'));
});

it('kill -9 of both, service and guard, at once: a second guard brings the board to rest', async (t) => {
  for (const index of [0, 1]) {
    const relay = await switched();
    await endsAtRest(t, () => {
      process.kill(relay.guards[index] ?? 0, 'SIGKILL');
      process.kill(relay.pid, 'SIGKILL');
    });
    await until('the guards have ended', () => !relay.guards.some(alive));
  }
});

it('kill -9 of both guards at once: the service brings the board to rest and switches nothing on without one', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => {
    for (const guard of relay.guards) process.kill(guard, 'SIGKILL');
  });
});

/** What is started for each of them, by whom, decides how long it may take. */
interface AllKilled {
  /** The folder with libgpiod's tools, where they are installed: no Node has to start. */
  readonly tools?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Kills service and guards at one instant, as systemd kills a control group, below a stand-in for it. */
const allKilled = async (
  t: TestContext,
  { tools, env = process.env }: AllKilled,
): Promise<readonly TraceEvent[]> => {
  keepDriven(true);
  const supervisor = launch(
    [file('supervisor.ts'), JSON.stringify(OPTIONS), JSON.stringify(OPTIONS.driver)],
    { env: tools ? { ...env, PATH: `${tools}:${env['PATH']}` } : env },
  );
  const said = () => supervisor.said.join('\n');
  await until('the relay listens', () => /ready guards/.test(said()));
  const service = Number(/service=(\d+)/.exec(said())?.[1]);
  const guards = pidsOf(/guards=([\d,]+)/.exec(said())?.[1] ?? '');
  assert.equal(guards.length, 2);
  assert.equal(await ask(TO_SELLER), 'True');
  const before = said().length;
  const trace = await endsAtRest(
    t,
    () => {
      for (const guard of guards) process.kill(guard, 'SIGKILL');
      process.kill(service, 'SIGKILL');
    },
    tools === undefined,
  );
  await until('it says so', () =>
    (tools ? /set to rest by gpioset/ : /at rest; channels [\d, ]+ were on/).test(said().slice(before)),
  );
  return trace;
};

for (const { version, tools } of GPIOD)
  it(`kill -9 of all at once: what runs after the service (ExecStopPost) brings the board to rest, by gpioset ${version}`, async (t) => {
    if (tools === '') return t.skip(NO_TOOLS);
    const trace = await allKilled(t, { tools });
    // The tools of 2.x look at the sellers' pins before the own source closes. Those of 1.6 cannot.
    // A service that was killed a moment after its guards may have begun to rest, and read back: they are the last to act.
    const lastSet = (pin: number, events: readonly TraceEvent[]) =>
      events.findLastIndex((event) => event.pin === pin && event.what === 'set');
    const closing = lastSet(17, trace);
    const opening = lastSet(22, trace.slice(0, closing));
    assert.ok(opening >= 0);
    const between = trace.slice(opening, closing).filter(({ what }) => what === 'get');
    assert.deepEqual(
      between.map(({ pin, level }) => [pin, level]),
      version === '1.6'
        ? []
        : [
            [27, 0],
            [22, 0],
          ],
    );
    assert.deepEqual(
      trace.filter(({ what }) => what === 'in'),
      [],
    );
  });

/**
 * Where a Node has to start first: what else this machine does in that second counts too, so that it has three tries.
 * Each of them must be lawful.
 */
const allKilledWithoutTools = async (t: TestContext): Promise<void> => {
  for (let tries = 1; ; tries++)
    try {
      await allKilled(t, {});
      return;
    } catch (error) {
      if (!(error instanceof Late) || tries === 3) throw error;
      await endAll();
    }
};

it("the same without libgpiod's tools: a Node that starts for it does", allKilledWithoutTools);

// Services do not come to this: what runs before them is what runs after them, and leaves its compiled modules. What a
// busy machine takes to compile says nothing of a board, so it is told how long it took, and only the way is asserted.
it('the same where nothing compiled was kept, however long it takes to compile', async (t) => {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  try {
    await allKilled(t, { env });
  } catch (error) {
    if (!(error instanceof Late)) throw error;
    await endAll();
  }
});

it('a stopped service (SIGSTOP): the guard kills it and brings the board to rest', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => process.kill(relay.pid, 'SIGSTOP'));
  await relay.exited;
  assert.equal(relay.child.signalCode, 'SIGKILL');
  const told = () => relay.said.join('\n');
  await until('the guards have said so', () => told().includes('hung') && told().includes('were on'));
  // Of the two guards one kills, and either may be first at the pins: the other finds them at rest.
  assert.match(told(), /hung for \d\.\d s and was killed; the board is at rest/);
  assert.match(told(), /the board is at rest \(channels 0, 1, 2, 3 were on\)/);
});

it('an event loop that hangs: the guard kills the service and brings the board to rest', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => process.kill(relay.pid, 'SIGUSR2'));
  await relay.exited;
});

it('a guard that hangs is found out: the board rests and gets a new guard', async (t) => {
  const relay = await switched();
  await endsAtRest(t, () => process.kill(relay.guards[0] ?? 0, 'SIGSTOP'));
  await until('the hung one has ended', () => !alive(relay.guards[0] ?? 0));
});

it('kill -9 in the break between two sources leaves the load with its own', async () => {
  keepDriven(true);
  const relay = await startRelay({ ...OPTIONS, breakTime: 1500 });
  header.clear();
  ask(TO_SELLER).catch(() => undefined);
  await until('the own source is open', () => header.levels(PINS) === '1100');
  process.kill(relay.pid, 'SIGKILL');
  await until('every pin is low', () => header.levels(PINS) === '0000');
  assertLaws(replay(header.trace(), new Map(PINS.map((pin) => [pin, 0])), LOADS), [['own']], 50);
});

it('where the kernel lets go of the lines (mainline), a killed service ends at rest as well', async () => {
  const relay = await switched();
  keepDriven(false);
  process.kill(relay.pid, 'SIGKILL');
  await until('every pin is low', () => header.levels(PINS) === '0000');
  await until('the guards have ended', () => !relay.guards.some(alive));
  assert.equal(header.levels(PINS), '0000');
});

it('an ordinary stop ends the guards too, also when they are told to stop with the service', async () => {
  const relay = await switched();
  for (const guard of relay.guards) process.kill(guard, 'SIGTERM');
  await stopRelay(relay);
  await until('the guards have ended', () => !relay.guards.some(alive));
  assert.equal(header.levels(PINS), '0000');
  assert.doesNotMatch(relay.said.join('\n'), /restFailed|is gone|hung/);
});
