/** The pins looked at without being taken: for whoever checks a machine, beside a board that runs as well. */
import { getSystemErrorName } from 'node:util';
import { GpioRefused, openChip } from './chip.ts';
import { createLinuxKernel, type GpioKernel } from './kernel.ts';
import { checkPins, DEFAULT_PINS, LineBusy } from './lines.ts';
import type { RestPins } from './rest.ts';
import { GET_LINE_INFO, lineInfoBuffer, readLineInfo } from './uapi.ts';

export interface InspectedPins {
  /** The chip's label and path. */
  readonly chip: string;
  readonly path: string;
  /** A relay of DAISEE, or what brings its pins to rest, holds them. */
  readonly heldByRelay: boolean;
}

/** What the driver and whoever brings its pins to rest are called (`driver.ts`, `rest.ts`). */
const OURS = /^daisee relay/;

/**
 * Finds the chip and looks at the pins as the driver would, and asks who holds them.
 * @throws ChipNotFound, ChipForbidden, LineBusy (held by somebody else), InvalidPins, GpioRefused, GpioUnavailable
 */
export const inspectPins = (
  { pins = DEFAULT_PINS, chip: named }: Pick<RestPins, 'pins' | 'chip'>,
  kernel: GpioKernel = createLinuxKernel(),
): InspectedPins => {
  checkPins(pins);
  const chip = openChip(kernel, named);
  try {
    checkPins(pins, chip.lines);
    let heldByRelay = false;
    for (const pin of pins) {
      const bytes = lineInfoBuffer(pin);
      const error = kernel.ioctl(chip.descriptor, GET_LINE_INFO, bytes);
      if (error !== 0) throw new GpioRefused(`tell about GPIO ${pin}`, getSystemErrorName(-error));
      const { used, consumer } = readLineInfo(bytes);
      if (!used) continue;
      if (!OURS.test(consumer)) throw new LineBusy(pin, chip.label, consumer);
      heldByRelay = true;
    }
    return { chip: chip.label, path: chip.path, heldByRelay };
  } finally {
    kernel.close(chip.descriptor);
  }
};
