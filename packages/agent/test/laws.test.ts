import { Duration, type Instant, Seconds } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createLife } from './world/faults.ts';
import {
  createLab,
  type Lab,
  type MonitorMood,
  NODE,
  type RelayMood,
  SELLER_1,
  SELLER_2,
  START,
} from './world/lab.ts';

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.end();
  lab = undefined;
});

type Trouble =
  | { readonly where: 'relay'; readonly mood: RelayMood }
  | { readonly where: 'monitor'; readonly mood: MonitorMood }
  | { readonly where: 'chain' };

interface Story {
  readonly loads: readonly number[];
  readonly charger: number;
  readonly blockTime: number;
  readonly patient: boolean;
  /** Lives that end at a step, and how long nobody is there then. */
  readonly lives: readonly { readonly steps: number; readonly away: number }[];
  readonly troubles: readonly { readonly from: number; readonly lasts: number; readonly what: Trouble }[];
  /** Seconds at which the relay falls to rest by itself. */
  readonly falls: readonly number[];
}

const RUNS = 30;
const LIFE = 400;
const SETTLED = 500;

const moods = fc.oneof(
  fc.record({
    where: fc.constant('relay' as const),
    mood: fc.constantFrom<RelayMood>('unreachable', 'loses-acknowledgement', 'refuses', 'lies'),
  }),
  fc.record({
    where: fc.constant('monitor' as const),
    mood: fc.constantFrom<MonitorMood>('unreachable', 'refuses-login', 'silent'),
  }),
  fc.record({ where: fc.constant('chain' as const) }),
);
const storyShape = {
  loads: fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 12 }),
  charger: fc.constantFrom(0, 100),
  blockTime: fc.constantFrom(3, 5, 17, 40),
  patient: fc.boolean(),
  lives: fc.array(
    fc.record({ steps: fc.integer({ min: 1, max: 900 }), away: fc.integer({ min: 0, max: 90 }) }),
    {
      maxLength: 4,
    },
  ),
  troubles: fc.array(
    fc.record({
      from: fc.integer({ min: 0, max: 1600 }),
      lasts: fc.integer({ min: 1, max: 150 }),
      what: moods,
    }),
    { maxLength: 5 },
  ),
  falls: fc.constant<readonly number[]>([]),
};
const stories: fc.Arbitrary<Story> = fc.record(storyShape);
const calmStories: fc.Arbitrary<Story> = fc.record({
  ...storyShape,
  loads: fc.array(fc.integer({ min: 150, max: 450 }), { minLength: 1, maxLength: 12 }),
  blockTime: fc.constantFrom(3, 5),
  lives: fc.constant([]),
  troubles: fc.constant([]),
});
const fallingStories: fc.Arbitrary<Story> = fc.record({
  ...storyShape,
  falls: fc.array(fc.integer({ min: 30, max: 1600 }), { minLength: 1, maxLength: 6 }),
});

