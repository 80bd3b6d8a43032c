import { DaiseeError } from '@daisee/units';

/** Thrown when a Shelly does not answer in time or at all. */
export class ShellyUnreachable extends DaiseeError {
  constructor(where: string, reason: string, cause?: unknown) {
    super({
      code: 'meter.shelly-unreachable',
      message: `The Shelly at ${where} gives no answer (${reason}): check that it is on, and its address.`,
      retryable: true,
      values: { where, reason },
      cause,
    });
  }
}

/** Thrown when a Shelly wants a password that it did not get. */
export class ShellyRefused extends DaiseeError {
  constructor(where: string, why: string) {
    super({
      code: 'meter.shelly-refused',
      message: `The Shelly at ${where} refuses the login: ${why}.`,
      retryable: false,
      values: { where },
    });
  }
}

/** Thrown when what answers is no Shelly, or one that does not measure what was asked for. */
export class ShellyAnswer extends DaiseeError {
  constructor(where: string, path: string, got: string, expected: string) {
    super({
      code: 'meter.shelly-answer',
      message: `The Shelly at ${where} answered ${path} with ${got}: expected ${expected}.`,
      retryable: false,
      values: { where, path, got, expected },
    });
  }
}
