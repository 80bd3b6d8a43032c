import {
  type Clock,
  type Duration,
  Instant,
  messageOf,
  Seconds,
  SleepAborted,
  sleepOrStop,
} from '@daisee/units';
import type { Absence, Measurement, Meter, Sample, SignRule } from '../../meter.ts';
import { worthSaying } from '../../warning.ts';
import { type LineFormat, LineReader } from './lines.ts';

/** What went wrong at the port; the meter goes on by itself. */
export interface SerialWarning {
  /** `unavailable`: cannot be opened; `lost`: went away; `silent`: sends nothing; `garbage`: unreadable lines. */
  readonly kind: 'unavailable' | 'lost' | 'silent' | 'garbage';
  /** What happened, where, and what to do, in one line. */
  readonly message: string;
  /** How often it happened in a row (`garbage`: since the port was opened). */
  readonly count: number;
}

/** What the driver needs of a serial port: the surface of serialport's streams. */
export interface SerialStream {
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'close' | 'error', listener: (error: Error | null | undefined) => void): unknown;
  open(done: (error: Error | null) => void): void;
  close(done: (error: Error | null) => void): void;
  readonly isOpen: boolean;
}

export interface SerialMeterOptions {
  readonly name: string;
  /** The device, e.g. `/dev/ttyACM0`. */
  readonly path: string;
  /** Bits a second, 8N1; the sketches use 9600. */
  readonly baudRate?: number;
  readonly format?: LineFormat;
  readonly clock: Clock;
  /** `load` by default: the sensor of the lab's consumer, consumption positive. */
  readonly sign?: SignRule;
  /** The pause before the port is opened again, 2 s by default. */
  readonly reopenAfter?: Duration;
  /** The port is opened anew when it gave no readable line for this long, 30 s by default. */
  readonly silence?: Duration;
  readonly onWarning?: (warning: SerialWarning) => void;
  /** Makes the stream, unopened; serialport's by default, its mock in tests. */
  readonly stream?: (path: string, baudRate: number) => Promise<SerialStream> | SerialStream;
}

/** serialport is native code: loaded when a port is wanted, so that machines without one need none of it. */
const serialPort = async (path: string, baudRate: number): Promise<SerialStream> => {
  const { SerialPort } = await import('serialport');
  return new SerialPort({ path, baudRate, autoOpen: false });
};

const opened = (stream: SerialStream): Promise<void> =>
  new Promise((resolve, reject) => stream.open((error) => (error ? reject(error) : resolve())));

/** Closing a port that went away is no news: `lost` has been said by then. */
const closed = (stream: SerialStream): Promise<void> =>
  new Promise((resolve) => (stream.isOpen ? stream.close(() => resolve()) : resolve()));

/** One opening of the port, until it ends. */
class Session {
  readonly #waiting = new Set<AbortController>();
  readonly queue: Sample[] = [];
  ended: { readonly reason: string } | undefined;

  end(reason: string): void {
    this.ended ??= { reason };
    this.wake();
  }

  wake(): void {
    for (const waiting of this.#waiting) waiting.abort();
  }

  /** Waits for the next event; false when nothing came for `silence`. */
  async next(clock: Clock, silence: Duration, signal: AbortSignal): Promise<boolean> {
    const waiting = new AbortController();
    this.#waiting.add(waiting);
    try {
      await clock.sleep(silence, AbortSignal.any([signal, waiting.signal]));
      return false;
    } catch (error) {
      if (error instanceof SleepAborted) return true;
      throw error;
    } finally {
      this.#waiting.delete(waiting);
    }
  }
}

/**
 * A meter on a serial line: the Arduino of the lab (see `lines.ts` for its formats), a line a second.
 *
 * A sample's instant is when its line was complete. It never throws: a port that is missing, goes away, falls silent
 * or sends garbage is reported through `onWarning` (the 1st, 10th, 100th… time) and opened again after a pause; unless it
 * only sends garbage, it is absent since its last line.
 */
export const createSerialMeter = (options: SerialMeterOptions): Meter => {
  const { name, path, clock, onWarning, baudRate = 9600, format = 'auto' } = options;
  const { reopenAfter = Seconds(2), silence = Seconds(30), stream = serialPort } = options;
  let refusals = 0;
  let losses = 0;
  /** When its last line came; undefined while it is absent. */
  let known: Instant | undefined;

  const warn = (kind: SerialWarning['kind'], count: number, message: string): void => {
    if (worthSaying(count)) onWarning?.({ kind, count, message: `Meter ${name} on ${path}: ${message}` });
  };

  const connect = async (session: Session): Promise<SerialStream | undefined> => {
    let garbage = 0;
    const reader = new LineReader(format, (line) => {
      garbage += 1;
      warn(
        'garbage',
        garbage,
        `unreadable line ${JSON.stringify(line.slice(0, 40))} (${garbage} so far); expected volts|percent|watts or watts at ${baudRate} baud.`,
      );
    });
    try {
      const port = await stream(path, baudRate);
      port.on('data', (bytes) => {
        for (const reading of reader.push(bytes)) session.queue.push({ at: clock.now(), ...reading });
        if (session.queue.length > 0) session.wake();
      });
      port.on('close', (error) => session.end(error ? messageOf(error) : 'closed'));
      port.on('error', (error) => session.end(messageOf(error)));
      await opened(port);
      refusals = 0;
      return port;
    } catch (error) {
      refusals += 1;
      warn(
        'unavailable',
        refusals,
        `cannot be opened (${messageOf(error)}); check that it is plugged in and that you may read it (group dialout). Trying again every ${reopenAfter / 1000} s.`,
      );
      return undefined;
    }
  };

  /** Absent since its last line, said once. */
  const away = (absent: string): readonly Absence[] => {
    const since = known;
    known = undefined;
    return since === undefined ? [] : [{ at: Instant(since + 1), absent }];
  };

  async function* session(signal: AbortSignal): AsyncGenerator<Measurement> {
    const open = new Session();
    const port = await connect(open);
    if (!port) {
      yield* away('unavailable');
      return;
    }
    try {
      while (!signal.aborted) {
        const sample = open.queue.shift();
        if (sample) {
          losses = 0;
          known = sample.at;
          yield sample;
        } else if (open.ended) {
          losses += 1;
          warn(
            'lost',
            losses,
            `went away (${open.ended.reason}). Opening it again in ${reopenAfter / 1000} s.`,
          );
          yield* away('lost');
          return;
        } else if (!(await open.next(clock, silence, signal)) && open.queue.length === 0) {
          losses += 1;
          warn('silent', losses, `no reading for ${silence / 1000} s. Opening it again.`);
          yield* away('silent');
          return;
        }
      }
    } finally {
      await closed(port);
    }
  }

  return {
    name,
    sign: options.sign ?? 'load',
    async *samples(signal) {
      known = undefined;
      while (!signal.aborted) {
        yield* session(signal);
        if (!signal.aborted) await sleepOrStop(clock, reopenAfter, signal);
      }
    },
  };
};
