/**
 * The relay board: every way to the contacts leads through its interlock, and without orders it is at rest (every
 * channel off, every load on its own source).
 *
 * Orders are carried out one after the other; `states` never waits for them. The break between opening and closing is
 * waited with `pause`, in the contacts' time; leases and dwell are counted on `clock`, which may be a simulation's.
 */
import { type DaiseeError, Duration, type Instant } from '@daisee/units';
import type { ChannelStates } from '../driver.ts';
import { asFault } from '../fault.ts';
import { atLeast } from '../pause.ts';
import { createAppointments } from './appointments.ts';
import { createContacts, StateUnknown } from './contacts.ts';
import { BoardNotRunning, DwellNotOver, UnknownChannel } from './errors.ts';
import { feeding, plan } from './interlock.ts';
import type {
  Board,
  BoardEvent,
  BoardOptions,
  BoardReport,
  FaultReport,
  LoadSource,
  OrderOptions,
  Origin,
  RestReason,
} from './types.ts';
import { checkLoss, checkWiring, defaultWiring, type Group, groupsOf } from './wiring.ts';

/** How often rest is tried in a row before it is reported as failed. */
const REST_TRIES = 3;
/** After that it is tried again on the clock, at growing intervals. */
const RETRY_FIRST = 1000;
const RETRY_LONGEST = 60_000;

interface Lease {
  readonly lease: Duration;
  readonly via: string | undefined;
}

