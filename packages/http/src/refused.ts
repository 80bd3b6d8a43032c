import { DaiseeError } from '@daisee/units';

/** A request that is not served, with the HTTP status that says so. */
export class RequestRefused extends DaiseeError {
  readonly status: number;

  /** @param code `room.what`, of the room that serves */
  constructor(status: number, code: string, message: string, values: Readonly<Record<string, unknown>> = {}) {
    super({ code, message, retryable: status === 429 || status === 503, values });
    this.status = status;
  }
}
