/** Takes samples from the monitor into the books on disk, each once, and none before it is known whose they are. */
import type { Address } from '@daisee/chain';
import type { IntegrationRule, Sample } from '@daisee/meter';
import {
  type Clock,
  createRhythm,
  DaiseeError,
  Duration,
  type Energy,
  Instant,
  type Percent,
  type Register,
} from '@daisee/units';
import { attribute } from './books.ts';
import type { AgentEvent } from './events.ts';
import type { AgentMonitor, SensorRule } from './ports.ts';
import type { Freshness } from './situation.ts';
import type { AgentStore } from './store.ts';
import { AgentStoreError } from './store-row.ts';
import type { Troubles } from './troubles.ts';

/** The monitor answers and has no current sample. */
class NoSamples extends DaiseeError {
  constructor(since: Instant) {
    super({
      code: 'agent.no-samples',
      message: `The monitor has no sample since ${new Date(since).toISOString()}. Check its sensor; what is not measured is not booked.`,
      retryable: true,
      values: { since },
    });
  }
}

/** A monitor asked for a long time at once answers slowly or not at all: longer absences are fetched in windows. */
const WINDOW: Duration = Duration(6 * 3_600_000);
/** Differences between the clocks below this are the network's. */
const SKEW_NOTICED = 500;

/** The monitor's clock: samples carry its instants, and so does everything that they are shared out by. */
export interface MonitorTime {
  readonly now: () => Instant;
  /** Asks the monitor how its clock differs from ours. */
  readonly measure: () => Promise<void>;
}

export const createMonitorTime = (clock: Clock, monitor: AgentMonitor): MonitorTime => {
  let skew = 0;
  return {
    now: () => Instant(clock.now() + skew),
    measure: async () => {
      const asked = clock.now();
      const there = await monitor.time();
      const answered = clock.now();
      const difference = there - (asked + answered) / 2;
      // It read its clock at some instant between the two: an answer that took long (a slow network, a machine that was
      // suspended) says no more than that.
      const doubt = Math.abs(answered - asked) / 2;
      if (Math.abs(difference - skew) <= doubt) return;
      skew = Math.abs(difference) < SKEW_NOTICED + doubt ? 0 : difference;
    },
  };
};

export interface Metering {
  /**
   * Fetches and books what is new. A monitor that fails is told of, and nothing is lost by it.
   * @throws AgentStoreError
   */
  readonly collect: () => Promise<void>;
  /** The newest state of charge that came with a sample. */
  readonly charge: () => { readonly at: Instant; readonly value: Percent } | undefined;
  /** How old the newest sample, or the newest state of charge with one, was when the monitor was last asked. */
  readonly measured: (what: 'power' | 'charge') => Freshness;
}

export interface MeteringOptions {
  readonly time: MonitorTime;
  readonly monitor: AgentMonitor;
  readonly store: AgentStore;
  readonly rule: IntegrationRule;
  readonly onEnergy: (at: Instant, origin: Address, energy: Energy, register: Register) => void;
  readonly emit: (event: AgentEvent) => void;
  readonly troubles: Troubles;
  /** False: the state of charge is none of its business. */
  readonly withCharge: boolean;
}

const ruleWith = (rule: IntegrationRule, { counter, reports }: SensorRule = {}): IntegrationRule => ({
  ...rule,
  ...(counter ? { counter } : {}),
  holds: reports === 'change',
});

export const createMetering = (options: MeteringOptions): Metering => {
  const { time, monitor, store, rule, emit, troubles } = options;
  let charge: { readonly at: Instant; readonly value: Percent } | undefined;

  const rhythms = { power: createRhythm(), charge: createRhythm() };
  let askedAt: Instant | undefined;

  const noticeRhythm = (samples: readonly Sample[]): void => {
    for (const { at, stateOfCharge } of samples) {
      rhythms.power.add(at);
      if (stateOfCharge !== undefined) rhythms.charge.add(at);
    }
  };

  const noticeCharge = (samples: readonly Sample[]): void => {
    const newest = samples.findLast((sample) => sample.stateOfCharge !== undefined);
    if (newest?.stateOfCharge === undefined || (charge && newest.at <= charge.at)) return;
    charge = { at: newest.at, value: newest.stateOfCharge };
    emit({ type: 'soc', at: newest.at, stateOfCharge: newest.stateOfCharge });
  };

  /** As the monitor counts; asked for anew after it was away. */
  let counting: SensorRule | undefined;
  const askRule = async (): Promise<void> => {
    counting ??= (await monitor.rule?.()) ?? {};
  };

  const book = (samples: readonly Sample[]): void => {
    const kept = store.kept();
    const rule = ruleWith(options.rule, counting);
    const { books, gaps, added } = attribute(kept.books, samples, kept.journal, rule, kept.order?.at);
    const last = books.integration.last;
    if (!last || last.at === kept.books.integration.last?.at) return;
    store.commit({ books, gaps });
    for (const { from, to } of gaps) emit({ type: 'gap', at: time.now(), from, to });
    for (const [origin, energy] of added) {
      const total = books.totals.get(origin);
      if (total) options.onEnergy(last.at, origin, energy, total.register);
    }
  };

  const fetch = async (): Promise<void> => {
    await time.measure();
    await askRule();
    askedAt = time.now();
    const end = askedAt + 1;
    const { books, since } = store.kept();
    for (let from = books.integration.last?.at ?? since; from < end; from = Instant(from + WINDOW)) {
      const samples = await monitor.samples(from, Instant(Math.min(from + WINDOW, end)));
      const ordered = samples.toSorted((a, b) => a.at - b.at);
      noticeRhythm(ordered);
      if (options.withCharge) noticeCharge(ordered);
      book(ordered);
    }
  };

  return {
    charge: () => charge,
    measured: (what) => {
      const at = what === 'charge' ? charge?.at : store.kept().books.integration.last?.at;
      // A sensor that speaks at changes only says by its silence that nothing has changed.
      const holds = what === 'power' && counting?.reports === 'change';
      return {
        age: at === undefined || askedAt === undefined ? undefined : Duration(askedAt - at),
        interval: holds ? rule.maxGap : rhythms[what].interval(),
      };
    },
    collect: async () => {
      try {
        await fetch();
      } catch (error) {
        if (error instanceof AgentStoreError) throw error;
        counting = undefined;
        troubles.begin('monitor', error);
        return;
      }
      troubles.end('monitor');
      const { books, since } = store.kept();
      const newest = books.integration.last?.at ?? since;
      if (time.now() - newest > rule.maxGap) troubles.begin('samples', new NoSamples(newest));
      else troubles.end('samples');
    },
  };
};
