import { DaiseeError, messageOf } from '@daisee/units';

/** Carries something thrown that no part of this room foresaw, so that events and replies have one kind of error. */
class UnforeseenFault extends DaiseeError {
  constructor(cause: unknown) {
    super({
      code: 'relay.fault',
      message: `The relay met a fault: ${messageOf(cause)}. It is brought to rest; please report this.`,
      retryable: true,
      cause,
    });
  }
}

/** The error itself when it is one of ours. */
export const asFault = (error: unknown): DaiseeError =>
  error instanceof DaiseeError ? error : new UnforeseenFault(error);
