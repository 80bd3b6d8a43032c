import { DaiseeError } from '@daisee/units';

/** Thrown when a client of an MQTT broker is set up so that it can never work. */
export class MqttSettingWrong extends DaiseeError {
  constructor(setting: string, got: unknown, expected: string) {
    super({
      code: 'meter.mqtt-setting',
      message: `The setting ${setting} of MQTT cannot be ${JSON.stringify(got)}: expected ${expected}.`,
      retryable: false,
      values: { setting, got, expected },
    });
  }
}
