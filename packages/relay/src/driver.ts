/**
 * What the board needs of the hardware that moves the contacts. A driver is a folder under `drivers/`.
 *
 * Channel n is on when its coil is energised; off is the rest position, which the contacts also take without power.
 */
import { DaiseeError, type Duration, messageOf } from '@daisee/units';

/** States by channel number, true = on. The order of the entries is the order of a reply and of a write. */
export type ChannelStates = ReadonlyMap<number, boolean>;

export interface RelayDriver {
  /** How many channels there are; they are numbered from 0. */
  readonly channels: number;
  /** Takes the hardware. Leaves the channels as they are: the board brings them to rest. */
  open(): Promise<void>;
  /**
   * As `open`, to look and let go again: it checks everything and changes nothing, beside a board that runs as well.
   * Only for drivers whose `open` sets something up.
   * @returns what `open` would set, in a sentence each
   */
  openToLook?(): Promise<readonly string[]>;
  /** Sets the channels given, in the order given, and leaves the others alone. */
  write(states: ChannelStates): Promise<void>;
  /** What every channel really shows now, from 0 on; undefined for one that gives no answer while others do. */
  read(): Promise<readonly (boolean | undefined)[]>;
  /** Lets go of the hardware. */
  close(): Promise<void>;
  /**
   * Gives the driver a way to report what it finds wrong between calls (its guard died, a device fell silent). The
   * board calls this once, before `open`, and goes to rest on each report.
   */
  watch?(report: (error: unknown) => void): void;
  /**
   * How often the board shall call `refresh` (where there is one) and look whether everything still shows what it
   * should: for channels that others can switch, or that go off by themselves.
   */
  readonly refreshEvery?: Duration;
  /** Renews what its devices would undo by themselves; `states` is what all channels should show. */
  readonly refresh?: (states: ChannelStates) => Promise<void>;
  /**
   * How long a channel stays on when everything that drives it has died, at least and at most; Infinity for ever.
   * Without it, the driver brings all of its channels to rest at once, sellers' first.
   */
  readonly lostAfter?: (channel: number) => { readonly earliest: Duration; readonly latest: Duration };
}

/**
 * Thrown when the driver failed; the board goes to rest and tries again by itself. What the driver itself says comes
 * with its own remedy and ends the line: a missing chip or a permission is no matter of wiring and power.
 */
export class DriverFailed extends DaiseeError {
  constructor(action: string, cause: unknown) {
    const reason = messageOf(cause);
    const isTold = cause instanceof DaiseeError;
    super({
      code: 'relay.driver-failed',
      message: `The relay board could not ${action}: ${isTold ? reason : `${reason.replace(/\.$/, '')}. Check its wiring and power; it is brought to rest as soon as it answers.`}`,
      retryable: isTold ? cause.retryable : true,
      values: { action, reason },
      cause,
    });
  }
}
