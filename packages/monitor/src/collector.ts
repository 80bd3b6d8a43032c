/** Takes the samples of meters into a store, each in a loop of its own; nothing a meter or the store does ends it. */
import type { Measurement, Meter } from '@daisee/meter';
import {
  type Clock,
  DaiseeError,
  Duration,
  type Instant,
  messageOf,
  Seconds,
  sleepOrStop,
} from '@daisee/units';
import { type Absences, createAbsences } from './absences.ts';
import type { SampleEvent } from './http/v1/live.ts';
import { within } from './patience.ts';
import { createStamps, type Stamps, worthSaying } from './stamps.ts';
import { SampleRefused, UnknownSensor } from './store/errors.ts';
import type { SampleStore } from './store/store.ts';

/** A meter and the sensor that its samples belong to. */
export interface MeterOfSensor {
  readonly sensorId: number;
  readonly meter: Meter;
}

/** Something that went wrong and did not stop the monitor. */
export interface MonitorWarning {
  readonly kind: 'meter' | 'store' | 'request' | 'publish';
  readonly message: string;
  readonly error?: unknown;
}

export interface CollectorOptions {
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly meters: readonly MeterOfSensor[];
  readonly maxGap?: Duration;
  readonly onSample: (event: SampleEvent) => void;
  readonly onWarning: (warning: MonitorWarning) => void;
}

export interface Collector {
  /** @throws UnknownSensor, SignDiffers before anything runs. */
  start(): Promise<void>;
  /** Ends the loops, takes a last reading of the meters that can be asked and stores what waits. */
  stop(): Promise<void>;
  /** Takes one reading now of each meter that can be asked; stored when it returns. */
  readMeters(): Promise<void>;
  /** Samples that the store has not taken yet. */
  waiting(): number;
}

/** Thrown when a meter would be counted by another sign than its sensor's. */
export class SignDiffers extends DaiseeError {
  constructor(meter: string, meterSign: string, sensor: string, sensorSign: string) {
    super({
      code: 'monitor.sign-differs',
      message: `Meter ${meter} counts as ${meterSign} and its sensor "${sensor}" as ${sensorSign}: give the meter that sign, or a sensor of its own.`,
      retryable: false,
      values: { meter, meterSign, sensor, sensorSign },
    });
  }
}

/** The pause before a meter that failed is asked again; doubles up to the longest. */
const FIRST_PAUSE = Seconds(1);
const LONGEST_PAUSE = Seconds(60);
/** Samples that wait while the store fails; beyond it the oldest are given up (a gap of the record). */
const MOST_WAITING = 100_000;
/** Waiting samples stored in one transaction. */
const BATCH = 1000;
/** The pause before what waits is tried again: a meter that reports on change may not bring the next one for hours. */
const RETRY_PAUSE = Seconds(15);
/** Real ms that a meter may take to answer or to end. */
const PATIENCE = 5000;

interface Channel extends MeterOfSensor {
  waiting: Measurement[];
  /** The last turn of storing; each waits for the one before. */
  turn: Promise<void>;
  failing: boolean;
  lost: number;
  /** Runs while the store fails. */
  retry: Promise<void> | undefined;
  /** The instant of the newest sample that the store has. */
  newest: Instant | undefined;
  readonly absences: Absences;
  readonly stamps: Stamps;
}

