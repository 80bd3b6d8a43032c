/**
 * The gateway of a meter: takes a sample of the twin every period and pushes it to its monitor, again until it is
 * acknowledged. Beside each sample it writes down what really flowed until then.
 */
import type { Sample } from '@daisee/meter';
import type { Truth } from '@daisee/sim';
import { type Clock, Duration, Instant, messageOf, Seconds, sleepOrStop, untilNext } from '@daisee/units';
import { shuffled } from '../chance.ts';
import type { Chance, MeterGateway } from '../doors.ts';
import { StageFailed } from './errors.ts';

/** A sample with the twin's truth at its instant. */
interface Witnessed {
  readonly sample: Sample;
  readonly truth: Truth;
}

/** Lab instants between which the monitor stored a sample: it was first sent, and first acknowledged. */
export interface Delivery {
  readonly sent: Instant;
  readonly acknowledged?: Instant;
}

export interface OwnedGateway extends MeterGateway {
  /** Every sample that was taken, in order. */
  readonly witnessed: readonly Witnessed[];
  /** How the sample of an instant came to the monitor; undefined before it was first sent. */
  delivery(at: Instant): Delivery | undefined;
  /** Takes one more sample now. */
  take(): void;
  /** Resolves when nothing waits to be acknowledged; false when the signal ends it before. */
  drained(signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly period: Duration;
  readonly read: (at: Instant) => Witnessed;
  /** Where samples are posted to, through the link. */
  readonly url: string;
  readonly login: string;
  readonly password: string;
}

/** Of the machine's time: it guards a real socket. */
const TIMEOUT = 4000;
const RETRY: Duration = Seconds(4);
const MOST_AT_ONCE = 500;
/** So many are held together while they are shuffled. */
const SHUFFLED = 4;

const bodyOf = ({ at, power, stateOfCharge, voltage }: Sample) => ({
  at,
  power,
  ...(stateOfCharge === undefined ? {} : { stateOfCharge }),
  ...(voltage === undefined ? {} : { voltage }),
});

export const startGateway = (options: GatewayOptions): OwnedGateway => {
  const { clock, chance, period, read, url, login, password } = options;
  const stopping = new AbortController();
  const witnessed: Witnessed[] = [];
  let waiting: Sample[] = [];
  let droppedUntil = 0;
  let lateUntil = 0;
  let doubling = 0;
  let shuffling = 0;
  let wake = new AbortController();
  const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;

  const deliveries = new Map<number, Delivery>();

  const post = async (samples: readonly Sample[]): Promise<void> => {
    for (const { at } of samples) if (!deliveries.has(at)) deliveries.set(at, { sent: clock.now() });
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(samples.map(bodyOf)),
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT), stopping.signal]),
    });
    const text = await response.text();
    if (!response.ok)
      throw new StageFailed(`The monitor answered ${response.status} to samples`, text.slice(0, 200));
  };

  const acknowledge = (sent: readonly Sample[]): void => {
    const done = new Set(sent.map(({ at }) => at));
    const acknowledged = clock.now();
    for (const at of done) deliveries.set(at, { sent: acknowledged, ...deliveries.get(at), acknowledged });
    waiting = waiting.filter(({ at }) => !done.has(at));
  };

  const flush = async (): Promise<void> => {
    if (waiting.length === 0 || clock.now() < lateUntil) return;
    if (shuffling > 0 && waiting.length < SHUFFLED) return;
    const batch = waiting.slice(0, MOST_AT_ONCE);
    const rounds = shuffling > 0 ? shuffled(batch, chance).map((sample) => [sample]) : [batch];
    for (const round of rounds) {
      await post(round);
      if (doubling > 0) await post(round);
      acknowledge(round);
    }
  };

  let trouble: string | undefined;
  const send = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        await flush();
        trouble = undefined;
      } catch (error) {
        trouble = messageOf(error instanceof Error && error.cause ? error.cause : error);
      }
      const ends = AbortSignal.any([stopping.signal, ...(trouble === undefined ? [wake.signal] : [])]);
      await sleepOrStop(clock, RETRY, ends);
    }
  };

  const take = (): void => {
    const now = clock.now();
    const taken = read(Instant(Math.ceil(now)));
    if (now < droppedUntil || taken.sample.at <= (witnessed.at(-1)?.sample.at ?? 0)) return;
    witnessed.push(taken);
    waiting.push(taken.sample);
    wake.abort();
  };

  const sample = async (): Promise<void> => {
    while (await sleepOrStop(clock, untilNext(clock.now(), period), stopping.signal)) take();
  };

  const loops = [sample(), send()];
  return {
    witnessed,
    delivery: (at) => deliveries.get(at),
    take,
    drop: (duration) => {
      droppedUntil = Math.max(droppedUntil, clock.now() + duration);
    },
    late: (duration) => {
      lateUntil = Math.max(lateUntil, clock.now() + duration);
    },
    twice: () => {
      doubling += 1;
      return () => {
        doubling -= 1;
      };
    },
    shuffled: () => {
      shuffling += 1;
      return () => {
        shuffling -= 1;
      };
    },
    get waiting() {
      return waiting.length;
    },
    drained: async (signal) => {
      while (waiting.length > 0) if (!(await sleepOrStop(clock, Duration(RETRY / 4), signal))) return false;
      return true;
    },
    close: async () => {
      stopping.abort();
      await Promise.all(loops);
    },
  };
};