/** Lives the story, then a last life without trouble, stopped in good order; returns where the last life had got to. */
const live = async (story: Story): Promise<Lab> => {
  // A step function with ramps in between, a new level each minute.
  const load = (at: Instant) => story.loads[Math.floor((at - START) / 60_000) % story.loads.length] ?? 0;
  const here = createLab({
    load,
    blockTime: Seconds(story.blockTime),
    battery: { wattHours: 100, charge: 22, charger: story.charger },
  });
  lab = here;
  const { clock } = here;
  const quiet = new AbortController();
  const troubles = story.troubles.map(({ from, lasts, what }) =>
    clock.task(async () => {
      await clock.sleep(Seconds(from));
      if (quiet.signal.aborted) return;
      if (what.where === 'chain') here.ledger.setDown(true);
      else if (what.where === 'relay') here.moods.relay = what.mood;
      else here.moods.monitor = what.mood;
      await clock.sleep(Seconds(lasts));
      if (quiet.signal.aborted) return;
      if (what.where === 'chain') here.ledger.setDown(false);
      else here.moods[what.where] = 'works';
    }),
  );
  const falls = story.falls.map((at) =>
    clock.task(async () => {
      await clock.sleep(Seconds(at));
      if (quiet.signal.aborted) return;
      here.apply(new Map([2, 3, 4, 5, 0, 1].map((channel) => [channel, false])));
    }),
  );
  const failures: unknown[] = [];
  for (const { steps, away } of story.lives) {
    const life = createLife(clock, steps);
    here
      .consumer({}, life, story.patient)
      .start()
      .catch((error: unknown) => failures.push(error));
    await clock.task(async () => {
      for (let seconds = 0; seconds < LIFE && !life.isDead; seconds++) await clock.sleep(Seconds(1));
    });
    life.kill();
    await here.pass(Seconds(away));
  }
  quiet.abort();
  here.moods.relay = 'works';
  here.moods.monitor = 'works';
  here.ledger.setDown(false);
  const agent = here.consumer({}, undefined, story.patient);
  await agent.start();
  await here.pass(Seconds(SETTLED));
  // So many lives and falls may have used up the switches of an hour: it goes on when that is over.
  const isWaiting = () =>
    here.told.at(-1)?.findLast((event) => 'area' in event && event.area === 'wear')?.type === 'trouble';
  if (isWaiting()) await here.pass(Seconds(3600));
  // Law 8: it ends where it would be without all that.
  const charge = here.charge();
  if (charge < here.rules.limit - 1) expect(here.source()).not.toBe('own');
  if (charge >= 31) expect(here.source()).toBe('own');
  await agent.stop({ ...here.stopped, limit: Duration(10 * story.blockTime * 1000) });
  await Promise.all([...troubles, ...falls]);
  expect(failures).toEqual([]);
  return here;
};

const booksOf = (here: Lab) =>
  [
    [here.ledger.nodeOf(NODE).ownUse, here.truth('own')],
    [here.ledger.tradeOf(NODE, SELLER_1).consumed, here.truth(SELLER_1)],
    [here.ledger.tradeOf(NODE, SELLER_2).consumed, here.truth(SELLER_2)],
  ] as const;

const expectLaws = (here: Lab): void => {
  // Law 2: nothing is sold that was not produced; no need is bought for twice.
  for (const seller of [SELLER_1, SELLER_2]) {
    const { sold, produced } = here.ledger.nodeOf(seller);
    expect(sold <= produced).toBe(true);
  }
  for (const { intent, before, seller } of here.ledger.purchases)
    expect(intent).toBe(`energy from ${seller} beyond ${before} µWh`);
  // Law 7, and nothing pending.
  expect([...here.states.values()].some((on) => on)).toBe(false);
  expect(here.ledger.history.every((one) => one.outcome !== undefined)).toBe(true);
  // No trouble is said again while it lasts.
  for (const events of here.told) {
    const open = new Map<string, string>();
    for (const event of events) {
      if (event.type === 'trouble') {
        expect(open.get(event.area), 'the same trouble said twice').not.toBe(event.code);
        open.set(event.area, event.code);
      } else if (event.type === 'recovered') open.delete(event.area);
    }
  }
};

describe('whatever the load, however often it is killed and at whatever await, whatever fails meanwhile', () => {
  const check = (all: fc.Arbitrary<Story>, law: (here: Lab) => void) =>
    fc.assert(
      fc.asyncProperty(all, async (story) => {
        const here = await live(story);
        try {
          law(here);
          expectLaws(here);
        } finally {
          await here.end();
          lab = undefined;
        }
      }),
      { numRuns: RUNS },
    );

  it(
    'registers are what each wire carried within 1 µWh, no need is paid for twice, and the relay ends at rest',
    () =>
      check(stories, (here) => {
        for (const [books, truth] of booksOf(here))
          expect(Math.abs(Number(books) - truth)).toBeLessThanOrEqual(1);
      }),
    120_000,
  );

  it(
    'with a relay that falls to rest unseen their sum is still the integral',
    () =>
      check(fallingStories, (here) => {
        const books = booksOf(here).reduce((sum, [register]) => sum + Number(register), 0);
        const truth = booksOf(here).reduce((sum, [, carried]) => sum + carried, 0);
        expect(Math.abs(books - truth)).toBeLessThanOrEqual(3);
      }),
    120_000,
  );

  it(
    'without trouble nothing is drawn that is not paid for',
    () =>
      check(calmStories, (here) => {
        expect(here.ledger.overdrafts).toEqual([]);
        expect(here.drewUnpaid).toBeLessThanOrEqual(1);
      }),
    120_000,
  );
});
