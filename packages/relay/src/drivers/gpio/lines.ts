/** Lines of one chip, held in one request, so that several change in one call. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { DaiseeError } from '@daisee/units';
import { type Chip, GpioRefused, openChip } from './chip.ts';
import type { GpioKernel } from './kernel.ts';
import {
  GET_LINE,
  GET_LINE_INFO,
  GET_VALUES,
  grantedDescriptor,
  LINES_MAX,
  lineInfoBuffer,
  lineQuestion,
  lineRequest,
  lineValues,
  outputConfig,
  readLineInfo,
  readLineValues,
  SET_CONFIG,
  SET_VALUES,
} from './uapi.ts';

/** Thrown when a pin is held by somebody else. */
export class LineBusy extends DaiseeError {
  constructor(pin: number, chip: string, consumer: string) {
    const holder = consumer === '' ? 'another program or driver' : `"${consumer}"`;
    super({
      code: 'relay.gpio-busy',
      message: `GPIO ${pin} of ${chip} is held by ${holder}. End it ("gpioinfo" lists who holds what), or choose other pins.`,
      retryable: true,
      values: { pin, chip, consumer },
    });
  }
}

/** Thrown for pins that the chip does not have, that are named twice, or for too many. */
export class InvalidPins extends DaiseeError {
  constructor(problem: string, pins: readonly number[]) {
    super({
      code: 'relay.gpio-pins',
      message: `The relay's GPIO pins ${pins.join(', ')} cannot be used: ${problem}. Give each channel a BCM pin of its own, like 17, 18, 27, 22.`,
      retryable: false,
      values: { pins },
    });
  }
}

/** The channels of the v0.2 board, in order. */
export const DEFAULT_PINS: readonly number[] = [17, 18, 27, 22];

export interface LinesOptions {
  /** BCM pins by channel. */
  readonly pins: readonly number[];
  /** Label or path of the chip; the header's by default. */
  readonly chip?: string;
  /** True for boards whose relays are on while the pin is low. */
  readonly activeLow: boolean;
  /** The name under which the lines are held. */
  readonly consumer: string;
}

/** Lines that are held. Values are true = on, whatever the level. */
export interface Lines {
  /** What the pins carry now, by channel. */
  read(): boolean[];
  /** All in one call: the pins of others stay. */
  write(changes: ReadonlyMap<number, boolean>): void;
  /** Lets go; what the pins carry then is up to the kernel. */
  release(): void;
}

const nameOf = (error: number): string => getSystemErrorName(-error);

/** @throws InvalidPins */
export const checkPins = (pins: readonly number[], lines = Number.POSITIVE_INFINITY): void => {
  if (pins.length === 0 || pins.length > LINES_MAX)
    throw new InvalidPins(`${pins.length} instead of 1 to ${LINES_MAX}`, pins);
  if (new Set(pins).size < pins.length) throw new InvalidPins('one is named twice', pins);
  const unknown = pins.find((pin) => !Number.isInteger(pin) || pin < 0 || pin >= lines);
  if (unknown !== undefined) throw new InvalidPins(`the chip has no line ${unknown}`, pins);
};

/**
 * Takes the lines without a change of what they carry: what is driven stays so, at its level; what is an input
 * becomes an output at rest, in one step without the other level in between.
 * @throws ChipNotFound, ChipForbidden, LineBusy, InvalidPins, GpioRefused, GpioUnavailable
 */
export const takeLines = (kernel: GpioKernel, options: LinesOptions): Lines => {
  const { pins, activeLow, consumer } = options;
  checkPins(pins);
  const chip = openChip(kernel, options.chip);
  try {
    checkPins(pins, chip.lines);
    return take(kernel, chip, pins, consumer, activeLow);
  } finally {
    kernel.close(chip.descriptor);
  }
};

const take = (
  kernel: GpioKernel,
  chip: Chip,
  pins: readonly number[],
  consumer: string,
  activeLow: boolean,
): Lines => {
  const infoOf = (pin: number) => {
    const bytes = lineInfoBuffer(pin);
    const error = kernel.ioctl(chip.descriptor, GET_LINE_INFO, bytes);
    if (error !== 0) throw new GpioRefused(`tell about GPIO ${pin}`, nameOf(error));
    return readLineInfo(bytes);
  };
  const request = lineRequest(pins, consumer, activeLow);
  const refused = kernel.ioctl(chip.descriptor, GET_LINE, request);
  if (refused !== 0) {
    for (const pin of pins) {
      const info = infoOf(pin);
      if (info.used) throw new LineBusy(pin, chip.label, info.consumer);
    }
    // Whoever held them has let go since: two guards that act at once look for each other here.
    if (refused === constants.errno.EBUSY) throw new LineBusy(pins[0] ?? 0, chip.label, '');
    throw new GpioRefused(`give GPIO ${pins.join(', ')} of ${chip.label}`, nameOf(refused));
  }
  const descriptor = grantedDescriptor(request);
  const read = (): boolean[] => {
    const bytes = lineQuestion(pins.length);
    const error = kernel.ioctl(descriptor, GET_VALUES, bytes);
    if (error !== 0) throw new GpioRefused('read the relay pins', nameOf(error));
    return readLineValues(bytes, pins.length);
  };
  try {
    const shown = read();
    const first = pins.map((pin, channel) => infoOf(pin).output && shown[channel] === true);
    const error = kernel.ioctl(descriptor, SET_CONFIG, outputConfig(first, activeLow));
    if (error !== 0) throw new GpioRefused('make the relay pins outputs', nameOf(error));
  } catch (error) {
    kernel.close(descriptor);
    throw error;
  }
  return {
    read,
    write: (changes) => {
      const error = kernel.ioctl(descriptor, SET_VALUES, lineValues(changes));
      if (error !== 0) throw new GpioRefused('set the relay pins', nameOf(error));
    },
    release: () => kernel.close(descriptor),
  };
};
