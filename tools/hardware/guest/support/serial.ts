/** The serial meter at work, and what plays the Arduino at the other end of its line. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import {
  createSerialMeter,
  isAbsence,
  type Sample,
  type SerialMeterOptions,
  type SerialWarning,
} from '../../../../packages/meter/src/index.ts';
import { createLinuxKernel } from '../../../../packages/relay/src/drivers/gpio/kernel.ts';
import { Seconds, systemClock } from '../../../../packages/units/src/index.ts';

export interface MeterAtWork {
  readonly samples: readonly Sample[];
  powers(): number[];
  /** How often something was said of each kind. */
  said(kind: SerialWarning['kind']): number;
  stop(): Promise<void>;
}

/** A meter that reads until it is stopped. */
export const startMeter = (path: string, format: SerialMeterOptions['format'] = 'auto'): MeterAtWork => {
  const samples: Sample[] = [];
  const warnings: SerialWarning[] = [];
  const stop = new AbortController();
  const meter = createSerialMeter({
    name: 'Arduino',
    path,
    format,
    clock: systemClock,
    reopenAfter: Seconds(0.2),
    onWarning: (warning) => warnings.push(warning),
  });
  const ended = (async () => {
    for await (const told of meter.samples(stop.signal)) if (!isAbsence(told)) samples.push(told);
  })();
  return {
    samples,
    powers: () => samples.map(({ power }) => power),
    said: (kind) => warnings.filter((warning) => warning.kind === kind).length,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
};

export interface Sketch {
  /** Sends this line every 100 ms from now on; nothing when it is empty. */
  says(line: string): void;
  /** Sends these bytes once. */
  sends(bytes: Uint8Array | string): void;
  stop(): void;
}

/** The sketch at this device; it is opened anew when it went away. */
export const startSketch = (device: string): Sketch => {
  let line = '';
  let port: number | undefined;
  const put = (bytes: Uint8Array | string): void => {
    try {
      port ??= openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
      writeSync(port, Buffer.from(bytes));
    } catch (error) {
      // EAGAIN: nobody reads. Else the plug was pulled, and the port has to be opened anew.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' || port === undefined) return;
      closeSync(port);
      port = undefined;
    }
  };
  const beats = setInterval(() => line !== '' && put(`${line}\r\n`), 100);
  return {
    says: (text) => {
      line = text;
    },
    sends: put,
    stop: () => {
      clearInterval(beats);
      if (port !== undefined) closeSync(port);
    },
  };
};

/** Requests about a pseudo-terminal (asm-generic/ioctls.h). */
const TIOCGPTN = 0x80045430n;
const TIOCSPTLCK = 0x40045431n;

/** A board whose line is a pseudo-terminal; `unplug` makes its device vanish, with a hang-up to whoever has it open. */
export interface PluggedBoard {
  readonly device: string;
  says(line: string): void;
  unplug(): void;
}

export const plugIn = (): PluggedBoard => {
  const kernel = createLinuxKernel();
  const end = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const word = Buffer.alloc(4);
  for (const request of [TIOCSPTLCK, TIOCGPTN]) {
    const failure = kernel.ioctl(end, request, word);
    if (failure !== 0) throw new Error(`This kernel gives no pseudo-terminal: error ${failure}.`);
  }
  let line = '';
  const beats = setInterval(() => {
    if (line === '') return;
    try {
      writeSync(end, `${line}\r\n`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error; // EAGAIN: nobody reads
    }
  }, 100);
  return {
    device: `/dev/pts/${word.readUInt32LE()}`,
    says: (text) => {
      line = text;
    },
    unplug: () => {
      clearInterval(beats);
      closeSync(end);
    },
  };
};
