/** The physical side: batteries, loads and panels, and a meter at each that pushes its samples to the monitor. */
import { emptyIntegration, type Integration, integrate } from '@daisee/meter';
import { type Clock, Duration, Instant, Seconds, sleepOrStop, untilNext, Watts } from '@daisee/units';
import type { MemberPlan } from './plan.ts';

/** The sensors of the v0.2 page give a sample every 8 s. */
const PERIOD = Seconds(8);
const MAX_GAP = Seconds(3600);
const HOUR = 3_600_000;
/** Wh; with a load of some 200 W and a charger of half that, ten points last five minutes. */
const CAPACITY = 83;
const CHARGER = 100;
/** Samples that a meter sends again at most at once. */
const AT_ONCE = 500;
/** Real time after which a sample that was refused or not taken is sent again. */
const AGAIN = 200;

export interface Neighbourhood {
  start(): void;
  /** What is counted, counts from now on. */
  measure(): void;
  /** Takes no more samples; resolves when the monitor has all of them. */
  stop(): Promise<void>;
  /** The contacts of the board set, as they are now. */
  contacts(states: readonly boolean[]): void;
  /** Energy of a member, integrated from the samples that its meter took. */
  register(member: MemberPlan): bigint;
  /** How often two sources were on one load. */
  readonly twoSources: number;
  readonly samples: number;
  /** Real ms that each push took until it was acknowledged. */
  readonly pushes: readonly number[];
  readonly refused: number;
  /** The most samples that ever waited at one meter. */
  readonly mostWaiting: number;
}

export interface NeighbourhoodOptions {
  readonly members: readonly MemberPlan[];
  readonly clock: Clock;
  readonly monitor: string;
  /** `Authorization` of the meters. */
  readonly authorization: string;
}

interface TakenSample {
  readonly at: number;
  readonly power: number;
  readonly stateOfCharge?: number;
}

interface Meter {
  readonly member: MemberPlan;
  readonly index: number;
  charge: number;
  last: number;
  waiting: TakenSample[];
  integration: Integration;
}

export const createNeighbourhood = (options: NeighbourhoodOptions): Neighbourhood => {
  const { members, clock, monitor, authorization } = options;
  let states: readonly boolean[] = [];
  let twoSources = 0;
  let samples = 0;
  let refused = 0;
  let mostWaiting = 0;
  const pushes: number[] = [];
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const meters = new Map<string, Meter>(
    members.map((member, index) => [
      member.account,
      {
        member,
        index,
        // Spread out, so that not all switch at once.
        charge: CAPACITY * (0.2 + (0.1 * ((index * 37) % 100)) / 100),
        last: 0,
        waiting: [],
        integration: emptyIntegration,
      },
    ]),
  );

  /** Watts, steady within a sample's period: a load that comes and goes, or a panel under clouds. */
  const powerAt = (meter: Meter, at: number): number => {
    const wave = Math.sin(at / 60_000 + meter.index) + Math.sin(at / 17_000 + 3 * meter.index);
    return Math.round(1000 * (meter.member.seller ? 200 + 40 * wave : 500 + 60 * wave)) / 1000;
  };

  const sample = (meter: Meter, at: Instant): void => {
    const power = powerAt(meter, at);
    const { seller } = meter.member;
    let stateOfCharge: number | undefined;
    if (seller) {
      const own = states[seller.contact] !== true;
      const hours = meter.last === 0 ? 0 : (at - meter.last) / HOUR;
      const charge = meter.charge + (CHARGER - (own ? power : 0)) * hours;
      meter.charge = Math.min(CAPACITY, Math.max(0, charge));
      stateOfCharge = Math.round((1000 * meter.charge) / CAPACITY) / 10;
    }
    meter.last = at;
    meter.waiting.push({ at, power, ...(stateOfCharge === undefined ? {} : { stateOfCharge }) });
    mostWaiting = Math.max(mostWaiting, meter.waiting.length);
    samples++;
    ({ state: meter.integration } = integrate(
      meter.integration,
      { at, power: Watts(power) },
      { sign: seller ? 'load' : 'source', maxGap: MAX_GAP },
    ));
  };

  /** Sends what waits; true when the monitor has it. */
  const push = async (meter: Meter): Promise<boolean> => {
    const taken = meter.waiting.slice(0, AT_ONCE);
    const from = performance.now();
    try {
      const answer = await fetch(`${monitor}/api/v1/sensors/${meter.member.sensorId}/samples`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: authorization },
        body: JSON.stringify(taken),
        signal: AbortSignal.timeout(10_000),
      });
      await answer.arrayBuffer();
      if (!answer.ok) {
        refused++;
        return false;
      }
    } catch {
      // Not acknowledged: it is sent again, and stored once.
      refused++;
      return false;
    }
    pushes.push(performance.now() - from);
    meter.waiting = meter.waiting.slice(taken.length);
    return true;
  };

  const drain = async (meter: Meter): Promise<void> => {
    while (meter.waiting.length > 0)
      if (!(await push(meter))) await new Promise((resolve) => setTimeout(resolve, AGAIN));
  };

  const run = async (meter: Meter): Promise<void> => {
    // Each on a grid of its own: neighbours' meters do not tick together.
    const offset = Duration((meter.index * 313) % PERIOD);
    do {
      sample(meter, Instant(Math.round(clock.now())));
      await drain(meter);
    } while (await sleepOrStop(clock, untilNext(Instant(clock.now() - offset), PERIOD), stopping.signal));
    sample(meter, Instant(Math.round(clock.now())));
    await drain(meter);
  };

  return {
    start: () => {
      running = Promise.all([...meters.values()].map(run));
    },
    measure: () => {
      pushes.length = 0;
      samples = 0;
      refused = 0;
      mostWaiting = 0;
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
    contacts: (changed) => {
      states = changed;
      for (const { member } of meters.values())
        if (member.seller && changed[member.seller.contact] && !changed[member.seller.own]) twoSources++;
    },
    register: (member) => meters.get(member.account)?.integration.register ?? 0n,
    get twoSources() {
      return twoSources;
    },
    get samples() {
      return samples;
    },
    pushes,
    get refused() {
      return refused;
    },
    get mostWaiting() {
      return mostWaiting;
    },
  };
};
