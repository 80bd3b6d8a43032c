import { DaiseeError } from '@daisee/units';
import type { MeterWarning } from '../../warning.ts';

/** Thrown when the kernel serves no such sensor. */
export class SensorMissing extends DaiseeError {
  constructor(sensor: string, where: string, seen: readonly string[]) {
    const there = seen.length > 0 ? `there is ${seen.join(', ')}` : 'there is none at all';
    super({
      code: 'meter.sensor-missing',
      message: `No ${sensor} in ${where} (${there}): check its wiring, and that it was made known to the kernel (docs/hardware.md, "Sensors").`,
      retryable: true,
      values: { sensor, where, seen },
    });
  }
}

/** Thrown when more than one sensor fits and the settings do not say which is meant. */
export class SensorUnclear extends DaiseeError {
  constructor(sensor: string, where: string, found: readonly string[]) {
    super({
      code: 'meter.sensor-unclear',
      message: `More than one ${sensor} in ${where} (${found.join(', ')}): name its address, and its bus where that is not enough.`,
      retryable: false,
      values: { sensor, where, found },
    });
  }
}

/** Thrown when a file of the kernel cannot be read: the chip does not answer (EIO, EREMOTEIO, ENODATA), or went away. */
export class SensorUnreadable extends DaiseeError {
  /** The system's code, like EIO. */
  readonly errno: string;

  constructor(file: string, errno: string, cause: unknown) {
    const remedy =
      errno === 'EACCES' || errno === 'EPERM'
        ? 'this user may not read it; sensors under /sys are readable for everyone unless somebody changed that'
        : 'the chip does not answer; check its wiring and its supply';
    super({
      code: 'meter.sensor-unreadable',
      message: `${file} cannot be read (${errno}): ${remedy}.`,
      retryable: true,
      values: { file, errno },
      cause,
    });
    this.errno = errno;
  }
}

/** Thrown when a file of the kernel holds what no such sensor shows. */
export class SensorGarbage extends DaiseeError {
  constructor(file: string, got: string, expected: string) {
    super({
      code: 'meter.sensor-garbage',
      message: `${file} holds ${JSON.stringify(got.slice(0, 40))}: expected ${expected}.`,
      retryable: true,
      values: { file, got, expected },
    });
  }
}

export type SensorError = SensorMissing | SensorUnclear | SensorUnreadable | SensorGarbage;

export const isSensorError = (error: unknown): error is SensorError =>
  error instanceof SensorMissing ||
  error instanceof SensorUnclear ||
  error instanceof SensorUnreadable ||
  error instanceof SensorGarbage;

/** What to call an error in a warning; `answered` says whether the sensor did the last time. */
export const warningKind = (error: SensorError, answered: boolean): MeterWarning['kind'] => {
  if (error instanceof SensorUnclear) return 'unclear';
  if (error instanceof SensorGarbage) return 'garbage';
  if (error instanceof SensorUnreadable && /^E(?:ACCES|PERM)$/.test(error.errno)) return 'refused';
  return answered ? 'lost' : 'unreachable';
};
