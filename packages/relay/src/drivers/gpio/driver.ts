/**
 * Relays on the pins of a Raspberry Pi (or any Linux machine with a GPIO character device): channel n on the n-th pin,
 * all pins in one request, so that the channels of one write change in one call.
 *
 * Nothing moves when the pins are taken: what is driven stays, what is an input becomes an output at rest. What pins
 * carry after their holder died depends on the kernel (Raspberry Pi OS keeps them driven), so guards bring them to
 * rest.
 */
import { DaiseeError } from '@daisee/units';
import type { RelayDriver } from '../../driver.ts';
import { GuardLost } from '../../guard/guard.ts';
import { createGuards, type Guards } from '../../guard/guards.ts';
import { createLinuxKernel, type GpioKernel } from './kernel.ts';
import { checkPins, DEFAULT_PINS, type Lines, takeLines } from './lines.ts';
import type { RestPins } from './rest.ts';

export interface GpioDriverOptions extends RestPins {
  /**
   * The processes that bring the pins to rest when this one dies or hangs; true by default. With an object, `patience`
   * is the silence in ms after which either counts as hung (1000).
   */
  readonly guard?: boolean | { readonly patience?: number };
  /** The machine's kernel by default. */
  readonly kernel?: GpioKernel;
}

export interface GpioDriver extends RelayDriver {
  /** Process identifiers of the guards that there are. */
  readonly guardPids: readonly number[];
}

/** Under this name the pins are held. */
const CONSUMER = 'daisee relay';

/** Thrown when the driver is used while it does not hold the pins. */
class PinsNotHeld extends DaiseeError {
  constructor(action: string) {
    super({
      code: 'relay.gpio-not-open',
      message: `The relay pins cannot be ${action} before they are taken. Start the board first.`,
      retryable: false,
      values: { action },
    });
  }
}

/**
 * Creates a driver; `open` takes the pins.
 * @throws (from `open`) ChipNotFound, ChipForbidden, LineBusy, InvalidPins, GpioRefused, GpioUnavailable, GuardLost
 */
export const createGpioDriver = (options: GpioDriverOptions = {}): GpioDriver => {
  const { pins = DEFAULT_PINS, chip, activeLow = false, own, breakTime, guard: guarded = true } = options;
  const kernel = options.kernel ?? createLinuxKernel();
  let report: ((error: unknown) => void) | undefined;
  let lines: Lines | undefined;
  const guards: Guards | undefined = guarded
    ? createGuards({
        rest: {
          pins,
          activeLow,
          ...(chip === undefined ? {} : { chip }),
          ...(own ? { own } : {}),
          ...(breakTime === undefined ? {} : { breakTime }),
        },
        ...(typeof guarded === 'object' ? guarded : {}),
        onLost: (error) => report?.(error),
      })
    : undefined;

  const held = (action: string): Lines => {
    if (!lines) throw new PinsNotHeld(action);
    return lines;
  };

  return {
    channels: pins.length,
    get guardPids() {
      return guards?.pids ?? [];
    },
    watch: (onFault) => {
      report = onFault;
    },
    open: async () => {
      checkPins(pins);
      const taken = takeLines(kernel, { pins, activeLow, consumer: CONSUMER, ...(chip ? { chip } : {}) });
      try {
        await guards?.start();
      } catch (error) {
        taken.release();
        throw error;
      }
      lines = taken;
      guards?.arm(taken.read().includes(true));
    },
    write: async (states) => {
      const holding = held('set');
      // Off is always allowed; on only while somebody would see to off.
      const on = [...states.values()].includes(true);
      if (guards && !guards.present && on) throw new GuardLost('is missing');
      if (on) guards?.arm(true);
      holding.write(states);
      guards?.arm(holding.read().includes(true));
    },
    read: async () => held('read').read(),
    close: async () => {
      if (!lines) return;
      const last = lines;
      lines = undefined;
      let atRest = false;
      try {
        atRest = last.read().every((on) => !on);
      } finally {
        last.release();
        await guards?.stop(atRest);
      }
    },
  };
};
