/**
 * What the board needs of the hardware that moves the contacts. A driver is a folder under `drivers/`.
 *
 * Channel n is on when its coil is energised; off is the rest position, which the contacts also take without power.
 */
import { DaiseeError, messageOf } from '@daisee/units';

/** States by channel number, true = on. The order of the entries is the order of a reply and of a write. */
export type ChannelStates = ReadonlyMap<number, boolean>;

export interface RelayDriver {
  /** How many channels there are; they are numbered from 0. */
  readonly channels: number;
  /** Takes the hardware. Leaves the channels as they are: the board brings them to rest. */
  open(): Promise<void>;
  /** Sets the channels given, in the order given, and leaves the others alone. */
  write(states: ChannelStates): Promise<void>;
  /** What every channel really shows now, from 0 on. */
  read(): Promise<readonly boolean[]>;
  /** Lets go of the hardware. */
  close(): Promise<void>;
}

/** Thrown when the driver failed; the board goes to rest and tries again by itself. */
export class DriverFailed extends DaiseeError {
  constructor(action: string, cause: unknown) {
    super({
      code: 'relay.driver-failed',
      message: `The relay board could not ${action}: ${messageOf(cause)}. Check its wiring and power; it is brought to rest as soon as it answers.`,
      retryable: true,
      values: { action, reason: messageOf(cause) },
      cause,
    });
  }
}
