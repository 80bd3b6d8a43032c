/**
 * Laws 6 and 7 against random wirings, orders, failures and stops, with a model of its own.
 *
 * Law 6: at no instant do two sources feed one load. Law 7: without orders, the relay is at rest.
 */
import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Board, createBoard, type Load, type Wiring } from '../src/index.ts';
import {
  createFailingDriver,
  type FailingDriver,
  type Failure,
  type Step,
} from './support/failing-driver.ts';

const CHANNELS = 8;
const LEASE = Seconds(30);

/** Deals shuffled channels out to loads: some own channels, some sellers with one or two; what is left is unwired. */
const wirings: fc.Arbitrary<Wiring> = fc
  .tuple(
    fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: CHANNELS }),
    fc.array(
      fc.record({
        own: fc.integer({ min: 0, max: 2 }),
        sellers: fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([channels, shapes]) => {
    const left = [...channels];
    const loads: Load[] = [];
    for (const [index, shape] of shapes.entries()) {
      const own = left.splice(0, shape.own);
      const sellers = shape.sellers
        .map((size, seller) => ({ name: `s${seller}`, channels: left.splice(0, size) }))
        .filter((seller) => seller.channels.length > 0);
      loads.push({ name: `load ${index}`, own, sellers });
    }
    return { loads };
  });

type Command =
  | { type: 'order'; changes: [number, boolean][]; lease: boolean; wait: boolean }
  | { type: 'toSeller'; load: number; seller: number }
  | { type: 'rest' }
  | { type: 'renew'; channel: number }
  | { type: 'time'; seconds: number }
  | { type: 'fail'; failures: Failure[] }
  | { type: 'stick'; channel: number }
  | { type: 'mend' };

const orders: fc.Arbitrary<Command>[] = [
  fc.record({
    type: fc.constant('order' as const),
    changes: fc.array(fc.tuple(fc.nat(CHANNELS - 1), fc.boolean()), { maxLength: CHANNELS }),
    lease: fc.boolean(),
    wait: fc.boolean(),
  }),
  fc.record({ type: fc.constant('toSeller' as const), load: fc.nat(2), seller: fc.nat(2) }),
  fc.record({ type: fc.constant('rest' as const) }),
];
const faults: fc.Arbitrary<Command>[] = [
  fc.record({ type: fc.constant('renew' as const), channel: fc.nat(CHANNELS - 1) }),
  fc.record({ type: fc.constant('time' as const), seconds: fc.nat(40) }),
  fc.record({
    type: fc.constant('fail' as const),
    failures: fc.array(fc.constantFrom<Failure>('none', 'none', 'refuse', 'half', 'ignoreFirst'), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  fc.record({ type: fc.constant('stick' as const), channel: fc.nat(CHANNELS - 1) }),
  fc.record({ type: fc.constant('mend' as const) }),
];

/** The law's own reading of the wiring: which sources may feed a load. */
const mayFeed = (load: Load, states: readonly boolean[]): string[] => [
  ...(load.own.some((channel) => !states[channel]) ? ['own'] : []),
  ...load.sellers
    .filter((seller) => seller.channels.some((channel) => states[channel]))
    .map(({ name }) => name),
];

/** Every way in which the record breaks law 6: two sources at once, or no break between one and another. */
const broken = (wiring: Wiring, steps: readonly Step[]): string[] => {
  const found: string[] = [];
  for (const load of wiring.loads) {
    let last: string | undefined;
    let paused = true;
    for (const [index, step] of steps.entries()) {
      if (step.type === 'pause') {
        paused = true;
        continue;
      }
      const sources = mayFeed(load, step.states);
      if (sources.length > 1) found.push(`${load.name} fed by ${sources.join(' and ')} in step ${index}`);
      const [source] = sources;
      if (source === undefined) continue;
      if (last !== undefined && source !== last && !paused)
        found.push(`${load.name}: ${last} to ${source} at once in step ${index}`);
      last = source;
      paused = false;
    }
  }
  return found;
};

/** The way to a seller as a client orders it: the own source and the other sellers opened in the same order. */
const toSeller = (wiring: Wiring, command: { load: number; seller: number }): Map<number, boolean> => {
  const load = wiring.loads[command.load % wiring.loads.length];
  const seller = load?.sellers[command.seller % (load.sellers.length || 1)];
  const others = load?.sellers.filter((other) => other !== seller).flatMap((other) => other.channels) ?? [];
  return new Map([
    ...(seller?.channels ?? []).map((channel) => [channel, true] as const),
    ...others.map((channel) => [channel, false] as const),
    ...(seller ? (load?.own ?? []) : []).map((channel) => [channel, true] as const),
  ]);
};

const allOff = Array.from({ length: CHANNELS }, () => false);

/** Gives the board one command; `underWay` collects the orders that nobody waits for. */
const give = async (life: Life, command: Command, underWay: Promise<unknown>[]): Promise<void> => {
  const { board, driver, clock, wiring } = life;
  if (command.type === 'order' || command.type === 'toSeller') {
    const changes = command.type === 'order' ? new Map(command.changes) : toSeller(wiring, command);
    const order = board.order(changes, command.type === 'order' && !command.lease ? {} : { lease: LEASE });
    underWay.push(order.catch((error: unknown) => error));
    if (command.type === 'toSeller' || command.wait) await Promise.all(underWay);
  } else if (command.type === 'rest') await board.rest('test').catch((error: unknown) => error);
  else if (command.type === 'renew') board.renew([command.channel]);
  else if (command.type === 'time') await clock.sleep(Seconds(command.seconds));
  else if (command.type === 'fail') driver.failures = [...command.failures];
  else if (command.type === 'stick') driver.stuck.add(command.channel);
  else driver.stuck.clear();
};

/** One process of the relay, until it is killed or stopped. */
interface Life {
  readonly board: Board;
  readonly driver: FailingDriver;
  readonly clock: VirtualClock;
  readonly wiring: Wiring;
}

const statesNow = (driver: FailingDriver): readonly boolean[] =>
  driver.steps.findLast((step) => step.type === 'states')?.states ?? allOff;

const begin = (wiring: Wiring, states: readonly boolean[]): Life => {
  const clock = new VirtualClock({ start: Instant(0) });
  const driver = createFailingDriver(CHANNELS, new Map(states.entries()));
  return {
    board: createBoard({ driver, wiring, clock, pause: driver.pause, lease: LEASE }),
    driver,
    clock,
    wiring,
  };
};

describe('laws of the relay', () => {
  it('law 6 and 7: never two sources on one load, and rest in the end, whatever is ordered, fails or is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        wirings,
        fc.array(fc.tuple(fc.array(fc.oneof(...orders, ...faults), { maxLength: 20 }), fc.nat(40)), {
          maxLength: 2,
        }),
        fc.array(fc.oneof(...orders, ...faults), { maxLength: 25 }),
        fc.constantFrom('lease', 'stop', 'stopAtOnce'),
        async (wiring, killed, commands, ending) => {
          const steps: Step[] = [];
          let states: readonly boolean[] = allOff;
          for (const [before, turns] of killed) {
            const life = begin(wiring, states);
            const { board, driver, clock } = life;
            await clock.task(async () => {
              await board.start();
              const underWay: Promise<unknown>[] = [];
              for (const command of before) await give(life, command, underWay);
              // Somewhere in the middle of what is under way.
              for (let turn = 0; turn < turns; turn++) await Promise.resolve();
              driver.kill();
            });
            steps.push(...driver.steps);
            states = statesNow(driver);
          }
          const life = begin(wiring, states);
          const { board, driver, clock } = life;
          await clock.task(async () => {
            await board.start();
            expect(statesNow(driver)).toEqual(allOff);
            const underWay: Promise<unknown>[] = [];
            for (const command of commands) await give(life, command, underWay);
            driver.stuck.clear();
            if (ending !== 'stopAtOnce') await Promise.all(underWay);
            if (ending === 'lease') {
              // A lease, and four rounds of the longest retry: after that nobody has to have asked for rest.
              await clock.sleep(Duration(LEASE + Seconds(300)));
            } else {
              // A stop tries three times and no more.
              driver.failures = driver.failures.slice(0, 2);
              await board.stop();
            }
            driver.failures = [];
            expect(statesNow(driver)).toEqual(allOff);
            await board.stop();
            await Promise.all(underWay);
          });
          expect(broken(wiring, [...steps, ...driver.steps])).toEqual([]);
        },
      ),
      { numRuns: 4000 },
    );
  });

  it('an order is carried out whole or refused whole: the contacts end where the model does', async () => {
    await fc.assert(
      fc.asyncProperty(
        wirings,
        fc.array(fc.oneof(...orders), { maxLength: 25 }),
        async (wiring, commands) => {
          const clock = new VirtualClock({ start: Instant(0) });
          const driver = createFailingDriver(CHANNELS);
          const board = createBoard({ driver, wiring, clock, pause: driver.pause });
          await board.start();
          let model = [...allOff];
          for (const command of commands) {
            if (command.type === 'order' || command.type === 'toSeller') {
              const changes = command.type === 'order' ? new Map(command.changes) : toSeller(wiring, command);
              const wanted = model.map((on, channel) => changes.get(channel) ?? on);
              const allowed = wiring.loads.every((load) => mayFeed(load, wanted).length <= 1);
              const done = await board.order(changes).then(
                () => true,
                () => false,
              );
              expect(done).toBe(allowed);
              if (allowed) model = wanted;
            } else if (command.type === 'rest') {
              await board.rest('test');
              model = [...allOff];
            }
            expect([...board.states().values()]).toEqual(model);
          }
          await board.stop();
          expect(broken(wiring, driver.steps)).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
