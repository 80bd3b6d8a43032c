/** Finds the GPIO chip that carries the header's pins, by its label: numbers differ from board to board. */
import { userInfo } from 'node:os';
import { DaiseeError, messageOf } from '@daisee/units';
import type { GpioKernel } from './kernel.ts';
import { type ChipInfo, chipInfoBuffer, GET_CHIP_INFO, readChipInfo } from './uapi.ts';

/** Labels of the chips behind the 40-pin header: Raspberry Pi up to 3, 4, and 5. Line n is BCM pin n on each. */
export const HEADER_LABELS: readonly string[] = ['pinctrl-bcm2835', 'pinctrl-bcm2711', 'pinctrl-rp1'];

/** Thrown when no chip has the label, or nothing is at the path. */
export class ChipNotFound extends DaiseeError {
  constructor(wanted: string, present: readonly string[]) {
    const there = present.length === 0 ? 'this machine has none' : `there are ${present.join(', ')}`;
    super({
      code: 'relay.gpio-chip-not-found',
      message: `There is no GPIO chip ${wanted}: ${there}. Run the relay on the machine that carries the board, or name its chip by label or path.`,
      retryable: false,
      values: { wanted, present },
    });
  }
}

/** Thrown when the user may not open the chip. */
export class ChipForbidden extends DaiseeError {
  constructor(path: string, user: string, cause: unknown) {
    super({
      code: 'relay.gpio-forbidden',
      message: `User ${user} may not open ${path}. Add it to the group that owns the chip ("sudo usermod -aG gpio ${user}" on Raspberry Pi OS) and log in again.`,
      retryable: false,
      values: { path, user },
      cause,
    });
  }
}

/** Thrown when the kernel refuses a request that should be granted. */
export class GpioRefused extends DaiseeError {
  constructor(action: string, reason: string) {
    super({
      code: 'relay.gpio-refused',
      message: `The kernel would not ${action}: ${reason}. Linux 5.10 or newer is needed; otherwise see "dmesg" for the chip's driver.`,
      retryable: true,
      values: { action, reason },
    });
  }
}

/** A chip that is open. */
export interface Chip extends ChipInfo {
  readonly path: string;
  readonly descriptor: number;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);

const openAt = (kernel: GpioKernel, path: string): Chip => {
  const descriptor = kernel.open(path);
  try {
    const bytes = chipInfoBuffer();
    const error = kernel.ioctl(descriptor, GET_CHIP_INFO, bytes);
    if (error !== 0) throw new GpioRefused(`tell about ${path}`, `error ${error}; it may be no GPIO chip`);
    return { ...readChipInfo(bytes), path, descriptor };
  } catch (error) {
    kernel.close(descriptor);
    throw error;
  }
};

/**
 * Opens the chip named by path (`/dev/gpiochip0`) or label (`pinctrl-rp1`), or else the one of the header.
 * @throws ChipNotFound, ChipForbidden, GpioRefused, GpioUnavailable
 */
export const openChip = (kernel: GpioKernel, named?: string): Chip => {
  const wanted = named ?? `of a Raspberry Pi's header (${HEADER_LABELS.join(', ')})`;
  const labels = named === undefined ? HEADER_LABELS : [named];
  const present: string[] = [];
  let forbidden: ChipForbidden | undefined;
  for (const path of named?.startsWith('/') ? [named] : kernel.chips()) {
    let chip: Chip;
    try {
      chip = openAt(kernel, path);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM') {
        forbidden ??= new ChipForbidden(path, userInfo().username, error);
        continue;
      }
      if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO') continue; // gone, or never there
      throw error;
    }
    if (path === named || labels.includes(chip.label) || chip.name === named) return chip;
    present.push(`${chip.name} (${chip.label})`);
    kernel.close(chip.descriptor);
  }
  // A chip that may not be opened may be the one: its label is not known.
  throw forbidden ?? new ChipNotFound(wanted, present);
};
