/**
 * The relay board: every way to the contacts leads through its interlock, and without orders it is at rest (every
 * channel off, every load on its own source).
 *
 * Orders are carried out one after the other; `states` never waits for them. The break between opening and closing is
 * waited with `pause`, in the contacts' time; leases and dwell are counted on `clock`, which may be a simulation's.
 */
import { type Clock, DaiseeError, Duration, type Instant, systemClock } from '@daisee/units';
import type { ChannelStates, RelayDriver } from '../driver.ts';
import { asFault } from '../fault.ts';
import { createAppointments } from './appointments.ts';
import { createContacts, StateUnknown } from './contacts.ts';
import { feeding, plan, type Source } from './interlock.ts';
import { checkWiring, defaultWiring, type Group, groupsOf, type Wiring } from './wiring.ts';

/** Thrown for a channel that the board does not have; nothing was changed. */
export class UnknownChannel extends DaiseeError {
  constructor(channel: number, channels: number) {
    super({
      code: 'relay.unknown-channel',
      message: `The relay board has no channel ${channel}; nothing was changed. Its channels are 0 to ${channels - 1}.`,
      retryable: false,
      values: { channel, channels },
    });
  }
}

/** Thrown when a load would change its source again too soon; nothing was changed. */
export class DwellNotOver extends DaiseeError {
  constructor(name: string, remaining: Duration) {
    super({
      code: 'relay.dwell-not-over',
      message: `${name} was switched less than its dwell time ago; nothing was changed. Order again in ${(remaining / 1000).toFixed(1)} s; going to rest is always possible.`,
      retryable: true,
      values: { name, remainingMs: remaining },
    });
  }
}

/** Thrown for an order to a board that is not started, or is stopping. */
export class BoardNotRunning extends DaiseeError {
  constructor() {
    super({
      code: 'relay.not-running',
      message: 'The relay board is not running and stays at rest. Start it before ordering.',
      retryable: true,
    });
  }
}

/** Why the board, or a load on it, went to rest. */
export type RestReason = 'start' | 'stop' | 'lease' | 'fault' | (string & {});

/** Which source may feed a load now; undefined when it has none. */
export interface LoadSource {
  readonly load: string;
  readonly source: Source | undefined;
}

export type BoardEvent =
  /** An order that changed something was carried out and read back. */
  | {
      readonly type: 'switched';
      readonly at: Instant;
      readonly changes: ChannelStates;
      readonly states: ChannelStates;
      readonly sources: readonly LoadSource[];
    }
  /** The board (or with the reason `lease` the loads named) was switched off and read back. */
  | {
      readonly type: 'rested';
      readonly at: Instant;
      readonly reason: RestReason;
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
  readonly onEvent?: (event: BoardEvent) => void;
}

export interface OrderOptions {
  /** The loads named go to rest unless renewed within this time; 0 for never. */
  readonly lease?: Duration;
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
  /**
   * Carries out the whole order, or throws and has changed nothing: UnknownChannel, TwoSources, DwellNotOver,
   * BoardNotRunning. A fault on the way (DriverFailed, ReadBackDiffers) ends with the board at rest.
   */
  order(changes: ChannelStates, options?: OrderOptions): Promise<void>;
  /** Renews the leases of the loads that these channels belong to. @throws UnknownChannel */
  renew(channels: Iterable<number>): void;
  /** Switches every channel off. @throws DriverFailed, ReadBackDiffers when that is not confirmed. */
  rest(reason: RestReason): Promise<void>;
}

/** How often rest is tried in a row before it is reported as failed. */
const REST_TRIES = 3;
/** After that it is tried again on the clock, at growing intervals. */
const RETRY_FIRST = 1000;
const RETRY_LONGEST = 60_000;

