import { DaiseeError } from '@daisee/units';

/** Thrown when the broker or the device gives no answer. */
export class MqttRelayAway extends DaiseeError {
  constructor(where: string, reason: string, cause?: unknown) {
    super({
      code: 'relay.mqtt-away',
      message: `${where} gives no answer (${reason}): check that the broker and the device are on, and the topic.`,
      retryable: true,
      values: { where, reason },
      cause,
    });
  }
}

/** Thrown when the broker does not take the login. */
export class MqttRelayLogin extends DaiseeError {
  constructor(where: string, cause: unknown) {
    super({
      code: 'relay.mqtt-login',
      message: `${where} refuses the login: check user and password.`,
      retryable: false,
      values: { where },
      cause,
    });
  }
}

/** Reported when a device switches what nobody here ordered. */
export class MqttRelayMoved extends DaiseeError {
  constructor(where: string, output: string, on: boolean) {
    super({
      code: 'relay.mqtt-moved',
      message: `${where} switched ${output} ${on ? 'on' : 'off'} unasked, by its button, a timer, a restart or another program: see that nothing else switches it.`,
      retryable: true,
      values: { where, output, on },
    });
  }
}

/** Thrown when a device is set so that it may switch on by itself, or cannot be set as it has to. */
export class MqttRelayUnsafe extends DaiseeError {
  constructor(where: string, problem: string, fix: string) {
    super({
      code: 'relay.mqtt-unsafe',
      message: `${where} ${problem}, so a load could get two sources: ${fix}.`,
      retryable: false,
      values: { where, problem },
    });
  }
}
