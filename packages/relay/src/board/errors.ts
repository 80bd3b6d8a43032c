import { DaiseeError, type Duration } from '@daisee/units';

/** Thrown for a channel that the board does not have; nothing was changed. */
export class UnknownChannel extends DaiseeError {
  constructor(channel: number, channels: number) {
    super({
      code: 'relay.unknown-channel',
      message: `The relay board has no channel ${channel}; nothing was changed. Its channels are 0 to ${channels - 1}.`,
      retryable: false,
      values: { channel, channels },
    });
  }
}

/** Thrown when a load would change its source again too soon; nothing was changed. */
export class DwellNotOver extends DaiseeError {
  constructor(name: string, remaining: Duration) {
    super({
      code: 'relay.dwell-not-over',
      message: `${name} was switched less than its dwell time ago; nothing was changed. Order again in ${(remaining / 1000).toFixed(1)} s; going to rest is always possible.`,
      retryable: true,
      values: { name, remainingMs: remaining },
    });
  }
}

/** Thrown for an order to a board that is not started, or is stopping. */
export class BoardNotRunning extends DaiseeError {
  constructor() {
    super({
      code: 'relay.not-running',
      message: 'The relay board is not running and stays at rest. Start it before ordering.',
      retryable: true,
    });
  }
}
