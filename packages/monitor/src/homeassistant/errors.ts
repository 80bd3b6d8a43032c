import { DaiseeError } from '@daisee/units';

/** Thrown when publishing to Home Assistant is set up so that it can never work. */
export class HomeAssistantSettingWrong extends DaiseeError {
  constructor(setting: string, got: string, expected: string) {
    super({
      code: 'monitor.homeassistant-setting',
      message: `The setting ${setting} of Home Assistant cannot be ${JSON.stringify(got)}: expected ${expected}.`,
      retryable: false,
      values: { setting, got, expected },
    });
  }
}

/** Thrown when the broker was not reached in time. */
export class BrokerAway extends DaiseeError {
  constructor(broker: string, why: string) {
    super({
      code: 'monitor.broker-away',
      message: `${why} Nothing was removed: check that the broker runs, its address, and the login.`,
      retryable: true,
      values: { broker, why },
    });
  }
}
