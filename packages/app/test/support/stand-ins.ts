/** What stands in for the App's neighbours where a test is not about them. */
import { type Clock, Energy, Instant, Percent, SleepAborted, Watts } from '@daisee/units';
import type { NodeSettings } from '../../src/api.ts';
import type { AppAgent, AppHistory, AppLedger, AppMonitor, Trouble } from '../../src/view/ports.ts';

/** A meter that always shows 100 W. */
export const steadyMonitor = (clock: Clock): AppMonitor => ({
  latest: async () => ({ at: clock.now(), power: Watts(100), stateOfCharge: Percent(42), voltage: 3.7 }),
  powerBySteps: async (from, to, step) =>
    Array.from({ length: Math.ceil((to - from) / step) }, () => Watts(100)),
  energyBySteps: async (from, to, step) => {
    const length = step === 'PT1H' ? 3_600_000 : 24 * 3_600_000;
    return Array.from({ length: Math.ceil((to - from) / length) }, (_, i) => ({
      from: Instant(from + i * length),
      to: Instant(Math.min(to, from + (i + 1) * length)),
      energy: Energy(100_000_000n),
    }));
  },
});

export interface ToldAgent extends AppAgent {
  readonly told: unknown[];
  readonly wrong: Trouble[];
}

/** An agent that does as it is told and remembers it. */
export const tellableAgent = (clock: Clock, settings: NodeSettings): ToldAgent => {
  const told: unknown[] = [];
  const wrong: Trouble[] = [];
  let now = settings;
  let until: number | undefined;
  return {
    told,
    wrong,
    troubles: () => wrong,
    settings: () => now,
    change: async (changes) => {
      told.push(changes);
      now = { ...now, ...changes };
      return now;
    },
    ownSource: async (minutes) => {
      told.push(minutes);
      until = minutes === 0 ? undefined : clock.now() + minutes * 60_000;
      return until === undefined ? {} : { until };
    },
    held: () => (until === undefined ? {} : { until }),
    sources: () => [{ at: Instant(0), source: 'own' }],
    lastSwitch: () => undefined,
  };
};

/** A ledger that nobody asks anything but where it is. */
export const quietLedger = (): AppLedger =>
  ({
    exchange: '0x0000000000000000000000000000000000000001',
    coin: '0x0000000000000000000000000000000000000002',
    chainId: 7,
  }) as unknown as AppLedger;

export const emptyHistory = (): AppHistory => ({
  page: () => [],
  count: () => 0,
  flows: () => [],
  produced: () => new Map(),
  nextBlock: undefined,
});

/** A clock that a test moves by hand. */
export interface HandClock extends Clock {
  pass(duration: number): Promise<void>;
}

/** Resolves when all that could run at once has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const handClock = (start = 1_700_000_000_000): HandClock => {
  let now = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => Instant(now),
    sleep: (duration, signal) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new SleepAborted());
        if (signal?.aborted) return fail();
        sleepers.push({ at: now + duration, wake: resolve });
        signal?.addEventListener('abort', fail, { once: true });
      }),
    task: (work) => work(),
    aside: (wait) => wait(),
    pass: async (duration) => {
      now += duration;
      const due = sleepers.filter(({ at }) => at <= now);
      sleepers = sleepers.filter(({ at }) => at > now);
      for (const { wake } of due) wake();
      await settled();
      await settled();
    },
  };
};