export const createCollector = (options: CollectorOptions): Collector => {
  const { store, clock, maxGap, onSample, onWarning } = options;
  const channels: Channel[] = options.meters.map((entry) => ({
    ...entry,
    waiting: [],
    turn: Promise.resolve(),
    failing: false,
    lost: 0,
    retry: undefined,
    newest: undefined,
    absences: createAbsences(entry.meter.name, clock, (message) => onWarning({ kind: 'meter', message })),
    stamps: createStamps(entry.meter.name, clock, (message) => onWarning({ kind: 'meter', message })),
  }));
  let stop = new AbortController();
  let loops: Promise<void>[] = [];

  const append = async (channel: Channel, told: readonly Measurement[]): Promise<void> => {
    const { sensorId } = channel;
    const { samples: stored } = await store.append(sensorId, told, {
      hold: true,
      ...(maxGap === undefined ? {} : { maxGap, rhythm: true }),
    });
    // By the last one of them: meanwhile the oldest may have been given up.
    const [last] = told.slice(-1);
    if (last) channel.waiting.splice(0, channel.waiting.indexOf(last) + 1);
    const newest = stored.at(-1)?.at;
    if (newest !== undefined && !(channel.newest !== undefined && channel.newest > newest))
      channel.newest = newest;
    for (const sample of stored) onSample({ sensorId, sample });
  };

  /** Stores what waits; what cannot be stored now waits on, what can never be is left out. */
  const storeWaiting = async (channel: Channel): Promise<void> => {
    const { meter } = channel;
    let size = BATCH;
    while (channel.waiting.length > 0) {
      const batch = channel.waiting.slice(0, size);
      try {
        await append(channel, batch);
        if (channel.failing)
          onWarning({ kind: 'store', message: `Samples of meter ${meter.name} are being stored again.` });
        channel.failing = false;
      } catch (error) {
        if (error instanceof SampleRefused) {
          // Of several, each is tried alone, so that only the bad one is left out.
          size = 1;
          if (batch.length > 1) continue;
          channel.waiting.shift();
          onWarning({ kind: 'meter', message: `Meter ${meter.name}: ${messageOf(error)}`, error });
          continue;
        }
        if (!channel.failing)
          onWarning({
            kind: 'store',
            message: `Samples of meter ${meter.name} wait, since they could not be stored: ${messageOf(error)}`,
            error,
          });
        channel.failing = true;
        channel.retry ??= clock.task(() => retry(channel, stop.signal));
        return;
      }
    }
  };

  const retry = async (channel: Channel, signal: AbortSignal): Promise<void> => {
    while (channel.failing && (await sleepOrStop(clock, RETRY_PAUSE, signal))) {
      channel.turn = channel.turn.then(() => storeWaiting(channel));
      await channel.turn;
    }
    channel.retry = undefined;
  };

  const record = (channel: Channel, told: Measurement): Promise<void> => {
    channel.absences.notice(told);
    for (const placed of channel.stamps.place(told, channel.newest)) channel.waiting.push(placed);
    while (channel.waiting.length > MOST_WAITING) {
      channel.waiting.shift();
      channel.lost++;
      if (worthSaying(channel.lost))
        onWarning({
          kind: 'store',
          message: `The store has failed for so long that ${channel.lost} samples of meter ${channel.meter.name} are lost.`,
        });
    }
    channel.turn = channel.turn.then(() => storeWaiting(channel));
    return channel.turn;
  };

  const collect = async (channel: Channel, signal: AbortSignal): Promise<void> => {
    const { meter } = channel;
    let pause = FIRST_PAUSE;
    do {
      try {
        for await (const told of meter.samples(signal)) {
          await record(channel, told);
          pause = FIRST_PAUSE;
        }
        // Its samples are at an end (a replay), or the signal ended them.
        return;
      } catch (error) {
        if (signal.aborted) return;
        onWarning({
          kind: 'meter',
          message: `Meter ${meter.name} failed: ${messageOf(error)} It is asked again in ${pause / 1000} s.`,
          error,
        });
      }
      if (!(await sleepOrStop(clock, pause, signal))) return;
      pause = Duration(Math.min(2 * pause, LONGEST_PAUSE));
    } while (!signal.aborted);
  };

  const readMeters = (): Promise<void> =>
    clock.task(async () => {
      for (const channel of channels) {
        const { meter } = channel;
        try {
          if (meter.read) await record(channel, await within(PATIENCE, `Meter ${meter.name}`, meter.read()));
        } catch (error) {
          onWarning({
            kind: 'meter',
            message: `No reading of meter ${meter.name}: ${messageOf(error)}`,
            error,
          });
        }
      }
    });

  return {
    readMeters,
    waiting: () => channels.reduce((sum, { waiting, stamps }) => sum + waiting.length + stamps.unplaced(), 0),
    start: async () => {
      for (const { sensorId, meter } of channels) {
        const sensor = await store.sensor(sensorId);
        if (!sensor) throw new UnknownSensor(sensorId, await store.sensors());
        if (sensor.sign !== meter.sign)
          throw new SignDiffers(meter.name, meter.sign, sensor.name, sensor.sign);
      }
      for (const channel of channels) channel.newest = (await store.last(channel.sensorId))?.at;
      stop = new AbortController();
      loops = channels.map((channel) => clock.task(() => collect(channel, stop.signal)));
    },
    stop: async () => {
      stop.abort();
      const others = channels.flatMap(({ retry, absences }) => [retry, absences.stop()]);
      const ended = within(PATIENCE, 'A meter', Promise.all([...loops, ...others]));
      loops = [];
      try {
        await clock.aside(() => ended);
      } catch (error) {
        onWarning({ kind: 'meter', message: messageOf(error), error });
      }
      await readMeters();
      for (const channel of channels) {
        channel.turn = channel.turn.then(() => storeWaiting(channel));
        await channel.turn;
        const lost = channel.waiting.length + channel.stamps.unplaced();
        if (lost > 0)
          onWarning({
            kind: 'store',
            message: `${lost} samples of meter ${channel.meter.name} were never stored and are lost.`,
          });
        channel.waiting = [];
      }
    },
  };
};