/** Creates a board; `start` takes the driver. */
export const createBoard = (options: BoardOptions): Board => {
  const { driver, clock } = options;
  const { breakTime = Duration(50), dwell = Duration(0), lease: usualLease = Duration(0) } = options;
  const { pause = atLeast } = options;
  const wiring = options.wiring ?? defaultWiring(driver.channels);
  const groups = groupsOf(wiring, driver.channels);
  const groupOf = new Map(
    groups.flatMap((group) => group.channels.map((channel) => [channel, group] as const)),
  );
  const operations = Array.from(
    { length: driver.channels },
    (_, channel) => options.operations?.[channel] ?? 0,
  );
  const contacts = createContacts({
    driver,
    wiring,
    breakTime,
    pause,
    onMoved: (channel) => {
      operations[channel] = (operations[channel] ?? 0) + 1;
    },
  });

  let phase: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped';
  let open = false;
  let stopping: Promise<void> | undefined;
  let unhook = (): void => undefined;
  /** Rest was to be reached and was not confirmed. */
  let unsafe = false;
  let retryAfter = RETRY_FIRST;
  const changedAt = new Map<Group, Instant>();
  const leases = new Map<Group, Lease>();
  /** Since when each shows what it shows, and by whose order. */
  const since = new Map<Group, { readonly at: Instant } & Origin>();
  let fault: FaultReport | undefined;
  let faults = 0;

  const listeners = new Set<(event: BoardEvent) => void>();
  const emit = (event: BoardEvent): void => {
    options.onEvent?.(event);
    for (const listener of listeners) listener(event);
  };
  /** From here to a confirmed rest; what fails meanwhile belongs to it. */
  const note = (error: DaiseeError): void => {
    if (!fault || fault.isOver) faults += 1;
    fault = { at: clock.now(), error, isOver: false };
  };
  const alarm = (found: unknown): void => {
    const error = asFault(found);
    note(error);
    emit({ type: 'fault', at: clock.now(), error });
  };

  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other; whoever asks waits for those before. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const originOf = ({ reason, by }: Origin): Origin => ({
    ...(reason === undefined ? {} : { reason }),
    ...(by === undefined ? {} : { by }),
  });

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
  const settle = async (chosen: readonly Group[], reason: RestReason, by?: string): Promise<void> => {
    const moved = chosen.filter((group) => mayBeOn(group));
    for (let tries = 1; ; tries++) {
      try {
        await contacts.release(chosen);
        break;
      } catch (error) {
        if (tries < REST_TRIES) continue;
        unsafe = true;
        note(asFault(error));
        emit({ type: 'restFailed', at: clock.now(), reason, error: asFault(error) });
        if (phase === 'running') {
          appointments.set('retry', Duration(retryAfter));
          retryAfter = Math.min(retryAfter * 2, RETRY_LONGEST);
        }
        throw error;
      }
    }
    for (const group of chosen) if (leases.delete(group)) appointments.cancel(group);
    const at = clock.now();
    for (const group of moved) changedAt.set(group, at);
    for (const group of reason === 'start' ? chosen : moved)
      since.set(group, { at, ...originOf({ reason, ...(by === undefined ? {} : { by }) }) });
    if (chosen === groups) {
      unsafe = false;
      if (fault) fault = { ...fault, isOver: true };
      retryAfter = RETRY_FIRST;
      appointments.cancel('retry');
    }
    const states = contacts.states();
    const loads = chosen.map((group) => nameOf(group));
    emit({
      type: 'rested',
      at,
      reason,
      ...(by === undefined ? {} : { by }),
      loads,
      states,
      get sources() {
        return sources(states);
      },
    });
  };

  /** Looks whether everything still shows what it should, and tells the driver to keep what is on. In turn only. */
  const refresh = async (every: Duration): Promise<void> => {
    try {
      if (!unsafe) await contacts.refresh();
    } catch (error) {
      alarm(error);
      await settle(groups, 'fault');
    } finally {
      appointments.set('refresh', every);
    }
  };

  const appointments = createAppointments<Group | 'retry' | 'refresh'>(clock, (keys) =>
    inTurn(async () => {
      if (phase !== 'running') return;
      if (keys.includes('refresh') && driver.refreshEvery !== undefined) await refresh(driver.refreshEvery);
      // A lease renewed while this waited for its turn has a new appointment.
      const over = keys.filter(
        (key) => typeof key === 'object' && leases.has(key) && !appointments.has(key),
      ) as Group[];
      if (unsafe) await settle(groups, 'fault');
      else if (over.length > 0) await settle(over, 'lease');
    }).catch(() => {
      // Reported as restFailed, and the next try has its appointment.
    }),
  );

  const requireDwellOver = (changes: ChannelStates, current: ChannelStates): void => {
    if (dwell <= 0) return;
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
    { lease = usualLease, via, ...origin }: OrderOptions,
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
      alarm(error);
      await settle(groups, 'fault').catch(() => undefined); // reported as restFailed; the order's own error matters here
      throw error;
    }
    const states = contacts.states();
    const moved = [...planned.opening.keys(), ...planned.closing.keys()];
    const at = clock.now();
    for (const group of groupsNamed(moved)) {
      changedAt.set(group, at);
      since.set(group, { at, ...originOf(origin) });
    }
    for (const group of named) {
      if (lease > 0 && !atRest(group, states)) {
        leases.set(group, { lease, via });
        appointments.set(group, lease);
      } else if (leases.delete(group)) appointments.cancel(group);
    }
    if (moved.length > 0)
      emit({
        type: 'switched',
        at,
        changes,
        states,
        // Found when it is asked for: a board of many loads is switched more often than its events are read.
        get sources() {
          return sources(states);
        },
        ...originOf(origin),
      });
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
    if (driver.refreshEvery !== undefined) appointments.set('refresh', driver.refreshEvery);
  };

  driver.watch?.((found) => {
    inTurn(async () => {
      if (phase !== 'running') return;
      alarm(found);
      await settle(groups, 'fault');
    }).catch(() => {
      // Reported as restFailed, and the next try has its appointment.
    });
  });

  const report = (): BoardReport => {
    const states = contacts.known();
    return {
      isRunning: phase === 'running',
      states,
      isAtRest: states !== undefined && !unsafe && [...states.values()].every((on) => !on),
      loads: groups.map((group) => {
        const { at, ...origin } = since.get(group) ?? { at: undefined };
        return {
          name: nameOf(group),
          isWired: group.load !== undefined,
          channels: group.channels,
          source: group.load && states ? feeding(group.load, states)[0] : undefined,
          since: at,
          leaseUntil: leases.has(group) ? appointments.at(group) : undefined,
          ...origin,
        };
      }),
      operations: [...operations],
      fault,
      faults,
    };
  };

  const board: Board = {
    wiring,
    channels: driver.channels,
    states: () => contacts.states(),
    report,

    start: async (signal) => {
      if (phase !== 'stopped') return;
      if (signal?.aborted) throw new BoardNotRunning();
      checkWiring(wiring, driver.channels);
      checkLoss(wiring, driver);
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

    order: async (changes, orderOptions = {}) => {
      requireRunning();
      const named = groupsNamed(changes.keys());
      const wanted = new Map(changes);
      await inTurn(() => carryOut(wanted, named, orderOptions));
    },

    renew: (channels, via) => {
      for (const group of groupsNamed(channels)) {
        const held = leases.get(group);
        if (held && (via === undefined || held.via === via)) appointments.set(group, held.lease);
      }
    },

    rest: async (reason, { by, channels } = {}) => {
      requireRunning();
      const chosen = channels === undefined ? groups : [...groupsNamed(channels)];
      await inTurn(() => settle(unsafe ? groups : chosen, reason, by));
    },

    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return board;
};
