import { DaiseeError } from '@daisee/units';

/** Thrown when a Shelly does not answer in time or at all. */
export class ShellyRelayAway extends DaiseeError {
  constructor(host: string, reason: string, cause?: unknown) {
    super({
      code: 'relay.shelly-away',
      message: `The Shelly at ${host} gives no answer (${reason}): check that it is on, and its address.`,
      retryable: true,
      values: { host, reason },
      cause,
    });
  }
}

/** Thrown when a Shelly wants a password that it did not get. */
export class ShellyRelayLogin extends DaiseeError {
  constructor(host: string, why: string) {
    super({
      code: 'relay.shelly-login',
      message: `The Shelly at ${host} refuses the login: ${why}.`,
      retryable: false,
      values: { host },
    });
  }
}

/** Thrown when what answers is no Shelly with that output. */
export class ShellyRelayAnswer extends DaiseeError {
  constructor(host: string, method: string, answer: string) {
    super({
      code: 'relay.shelly-answer',
      message: `The Shelly at ${host} answered ${method} with ${answer}: check that it is of the second generation or later, and has this output.`,
      retryable: false,
      values: { host, method, answer },
    });
  }
}

/** Thrown when a Shelly is set so that it may switch on by itself. */
export class ShellyRelayUnsafe extends DaiseeError {
  constructor(host: string, output: number, problem: string, fix: string) {
    super({
      code: 'relay.shelly-unsafe',
      message: `Output ${output} of the Shelly at ${host} ${problem}, so a load could get two sources: ${fix}.`,
      retryable: false,
      values: { host, output, problem },
    });
  }
}
