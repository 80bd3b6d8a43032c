import { type Duration, Energy, type Instant, Seconds, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { inHand } from '../src/thresholds.ts';
import { createLab, type Lab, NODE, SELLER_1, SELLER_2, START } from './world/lab.ts';

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.end();
  lab = undefined;
});

const RUNS = Number(process.env['DAISEE_RUNS'] ?? 10);
const HOUR = 3_600_000;
const SAMPLING = 8000;
const LIFE = Seconds(2.5 * 3600);
const SELLERS = [SELLER_1, SELLER_2];

/** A new level each ten minutes, in watts and coins. */
interface Weather {
  readonly loads: readonly number[];
  readonly suns: readonly (readonly number[])[];
  readonly prices: readonly (readonly number[])[];
}
interface Story extends Weather {
  readonly delta: number;
  readonly charger: number;
  readonly charge: number;
  readonly blockTime: number;
  readonly budget: number | undefined;
  /** Minutes at which the meter falls silent, and for how many seconds. */
  readonly silences: readonly { readonly minute: number; readonly seconds: number }[];
}

const levels = (most: number) => fc.array(fc.integer({ min: 0, max: most }), { minLength: 1, maxLength: 15 });
const stories: fc.Arbitrary<Story> = fc.record({
  loads: fc.array(fc.constantFrom(15, 60, 150, 400, 1200, 3000), { minLength: 1, maxLength: 15 }),
  suns: fc.tuple(levels(300), levels(3000)),
  prices: fc.tuple(levels(3), levels(3)),
  delta: fc.constantFrom(2, 10, 40, 200),
  charger: fc.constantFrom(0, 50, 300),
  charge: fc.integer({ min: 5, max: 35 }),
  blockTime: fc.constantFrom(3, 5, 17),
  budget: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
  silences: fc.array(
    fc.record({ minute: fc.integer({ min: 1, max: 140 }), seconds: fc.integer({ min: 20, max: 200 }) }),
    { maxLength: 4 },
  ),
});

const levelAt = (all: readonly number[], at: Instant): number =>
  all[Math.floor((at - START) / 600_000) % all.length] ?? 0;

/** What was in hand of all sellers, and how old the newest sample was, whenever something was ordered or mined. */
interface Bought {
  readonly energy: bigint;
  readonly held: bigint;
  /** Ordered; else mined. */
  readonly isOrder: boolean;
  readonly age: number;
  readonly power: number;
  readonly onOwn: boolean;
}

const live = async (story: Story): Promise<{ here: Lab; bought: readonly Bought[]; peak: number }> => {
  const load = (at: Instant) => levelAt(story.loads, at);
  const here = createLab({
    load,
    blockTime: Seconds(story.blockTime),
    battery: { wattHours: 300, charge: story.charge, charger: story.charger },
    settings: {
      delta: wattHours(story.delta),
      ...(story.budget === undefined ? {} : { budgetPerDay: wattHours(story.budget) as bigint as never }),
    },
  });
  lab = here;
  for (const seller of SELLERS) here.ledger.nodeOf(seller).produced = 0n;
  here.ledger.nodeOf(NODE).balance = 10n ** 12n;
  const bought: Bought[] = [];
  /** Samples that the agent may see: none of a silence. */
  const isSilent = (at: Instant): boolean =>
    story.silences.some(({ minute, seconds }) => {
      const since = at - START - minute * 60_000;
      return since >= 0 && since < seconds * 1000;
    });
  const visible = () => here.samples.filter(({ at }) => !isSilent(at));
  const monitor = {
    ...here.monitor,
    samples: async (from: Instant, to: Instant) =>
      (await here.monitor.samples(from, to)).filter(({ at }) => !isSilent(at)),
  };
  const weather = here.clock.task(async () => {
    for (let second = 0; second < LIFE / 1000; second += 10) {
      for (const [index, seller] of SELLERS.entries()) {
        const node = here.ledger.nodeOf(seller);
        const watts = levelAt(story.suns[index] ?? [], here.clock.now());
        node.produced += BigInt(Math.round((watts * 10_000) / 3.6));
        node.price = BigInt(levelAt(story.prices[index] ?? [], here.clock.now())) * 500_000n;
      }
      await here.clock.sleep(Seconds(10));
    }
  });
  const agent = here.consumer({
    monitor,
    onEvent: (event) => {
      here.events.push(event);
      if (event.type !== 'buying' && event.type !== 'bought') return;
      const purchased = new Map(
        SELLERS.map((one) => [one, Energy(here.ledger.tradeOf(NODE, one).purchased)]),
      );
      const registers = new Map(
        SELLERS.map((one) => [one, here.ledger.tradeOf(NODE, one).consumed as never]),
      );
      const last = visible().at(-1);
      bought.push({
        energy: event.energy,
        held: inHand({ purchased, registers }, SELLERS),
        isOrder: event.type === 'buying',
        age: last ? here.clock.now() - last.at : Number.POSITIVE_INFINITY,
        // It decided some blocks ago: its report came first.
        power: Math.min(
          ...visible()
            .filter(({ at }) => at >= here.clock.now() - 16_000 - 4000 * story.blockTime)
            .map(({ power }) => power),
        ),
        onOwn: event.type === 'buying' && here.source() === 'own',
      });
    },
  });
  await agent.start();
  await here.pass(LIFE);
  await agent.stop(here.stopped);
  await weather;
  return { here, bought, peak: Math.max(...story.loads) };
};

/** The most changes of source in any hour. */
const mostInAnHour = (here: Lab): number => {
  const at = here.wire.slice(1).map((turn) => turn.at);
  return Math.max(0, ...at.map((first) => at.filter((one) => one >= first && one < first + HOUR).length));
};

const wh = (power: number, time: Duration | number): number => (power * time) / 3.6;

describe('whatever sellers, prices, weather and load', () => {
  it(
    'it switches at most twelve times in any hour, buys only what is worth it, never on an old sample, and never hoards',
    () =>
      fc.assert(
        fc.asyncProperty(stories, async (story) => {
          const { here, bought, peak } = await live(story);
          try {
            expect(mostInAnHour(here)).toBeLessThanOrEqual(12);
            const delta = story.delta * 1e6;
            // A small delta is exceeded only by what it takes to wait for the next two purchases, and by what is left with
            // another seller and too little to go there.
            const mined = Math.max(8, 2 * story.blockTime + 1);
            const waits = wh(peak, (24 + 2 * (8 + 3 * mined) + 24 + 30) * 1000);
            for (const one of bought) {
              // It looks once a period, and orders between two looks.
              if (one.isOrder) expect(one.age, 'age of the sample, ms').toBeLessThan(3 * SAMPLING);
              expect(Number(one.held), 'in hand, µWh').toBeLessThanOrEqual(Math.max(delta, waits));
              expect(Number(one.energy)).toBeLessThanOrEqual(Math.max(delta, waits));
              if (!one.onOwn || story.budget !== undefined) continue;
              // A switch is worth a stay of ten minutes, a quarter of delta at least, or all of it.
              const worth = Math.min(delta, Math.max(delta / 4, wh(one.power, 600_000)));
              expect(Number(one.energy + one.held) + 1, 'worth a switch, µWh').toBeGreaterThanOrEqual(worth);
            }
          } finally {
            await here.end();
            lab = undefined;
          }
        }),
        { numRuns: RUNS },
      ),
    120_000 + 20_000 * RUNS,
  );
});
