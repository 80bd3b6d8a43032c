/**
 * Laws 6 and 7 on a board whose loads hang on several drivers at once (simulated contacts, a Shelly, a Tasmota and
 * an ESPHome device, each over its own protocol), while these fail at random: refuse an order, carry it out and lose the answer, carry out
 * half of it, acknowledge and move nothing.
 */
import { DaiseeError, Duration, Seconds, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  createBoard,
  createCompositeDriver,
  createEsphomeDriver,
  createShellyDriver,
  createSimulatedDriver,
  createTasmotaDriver,
  type Load,
  ownLease,
  type RelayDriver,
} from '../src/index.ts';
import { startBroker, startEsphome, startTasmota } from './support/mqtt.ts';
import { startShelly } from './support/shelly.ts';

/** Channels 0 and 1 are simulated, 2 and 3 the Shelly's, 4 and 5 the Tasmota's, 6 and 7 the ESPHome's. Own sources have the longest leases. */
const LOADS: readonly Load[] = [
  {
    name: 'home',
    own: [2],
    sellers: [
      { name: 'east', channels: [4] },
      { name: 'west', channels: [0] },
      { name: 'north', channels: [6] },
    ],
  },
  {
    name: 'shed',
    own: [3],
    sellers: [
      { name: 'east', channels: [5] },
      { name: 'west', channels: [1] },
      { name: 'north', channels: [7] },
    ],
  },
];
const LEASE = Seconds(30);
const TIMEOUT = Seconds(20);

type Failure = 'none' | 'refuse' | 'half' | 'lost';

/** A driver whose next calls fail as `failures` says. */
const failing = (driver: RelayDriver) => {
  const broken = () =>
    new DaiseeError({ code: 'test.broken', message: 'the test broke this driver', retryable: true });
  const made = {
    ...driver,
    failures: [] as Failure[],
    write: async (states: ReadonlyMap<number, boolean>) => {
      const failure = made.failures.shift() ?? 'none';
      if (failure === 'refuse') throw broken();
      const entries = [...states];
      await driver.write(
        new Map(failure === 'half' ? entries.slice(0, Math.floor(entries.length / 2)) : entries),
      );
      if (failure !== 'none') throw broken();
    },
    read: async () => {
      const failure = made.failures.shift() ?? 'none';
      const shown = await driver.read();
      if (failure === 'none') return shown;
      // A device may answer for some of its contacts alone.
      if (failure === 'half') return shown.map((on, channel) => (channel === 0 ? on : undefined));
      throw broken();
    },
  };
  return made;
};

const failures = fc.array(fc.constantFrom<Failure>('none', 'none', 'none', 'refuse', 'half', 'lost'), {
  maxLength: 8,
});
const command = fc.oneof(
  fc.record({
    type: fc.constant('toSeller' as const),
    load: fc.nat(1),
    seller: fc.constantFrom(0, 1, 2, undefined),
  }),
  fc.record({
    type: fc.constant('order' as const),
    changes: fc.array(fc.tuple(fc.nat(7), fc.boolean()), { minLength: 1, maxLength: 8 }),
  }),
  fc.record({ type: fc.constant('rest' as const) }),
  fc.record({ type: fc.constant('fail' as const), driver: fc.nat(3), failures }),
  fc.record({ type: fc.constant('stick' as const), isStuck: fc.boolean() }),
);

/** The law's own reading: an own source feeds while it is off, a seller while it is on. */
const feeding = ({ own, sellers }: Load, states: readonly boolean[]): string[] => [
  ...(own.some((channel) => !states[channel]) ? ['own'] : []),
  ...sellers.filter(({ channels }) => channels.some((channel) => states[channel])).map(({ name }) => name),
];

/** From one source to another without a break, or two at once. */
const broken = (steps: readonly ('pause' | readonly boolean[])[]): string[] =>
  LOADS.flatMap((load) => {
    const found: string[] = [];
    let last: string | undefined;
    let paused = true;
    for (const step of steps) {
      if (step === 'pause') {
        paused = true;
        continue;
      }
      const sources = feeding(load, step);
      if (sources.length > 1) found.push(`${load.name} fed by ${sources.join(' and ')}`);
      const [source] = sources;
      if (source === undefined) continue;
      if (last !== undefined && last !== source && !paused) found.push(`${load.name}: ${last} to ${source}`);
      last = source;
      paused = false;
    }
    return found;
  });

it('laws 6 and 7 hold on a board of several drivers, whichever of them fails', {
  timeout: 240_000,
}, async () => {
  await using shelly = await startShelly();
  await using broker = await startBroker();
  await using tasmota = await startTasmota(broker.url);
  await using esphome = await startEsphome(broker.url, 'attic', ['north_1', 'north_2']);
  let steps: ('pause' | readonly boolean[])[] = [];
  const local = Array.from({ length: 2 }, () => false);
  const look = (): void => {
    steps.push([
      ...local,
      ...shelly.outputs.map(({ output }) => output),
      ...tasmota.states,
      ...esphome.states,
    ]);
  };
  shelly.onChange = look;
  tasmota.onChange = look;
  esphome.onChange = look;

  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 4, maxLength: 14 }), async (commands) => {
      steps = [];
      const parts = [
        createSimulatedDriver({
          channels: 2,
          onChange: (states) => {
            local.splice(0, 2, ...states);
            look();
          },
        }),
        createShellyDriver({
          host: shelly.host,
          timeout: TIMEOUT,
          outputs: [0, 1].map((id) => ({ id, lease: ownLease(LEASE, TIMEOUT) })),
        }),
        createTasmotaDriver({
          url: broker.url,
          topic: 'tasmota_1',
          timeout: TIMEOUT,
          outputs: [1, 2].map((number) => ({ number, lease: LEASE })),
        }),
        createEsphomeDriver({
          url: broker.url,
          topic: 'attic',
          timeout: TIMEOUT,
          outputs: ['north_1', 'north_2'].map((name) => ({ name, lease: LEASE })),
        }),
      ].map(failing);
      const board = createBoard({
        driver: createCompositeDriver(parts),
        wiring: { loads: LOADS },
        clock: systemClock,
        breakTime: Duration(5),
        pause: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          steps.push('pause');
        },
      });
      look();
      await board.start();
      for (const one of commands) {
        if (one.type === 'fail') parts[one.driver]?.failures.push(...one.failures);
        else if (one.type === 'stick') shelly.mood = one.isStuck ? 'stuck' : 'works';
        else if (one.type === 'rest') await board.rest('test').catch((error: unknown) => error);
        else {
          const load = one.type === 'toSeller' ? LOADS[one.load] : undefined;
          const chosen =
            one.type === 'toSeller' && one.seller !== undefined ? load?.sellers[one.seller] : undefined;
          const changes =
            one.type === 'order'
              ? new Map(one.changes)
              : new Map([
                  ...(load?.own ?? []).map((channel) => [channel, chosen !== undefined] as const),
                  ...(load?.sellers ?? []).flatMap((seller) =>
                    seller.channels.map((channel) => [channel, seller === chosen] as const),
                  ),
                ]);
          await board.order(changes).catch((error: unknown) => error);
        }
      }
      shelly.mood = 'works';
      for (const part of parts) part.failures.length = 0;
      await board.rest('the end');
      expect([...board.states().values()]).toEqual(Array.from({ length: 8 }, () => false));
      await board.stop();
      expect(steps.at(-1)).toEqual(Array.from({ length: 8 }, () => false));
      expect(broken(steps)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
