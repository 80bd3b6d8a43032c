/**
 * Brings the relay's pins to rest without the service that drove them: for its guard, and for whoever looks after
 * both (systemd's `ExecStopPost`).
 */
import { DaiseeError, Duration, systemClock } from '@daisee/units';
import { atLeast } from '../../pause.ts';
import { createLinuxKernel, type GpioKernel } from './kernel.ts';
import { DEFAULT_PINS, InvalidPins, LineBusy, type Lines, takeLines } from './lines.ts';

/** Thrown when pins do not show rest after it was written. */
class PinsStuck extends DaiseeError {
  constructor(pins: readonly number[]) {
    super({
      code: 'relay.gpio-stuck',
      message: `GPIO ${pins.join(', ')} did not go to rest when told to. Disconnect the relay board and check what else drives these pins.`,
      retryable: true,
      values: { pins },
    });
  }
}

/** Which pins, and what rest means for them. Plain values, ready for JSON. */
export interface RestPins {
  /** BCM pins by channel; 17, 18, 27, 22 by default. */
  readonly pins?: readonly number[];
  /** Label or path of the chip; the Raspberry Pi header's by default. */
  readonly chip?: string;
  /** True for boards whose relays are on while the pin is low. */
  readonly activeLow?: boolean;
  /**
   * Channels of loads' own sources (normally closed: off = closed). They go off last, after the break time, so that no
   * load has two sources on the way to rest.
   */
  readonly own?: readonly number[];
  /** Between the opening of the sellers' contacts and the closing of the own ones; 50 ms by default. */
  readonly breakTime?: number;
}

/** Between the opening of sellers' contacts and the closing of own ones, ms. */
export const DEFAULT_BREAK = 50;

export interface RestLinesOptions extends RestPins {
  /** How long to wait for pins that somebody still holds, in ms: a process that is being killed; 0 by default. */
  readonly wait?: number;
  readonly kernel?: GpioKernel;
}

/** Under this name the pins are held while they go to rest. */
const CONSUMER = 'daisee relay rest';
const RETRY = Duration(5);

/** @throws InvalidPins when an own channel is none of the board's. */
const checkOwn = (own: readonly number[], pins: readonly number[]): void => {
  const unknown = own.find((channel) => pins[channel] === undefined);
  if (unknown !== undefined)
    throw new InvalidPins(`there is no channel ${unknown}, which is to carry an own source`, pins);
};

/** @returns what each channel showed before. */
const settle = async (lines: Lines, options: RestLinesOptions): Promise<boolean[]> => {
  const { pins = DEFAULT_PINS, own = [], breakTime = DEFAULT_BREAK } = options;
  const off = (channels: number[]) => {
    lines.write(new Map(channels.map((channel) => [channel, false])));
    const shown = lines.read();
    const stuck = channels.filter((channel) => shown[channel]);
    // An own source stays open while a seller's contact may be closed: dark is better than both.
    if (stuck.length > 0) throw new PinsStuck(stuck.map((channel) => pins[channel] ?? channel));
  };
  const before = lines.read();
  const last = new Set(own);
  off([...pins.keys()].filter((channel) => !last.has(channel)));
  if (last.size === 0) return before;
  if (own.some((channel) => before[channel])) await atLeast(Duration(breakTime));
  off([...last]);
  return before;
};

/**
 * Takes the pins, brings them to rest in the lawful order and lets go of them. What is at rest already does not move.
 * @returns what each channel showed before.
 * @throws LineBusy when somebody still holds a pin, ChipNotFound, ChipForbidden, InvalidPins, GpioRefused, and
 *   GpioUnavailable.
 */
export const restLines = async (options: RestLinesOptions = {}): Promise<readonly boolean[]> => {
  const { pins = DEFAULT_PINS, chip, activeLow = false, own = [], wait = 0 } = options;
  const kernel = options.kernel ?? createLinuxKernel();
  checkOwn(own, pins);
  // Real time: a real process holds the pins.
  const until = systemClock.now() + wait;
  for (;;) {
    try {
      const lines = takeLines(kernel, { pins, activeLow, consumer: CONSUMER, ...(chip ? { chip } : {}) });
      try {
        return await settle(lines, options);
      } finally {
        lines.release();
      }
    } catch (error) {
      if (!(error instanceof LineBusy) || systemClock.now() >= until) throw error;
    }
    await systemClock.sleep(RETRY);
  }
};
