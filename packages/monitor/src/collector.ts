/** Takes the samples of meters into a store, each in a loop of its own; nothing a meter or the store does ends it. */
import type { Meter, Sample } from '@daisee/meter';
import { type Clock, DaiseeError, Duration, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { SampleEvent } from './http/v1/live.ts';
import { within } from './patience.ts';
import { SampleRefused, UnknownSensor } from './store/errors.ts';
import type { SampleStore } from './store/store.ts';

/** A meter and the sensor that its samples belong to. */
export interface MeterOfSensor {
  readonly sensorId: number;
  readonly meter: Meter;
}

/** Something that went wrong and did not stop the monitor. */
export interface MonitorWarning {
  readonly kind: 'meter' | 'store' | 'request';
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
/** Real ms that a meter may take to answer or to end. */
const PATIENCE = 5000;

interface Channel extends MeterOfSensor {
  waiting: Sample[];
  /** The last turn of storing; each waits for the one before. */
  turn: Promise<void>;
  failing: boolean;
  lost: number;
}

/** The 1st, 10th, 100th… time: a fault that lasts for days must not fill a log. */
const worthSaying = (count: number): boolean => /^10*$/.test(String(count));

export const createCollector = (options: CollectorOptions): Collector => {
  const { store, clock, maxGap, onSample, onWarning } = options;
  const channels: Channel[] = options.meters.map((entry) => ({
    ...entry,
    waiting: [],
    turn: Promise.resolve(),
    failing: false,
    lost: 0,
  }));
  let stop = new AbortController();
  let loops: Promise<void>[] = [];

  const append = async (channel: Channel, samples: readonly Sample[]): Promise<void> => {
    const { sensorId } = channel;
    const { samples: stored } = await store.append(sensorId, samples, maxGap === undefined ? {} : { maxGap });
    channel.waiting.splice(0, samples.length);
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
        return;
      }
    }
  };

  const record = (channel: Channel, sample: Sample): Promise<void> => {
    channel.waiting.push(sample);
    if (channel.waiting.length > MOST_WAITING) {
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
        for await (const sample of meter.samples(signal)) {
          await record(channel, sample);
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
    waiting: () => channels.reduce((sum, channel) => sum + channel.waiting.length, 0),
    start: async () => {
      for (const { sensorId, meter } of channels) {
        const sensor = await store.sensor(sensorId);
        if (!sensor) throw new UnknownSensor(sensorId, await store.sensors());
        if (sensor.sign !== meter.sign)
          throw new SignDiffers(meter.name, meter.sign, sensor.name, sensor.sign);
      }
      stop = new AbortController();
      loops = channels.map((channel) => clock.task(() => collect(channel, stop.signal)));
    },
    stop: async () => {
      stop.abort();
      const ended = within(PATIENCE, 'A meter', Promise.all(loops));
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
        if (channel.waiting.length > 0)
          onWarning({
            kind: 'store',
            message: `${channel.waiting.length} samples of meter ${channel.meter.name} were never stored and are lost.`,
          });
        channel.waiting = [];
      }
    },
  };
};