/** Creates a board; `start` takes the driver. */
export const createBoard = (options: BoardOptions): Board => {
  const { driver, clock, onEvent } = options;
  const { breakTime = Duration(50), dwell = Duration(0), lease: usualLease = Duration(0) } = options;
  const { pause = (duration: Duration) => systemClock.sleep(duration) } = options;
  const wiring = options.wiring ?? defaultWiring(driver.channels);
  const groups = groupsOf(wiring, driver.channels);
  const groupOf = new Map(
    groups.flatMap((group) => group.channels.map((channel) => [channel, group] as const)),
  );
  const contacts = createContacts({ driver, wiring, breakTime, pause });

  let phase: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped';
  let open = false;
  let stopping: Promise<void> | undefined;
  let unhook = (): void => undefined;
  /** Rest was to be reached and was not confirmed. */
  let unsafe = false;
  let retryAfter = RETRY_FIRST;
  const changedAt = new Map<Group, Instant>();
  const leases = new Map<Group, Duration>();

  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other; whoever asks waits for those before. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const requireRunning = (): void => {
    if (phase !== 'running') throw new BoardNotRunning();
  };

  const groupsNamed = (channels: Iterable<number>): Set<Group> => {
    const named = new Set<Group>();
    for (const channel of channels) {
      const group = groupOf.get(channel);
      if (!group) throw new UnknownChannel(channel, driver.channels);
      named.add(group);
    }
    return named;
  };

  const atRest = (group: Group, states: ChannelStates): boolean =>
    group.channels.every((channel) => !states.get(channel));

  const mayBeOn = (group: Group): boolean => {
    try {
      return !atRest(group, contacts.states());
    } catch (error) {
      if (error instanceof StateUnknown) return true;
      throw error;
    }
  };

  const sources = (states: ChannelStates): LoadSource[] =>
    wiring.loads.map((load) => ({ load: load.name, source: feeding(load, states)[0] }));

  const nameOf = (group: Group): string => group.load?.name ?? `Channel ${group.channels.join()}`;

  /** Brings groups to rest, trying again at once a few times and later on the clock. In turn only. */
  const settle = async (chosen: readonly Group[], reason: RestReason): Promise<void> => {
    const moved = chosen.filter((group) => mayBeOn(group));
    for (let tries = 1; ; tries++) {
      try {
        await contacts.release(chosen);
        break;
      } catch (error) {
        if (tries < REST_TRIES) continue;
        unsafe = true;
        onEvent?.({ type: 'restFailed', at: clock.now(), reason, error: asFault(error) });
        if (phase === 'running') {
          appointments.set('retry', Duration(retryAfter));
          retryAfter = Math.min(retryAfter * 2, RETRY_LONGEST);
        }
        throw error;
      }
    }
    for (const group of chosen) if (leases.delete(group)) appointments.cancel(group);
    for (const group of moved) changedAt.set(group, clock.now());
    if (chosen === groups) {
      unsafe = false;
      retryAfter = RETRY_FIRST;
      appointments.cancel('retry');
    }
    const states = contacts.states();
    const loads = chosen.map((group) => nameOf(group));
    onEvent?.({ type: 'rested', at: clock.now(), reason, loads, states, sources: sources(states) });
  };

  const appointments = createAppointments<Group | 'retry'>(clock, (keys) =>
    inTurn(async () => {
      if (phase !== 'running') return;
      // A lease renewed while this waited for its turn has a new appointment.
      const over = keys.filter(
        (key) => key !== 'retry' && leases.has(key) && !appointments.has(key),
      ) as Group[];
      if (unsafe) await settle(groups, 'fault');
      else if (over.length > 0) await settle(over, 'lease');
    }).catch(() => {
      // Reported as restFailed, and the next try has its appointment.
    }),
  );

  const requireDwellOver = (changes: ChannelStates, current: ChannelStates): void => {
    for (const group of groupsNamed(
      [...changes.keys()].filter((channel) => current.get(channel) !== changes.get(channel)),
    )) {
      const since = changedAt.get(group);
      if (since === undefined || atRest(group, new Map([...current, ...changes]))) continue;
      const remaining = since + dwell - clock.now();
      if (remaining > 0) throw new DwellNotOver(nameOf(group), Duration(remaining));
    }
  };

  const carryOut = async (
    changes: ChannelStates,
    named: ReadonlySet<Group>,
    lease: Duration,
  ): Promise<void> => {
    requireRunning();
    if (unsafe) await settle(groups, 'fault');
    const before = contacts.states();
    const planned = plan(wiring, before, changes);
    requireDwellOver(changes, before);
    try {
      await contacts.carryOut(planned, () => phase === 'running');
      requireRunning();
    } catch (error) {
      if (error instanceof BoardNotRunning) throw error;
      onEvent?.({ type: 'fault', at: clock.now(), error: asFault(error) });
      await settle(groups, 'fault').catch(() => undefined); // reported as restFailed; the order's own error matters here
      throw error;
    }
    const states = contacts.states();
    const moved = [...planned.opening.keys(), ...planned.closing.keys()];
    for (const group of groupsNamed(moved)) changedAt.set(group, clock.now());
    for (const group of named) {
      if (lease > 0 && !atRest(group, states)) {
        leases.set(group, lease);
        appointments.set(group, lease);
      } else if (leases.delete(group)) appointments.cancel(group);
    }
    if (moved.length > 0)
      onEvent?.({ type: 'switched', at: clock.now(), changes, states, sources: sources(states) });
  };

  const finish = async (): Promise<void> => {
    phase = 'stopping';
    unhook();
    await appointments.stop();
    await inTurn(async () => {
      leases.clear();
      try {
        if (open) await settle(groups, 'stop');
      } finally {
        phase = 'stopped';
        await release();
      }
    });
  };

  const release = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await contacts.close();
  };

  /** In turn only. */
  const take = async (): Promise<void> => {
    await contacts.open();
    open = true;
    try {
      await settle(groups, 'start');
    } catch (error) {
      await release();
      throw error;
    }
    changedAt.clear();
  };

  const board: Board = {
    wiring,
    channels: driver.channels,
    states: () => contacts.states(),

    start: async (signal) => {
      if (phase !== 'stopped') return;
      if (signal?.aborted) throw new BoardNotRunning();
      checkWiring(wiring, driver.channels);
      phase = 'starting';
      stopping = undefined;
      const abort = (): void => void board.stop().catch(() => undefined); // reported as restFailed
      signal?.addEventListener('abort', abort, { once: true });
      unhook = () => signal?.removeEventListener('abort', abort);
      try {
        await inTurn(take);
      } catch (error) {
        unhook();
        if (!stopping) phase = 'stopped';
        throw error;
      }
      if (stopping) throw new BoardNotRunning();
      phase = 'running';
    },

    stop: () => {
      if (phase === 'stopped' && !stopping) return Promise.resolve();
      stopping ??= finish();
      return stopping;
    },

    order: async (changes, { lease = usualLease } = {}) => {
      requireRunning();
      const named = groupsNamed(changes.keys());
      const wanted = new Map(changes);
      await inTurn(() => carryOut(wanted, named, lease));
    },

    renew: (channels) => {
      for (const group of groupsNamed(channels)) {
        const lease = leases.get(group);
        if (lease !== undefined) appointments.set(group, lease);
      }
    },

    rest: (reason) => {
      if (phase !== 'running') return Promise.reject(new BoardNotRunning());
      return inTurn(() => settle(groups, reason));
    },
  };
  return board;
};
