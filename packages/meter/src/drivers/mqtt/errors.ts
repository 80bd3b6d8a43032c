import { DaiseeError } from '@daisee/units';

/** Thrown when a meter on MQTT is set up so that it can never read anything. */
export class MqttSettingWrong extends DaiseeError {
  constructor(setting: string, got: unknown, expected: string) {
    super({
      code: 'meter.mqtt-setting',
      message: `The setting ${setting} of an MQTT meter cannot be ${JSON.stringify(got)}: expected ${expected}.`,
      retryable: false,
      values: { setting, got, expected },
    });
  }
}
