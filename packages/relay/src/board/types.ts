/** What a board is given, tells and can be asked. */
import type { Clock, DaiseeError, Duration, Instant } from '@daisee/units';
import type { ChannelStates, RelayDriver } from '../driver.ts';
import type { Source } from './interlock.ts';
import type { Wiring } from './wiring.ts';

/** Why the board, or a load on it, went to rest. */
export type RestReason = 'start' | 'stop' | 'lease' | 'fault' | (string & {});

/** Which source may feed a load now; undefined when it has none. */
export interface LoadSource {
  readonly load: string;
  readonly source: Source | undefined;
}

/** Who ordered something, and why, as far as they said. */
export interface Origin {
  readonly reason?: string;
  /** A token's name, an address. */
  readonly by?: string;
}

export type BoardEvent =
  /** An order that changed something was carried out and read back. */
  | ({
      readonly type: 'switched';
      readonly at: Instant;
      readonly changes: ChannelStates;
      readonly states: ChannelStates;
      readonly sources: readonly LoadSource[];
    } & Origin)
  /** The board (or the loads named) was switched off and read back. */
  | {
      readonly type: 'rested';
      readonly at: Instant;
      readonly reason: RestReason;
      readonly by?: string;
      readonly loads: readonly string[];
      readonly states: ChannelStates;
      readonly sources: readonly LoadSource[];
    }
  /** The driver failed or showed something else than what was written. */
  | { readonly type: 'fault'; readonly at: Instant; readonly error: DaiseeError }
  /** Rest could not be reached or not be confirmed; tried again until it is, unless the board is stopping. */
  | {
      readonly type: 'restFailed';
      readonly at: Instant;
      readonly reason: RestReason;
      readonly error: DaiseeError;
    };

export interface BoardOptions {
  readonly driver: RelayDriver;
  /** Default: the v0.2 lab, see `defaultWiring`. */
  readonly wiring?: Wiring;
  /** Counts leases and dwell. */
  readonly clock: Clock;
  /** Between the opening of a source and the closing of another; 50 ms, five times a usual relay's release time. */
  readonly breakTime?: Duration;
  /** Waits the break time. Contacts take real time, also in a lab on a simulated clock: the machine's by default. */
  readonly pause?: (duration: Duration) => Promise<void>;
  /** A load that was switched stays so for this long, but for going to rest; 0 by default. */
  readonly dwell?: Duration;
  /** Lease of an order that does not say; none (0) by default. */
  readonly lease?: Duration;
  /** How often each contact moved before, from channel 0 on; the board counts on from there. */
  readonly operations?: readonly number[];
  readonly onEvent?: (event: BoardEvent) => void;
}

export interface OrderOptions extends Origin {
  /** The loads named go to rest unless renewed within this time; 0 for never. */
  readonly lease?: Duration;
  /** The door it came through: what only reads at another door does not renew its lease. */
  readonly via?: string;
}

/** A load as it is now; a channel that no load is wired to stands for itself. */
export interface LoadReport extends Origin {
  readonly name: string;
  readonly isWired: boolean;
  readonly channels: readonly number[];
  /** Undefined while it has none, or while the states are not known. */
  readonly source: Source | undefined;
  /** Since when it shows what it shows; undefined before the start. */
  readonly since: Instant | undefined;
  /** When it goes to rest unless renewed. */
  readonly leaseUntil: Instant | undefined;
}

/** A fault of the board, its alarm. `over` once rest was confirmed after it. */
export interface FaultReport {
  readonly at: Instant;
  readonly error: DaiseeError;
  readonly isOver: boolean;
}

export interface BoardReport {
  readonly isRunning: boolean;
  /** What was last read back; undefined while that is not known. */
  readonly states: ChannelStates | undefined;
  /** Everything is off, and was read back so. */
  readonly isAtRest: boolean;
  readonly loads: readonly LoadReport[];
  /** How often each contact has moved, from channel 0 on. */
  readonly operations: readonly number[];
  /** The last fault; undefined when there was none since the start. */
  readonly fault: FaultReport | undefined;
  /** Faults since the start. */
  readonly faults: number;
}

export interface Board {
  readonly wiring: Wiring;
  /** How many channels, numbered from 0. */
  readonly channels: number;
  /** Takes the driver and brings every channel to rest. Stops by itself when the signal aborts. */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * Brings the board to rest and lets go of the driver.
   * @throws DriverFailed or ReadBackDiffers when rest could not be confirmed, after everything else is done.
   */
  stop(): Promise<void>;
  /** What every channel showed when last read back, from 0 on. @throws StateUnknown while that is not known. */
  states(): ChannelStates;
  /** Everything there is to know of it now; waits for nothing. */
  report(): BoardReport;
  /**
   * Carries out the whole order, or throws and has changed nothing: UnknownChannel, TwoSources, DwellNotOver,
   * BoardNotRunning. A fault on the way (DriverFailed, ReadBackDiffers) ends with the board at rest.
   */
  order(changes: ChannelStates, options?: OrderOptions): Promise<void>;
  /**
   * Renews the leases of the loads that these channels belong to; only those ordered through `via`, where given.
   * @throws UnknownChannel
   */
  renew(channels: Iterable<number>, via?: string): void;
  /**
   * Switches every channel off, or those of the loads that `channels` belong to.
   * @throws DriverFailed, ReadBackDiffers when that is not confirmed; UnknownChannel.
   */
  rest(
    reason: RestReason,
    options?: { readonly by?: string; readonly channels?: Iterable<number> },
  ): Promise<void>;
  /** Hears every event; returns how to stop hearing. */
  subscribe(listener: (event: BoardEvent) => void): () => void;
}
