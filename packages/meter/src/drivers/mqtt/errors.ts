import { DaiseeError } from '@daisee/units';

/** Characters of a setting in an error. */
const SHOWN = 80;

const shown = (got: unknown): string => {
  const text = JSON.stringify(got) ?? String(got);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
};

/** Thrown when a client of an MQTT broker is set up so that it can never work. */
export class MqttSettingWrong extends DaiseeError {
  constructor(setting: string, got: unknown, expected: string) {
    super({
      code: 'meter.mqtt-setting',
      message: `The setting ${setting} of MQTT cannot be ${shown(got)}: expected ${expected}.`,
      retryable: false,
      values: { setting, got, expected },
    });
  }
}
