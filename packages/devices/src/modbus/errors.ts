import { DaiseeError, messageOf } from '@daisee/units';
import type { RegisterQuestion } from '@daisee/formats';

const asked = ({ unit, function: code, address, count }: RegisterQuestion): string =>
  `${count} ${code === 3 ? 'holding' : 'input'} registers from ${address} of unit ${unit}`;

/** The line to a bus cannot be opened, or was lost. */
export class ModbusUnreachable extends DaiseeError {
  constructor(place: string, cause: unknown) {
    super({
      code: 'devices.modbus-unreachable',
      message: `${place} cannot be reached: ${messageOf(cause)}. Check address, port and cable, and that Modbus is switched on in the device.`,
      retryable: true,
      values: { place },
      cause,
    });
  }
}

/** A device did not answer in time. */
export class ModbusTimeout extends DaiseeError {
  constructor(place: string, question: RegisterQuestion, milliseconds: number) {
    super({
      code: 'devices.modbus-timeout',
      message: `${place}: no answer within ${milliseconds} ms to ${asked(question)}. Check the unit's number and, on a serial line, speed and parity.`,
      retryable: true,
      values: { place, ...question, milliseconds },
    });
  }
}

const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'it does not know this function',
  2: 'it has no such registers',
  3: 'it does not take such a request',
  4: 'it failed',
  6: 'it is busy',
  10: 'its gateway has no way to it',
  11: 'its gateway had no answer from it',
};
/** Failed, busy, no answer behind the gateway: may be otherwise next time. */
const PASSING = new Set([4, 6, 11]);

/** A device answered with an exception. */
export class ModbusRefused extends DaiseeError {
  readonly exception: number;
  constructor(place: string, question: RegisterQuestion, exception: number) {
    super({
      code: 'devices.modbus-refused',
      message: `${place} refuses ${asked(question)}: ${EXCEPTIONS[exception] ?? 'for a reason of its own'} (exception ${exception}).`,
      retryable: PASSING.has(exception),
      values: { place, ...question, exception },
    });
    this.exception = exception;
  }
}

/** A device answered with another number of registers than were asked for. */
export class ModbusAnswerWrong extends DaiseeError {
  constructor(place: string, question: RegisterQuestion, got: string) {
    super({
      code: 'devices.modbus-answer',
      message: `${place} answers ${asked(question)} with ${got}: nothing of it is taken.`,
      retryable: true,
      values: { place, ...question, got },
    });
  }
}

/** No device at a place describes itself by SunSpec. */
export class SunSpecMissing extends DaiseeError {
  constructor(place: string, unit: number) {
    super({
      code: 'devices.sunspec-missing',
      message: `${place}, unit ${unit}: no SunSpec mark at 40000, 0 or 50000. Switch SunSpec on in the device (Fronius: "int + SF" or "float"), or try another unit.`,
      retryable: false,
      values: { place, unit },
    });
  }
}
