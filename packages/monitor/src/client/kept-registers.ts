/**
 * Registers made of a monitor's samples, for a monitor that keeps none for others (v0.2's, and 0.3.0's): a store of our
 * own, which takes the samples in as they can be fetched, and is marked as a monitor's is.
 *
 * Samples are asked for by their instants, and a monitor's clock may be set on and back. So each window begins before
 * everything that can be new since the last one, by a time that only goes on; what is there already is repeated.
 */
import type { SignRule } from '@daisee/meter';
import { type Clock, Duration, Instant, Seconds, steadyNow } from '@daisee/units';
import { createSensorTime, JITTER } from '../sensor-time.ts';
import { openStore } from '../store/sqlite-store.ts';
import type { MonitorStore } from '../store/store.ts';
import type { MonitorClient, SensorStanding } from './monitor-client.ts';

export interface KeptRegistersOptions {
  /** Where its samples come from. */
  readonly monitor: Pick<MonitorClient, 'time' | 'samples' | 'rule'>;
  readonly clock: Clock;
  /** The file; made when it is not there. */
  readonly file: string;
  /** How the sensor counts; a v0.2 monitor does not say. */
  readonly sign: SignRule;
  /** The longest time between two samples that is bridged; the store's own if absent. */
  readonly maxGap?: Duration | undefined;
}

export interface KeptRegisters extends Pick<MonitorClient, 'mark' | 'marks'> {
  readonly standing: (question: Parameters<MonitorClient['standing']>[0]) => Promise<SensorStanding>;
  readonly close: () => void;
}

/** A monitor asked for a long time at once answers slowly or not at all: longer absences are fetched in windows, which grow while they are empty. */
const WINDOW = Seconds(6 * 3600);
/** What is asked for again each time: samples that were on their way. */
const OVERLAP = Seconds(60);
/** The same after a start, when it is not known how long ago the last question was. */
const FIRST_OVERLAP = Seconds(3600);
/** How far back the first question goes, so that the stretch in which the books begin is whole. */
const LOOK_BACK = Seconds(15 * 60);
/** Differences between the clocks below this are the network's. */
const SKEW_NOTICED = 500;
/** How often old samples are made fewer, and from what age on: by minutes, by quarters. */
const THIN_EACH = Seconds(3600);
const THINNED = [
  { span: Seconds(60), after: Seconds(2 * 86_400) },
  { span: Seconds(900), after: Seconds(14 * 86_400) },
] as const;
/** A mark that is not there yet, and a time that no sample has. */
const NO_MARK = Number.MAX_SAFE_INTEGER;
const LAST_INSTANT = Instant(Number.MAX_SAFE_INTEGER);
/** The only sensor of such a store. */
const SENSOR = 'the samples of a monitor';

export const openKeptRegisters = ({
  monitor,
  clock,
  file,
  sign,
  maxGap,
}: KeptRegistersOptions): KeptRegisters => {
  const store: MonitorStore = openStore({ file, survives: 'process', ...(maxGap ? { maxGap } : {}) });
  const { id } = store.addSensor({ name: SENSOR, sign });
  /** By how much the monitor's clock is ahead of the steady time. */
  let ahead: number | undefined;
  const there = (): Instant => (ahead === undefined ? clock.now() : Instant(steadyNow(clock) + ahead));
  const sensorTime = createSensorTime({ now: there, monotonic: () => steadyNow(clock) });
  let looked: number | undefined;
  let thinned = steadyNow(clock);
  let begin: Instant | undefined;

  const askTime = async (): Promise<void> => {
    const asked = steadyNow(clock);
    const said = await monitor.time();
    const answered = steadyNow(clock);
    // It read its clock at some instant between the two: an answer that took long says no more than that.
    const doubt = (answered - asked) / 2;
    const difference = said - (asked + answered) / 2;
    if (ahead !== undefined && Math.abs(difference - ahead) <= doubt) return;
    const own = clock.now() - steadyNow(clock);
    ahead = Math.abs(difference - own) < SKEW_NOTICED + doubt ? own : difference;
  };

  const thin = (): void => {
    if (steadyNow(clock) - thinned < THIN_EACH) return;
    thinned = steadyNow(clock);
    for (const { span, after } of THINNED) while (!store.thin(id, span, Instant(there() - after)).done);
  };

  const endOf = (): Instant | undefined =>
    store.standing(id, { after: 0, firstMark: NO_MARK, until: LAST_INSTANT }).end?.at;

  /** True when there was a sample. */
  const fetchWindow = async (from: number, to: number): Promise<boolean> => {
    const samples = await monitor.samples(Instant(from), Instant(to));
    const { samples: news } = store.append(id, samples);
    const newest = news.at(-1);
    if (newest) sensorTime.arrived(id, newest.at);
    return samples.length > 0;
  };

  const fetch = async (): Promise<void> => {
    if (looked === undefined) store.addSensor({ name: SENSOR, sign, ...(await monitor.rule()) });
    await askTime();
    const now = steadyNow(clock);
    const last = endOf();
    const since = looked === undefined ? FIRST_OVERLAP : now - looked + OVERLAP;
    const from =
      last === undefined
        ? (begin ?? there() - LOOK_BACK)
        : Math.min(last - OVERLAP, there() - since, begin ?? last);
    const to = there() + OVERLAP;
    for (let start = from, window = WINDOW; start < to; start += window)
      window = (await fetchWindow(start, Math.min(start + window, to))) ? WINDOW : Duration(2 * window);
    looked = now;
    begin = undefined;
    thin();
  };

  const ageOf = (now: Instant, at: Instant): Duration => Duration(Math.max(0, now - at));

  return {
    standing: async ({ after, firstMark = NO_MARK }) => {
      await fetch();
      const now = sensorTime.now(id);
      const { charge, newest, ...standing } = store.standing(id, {
        after,
        firstMark,
        until: Instant(now + JITTER),
      });
      return {
        ...standing,
        now,
        newest,
        age: newest && ageOf(now, newest.at),
        charge: charge && { ...charge, age: ageOf(now, charge.at) },
      };
    },
    mark: async ({ key, note, ...when }) => {
      // What it is now by the samples' clock is known by samples.
      if (looked === undefined) await fetch();
      const at = 'at' in when ? when.at : Instant(sensorTime.now(id) - when.ago);
      const last = endOf();
      // Books that begin before the first sample that was asked for.
      if (last === undefined || store.samples(id, Instant(0), at, 1).length === 0)
        begin = Instant(Math.min(begin ?? at, at - LOOK_BACK));
      return store.mark(id, { key, at, note });
    },
    marks: async (from, to) => store.marks(id, from, to),
    close: () => store.close(),
  };
};
