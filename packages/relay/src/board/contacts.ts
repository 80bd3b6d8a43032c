/**
 * The driver seen through the interlock: every write is read back, and between the opening of a source and the
 * closing of another on the same load lies the break time.
 *
 * Calls must not overlap; the board sees to that.
 */
import { DaiseeError, type Duration } from '@daisee/units';
import { type ChannelStates, DriverFailed, type RelayDriver } from '../driver.ts';
import type { Plan } from './interlock.ts';
import type { Group, Load, Wiring } from './wiring.ts';

/** Thrown when channels do not show what was written; the board goes to rest. */
export class ReadBackDiffers extends DaiseeError {
  constructor(expected: ChannelStates) {
    const list = [...expected].map(
      ([channel, on]) => `channel ${channel} ${on ? 'off instead of on' : 'on instead of off'}`,
    );
    super({
      code: 'relay.read-back-differs',
      message: `The relay board shows ${list.join(', ')}. Check the board; it is brought to rest.`,
      retryable: true,
      values: { expected: Object.fromEntries(expected) },
    });
  }
}

/** Thrown when the states are asked for while the driver's failure has left them unknown. */
export class StateUnknown extends DaiseeError {
  constructor() {
    super({
      code: 'relay.state-unknown',
      message:
        'The states of the relay channels are not known since its driver failed. Check the board; it is read again within seconds.',
      retryable: true,
    });
  }
}

interface ContactsOptions {
  readonly driver: RelayDriver;
  readonly wiring: Wiring;
  readonly breakTime: Duration;
  readonly pause: (duration: Duration) => Promise<void>;
  /** Hears of each contact that shows something else than when it was last seen. */
  readonly onMoved?: (channel: number) => void;
}

export interface Contacts {
  /** What the last read-back showed, by channel from 0 on. @throws StateUnknown after a failure, until a read succeeds. */
  states(): ChannelStates;
  /** The same, or undefined. */
  known(): ChannelStates | undefined;
  open(): Promise<void>;
  close(): Promise<void>;
  /**
   * Opens, reads back, waits, closes, reads back. `mayClose` is asked once more right before closing.
   * When that says no, what was to open is open and nothing is closed.
   * @throws DriverFailed, ReadBackDiffers; the states in between stay lawful, and `release` leads on to rest.
   */
  carryOut(plan: Plan, mayClose: () => boolean): Promise<void>;
  /**
   * Switches every channel of the groups off, sellers' first, own sources' after the break time.
   * A load whose seller does not open, or cannot be read, keeps its own source open: better dark or on that seller
   * than on both. What fails on one load's contacts keeps no other load from rest.
   * @throws DriverFailed, ReadBackDiffers when not everything is off at the end.
   */
  release(groups: readonly Group[]): Promise<void>;
  /**
   * Lets the driver renew what its devices would undo by themselves, and looks whether all is as it was.
   * @throws DriverFailed, ReadBackDiffers
   */
  refresh(): Promise<void>;
}

export const createContacts = (options: ContactsOptions): Contacts => {
  const { driver, wiring, breakTime, pause, onMoved } = options;
  let known: ChannelStates | undefined;
  /** Loads that lost a source and have had no break time since; nothing may be closed for them before. */
  const unbroken = new Set<Load>(wiring.loads);

  const drive = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (cause) {
      known = undefined;
      throw new DriverFailed(action, cause);
    }
  };

  /** As each channel was last seen, whatever failed since. */
  const seen: (boolean | undefined)[] = [];

  /** What can be read; a channel that cannot is missing. */
  const readSome = async (): Promise<ChannelStates> => {
    const shown = await drive('read its channels', () => driver.read());
    if (shown.length !== driver.channels) {
      known = undefined;
      throw new DriverFailed(
        'read its channels',
        `it shows ${shown.length} channels instead of ${driver.channels}`,
      );
    }
    // What was known stays the same object while nothing moved: most reads of a busy board show no change.
    if (known && shown.every((on, channel) => on === seen[channel])) return known;
    const states = new Map<number, boolean>();
    for (const [channel, on] of shown.entries()) {
      if (on === undefined) continue;
      states.set(channel, on);
      const before = seen[channel];
      if (before === on) continue;
      seen[channel] = on;
      if (before !== undefined) onMoved?.(channel);
    }
    known = states.size === shown.length ? states : undefined;
    return states;
  };

  const read = async (): Promise<ChannelStates> => {
    const states = await readSome();
    if (states.size === driver.channels) return states;
    const missing = Array.from({ length: driver.channels }, (_, channel) => channel).filter(
      (channel) => !states.has(channel),
    );
    throw new DriverFailed('read its channels', `channel ${missing.join(', ')} gives no answer`);
  };

  const write = async (changes: ChannelStates): Promise<void> => {
    if (changes.size > 0) await drive('switch its channels', () => driver.write(changes));
  };

  /** Reads back and compares. */
  const verify = async (expected: ChannelStates): Promise<void> => {
    const shown = await read();
    if (shown === expected) return;
    let different: Map<number, boolean> | undefined;
    for (const [channel, on] of expected)
      if (shown.get(channel) !== on) {
        different ??= new Map();
        different.set(channel, on);
      }
    if (different) throw new ReadBackDiffers(different);
  };

  /** Waits for the contacts that opened, if any of these loads had one. */
  const breakBefore = async (loads: readonly Load[]): Promise<void> => {
    if (!loads.some((load) => unbroken.has(load))) return;
    if (breakTime > 0) await pause(breakTime);
    unbroken.clear();
  };

  const states = (): ChannelStates => {
    if (!known) throw new StateUnknown();
    return known;
  };

  const off = (channels: readonly number[]): ChannelStates =>
    new Map(channels.map((channel) => [channel, false]));

  return {
    states,
    known: () => known,
    open: () => drive('open', () => driver.open()),
    close: () => drive('close', () => driver.close()),

    carryOut: async (plan, mayClose) => {
      // Something else may have moved a contact since: what was planned on a wrong state must not be carried out.
      await verify(states());
      const expected = new Map(states());
      if (plan.opening.size > 0) {
        for (const load of plan.broken) unbroken.add(load);
        for (const [channel, on] of plan.opening) expected.set(channel, on);
        await write(plan.opening);
        await verify(expected);
      }
      if (plan.closing.size > 0) {
        await breakBefore(plan.made);
        if (!mayClose()) return;
        for (const [channel, on] of plan.closing) expected.set(channel, on);
        await write(plan.closing);
        await verify(expected);
      }
    },

    release: async (groups) => {
      const loads = groups.flatMap((group) => group.load ?? []);
      const own = new Set(loads.flatMap((load) => load.own));
      const others = groups.flatMap((group) => group.channels.filter((channel) => !own.has(channel)));
      // Contacts that cannot be read count as closed: switching them off needs no reading, and it is read back below.
      const before = await readSome().catch(() => undefined);
      const mayFeed = (channels: readonly number[]): boolean =>
        channels.some((channel) => before?.get(channel) !== false);
      for (const load of loads)
        if (load.sellers.some((seller) => mayFeed(seller.channels))) unbroken.add(load);
      let failure: unknown;
      /** A part of the board that does not answer is no reason to leave the rest of it. */
      const attempt = async (changes: ChannelStates): Promise<void> => {
        try {
          await write(changes);
        } catch (error) {
          failure ??= error;
        }
      };
      await attempt(off(others));
      const between = await readSome();
      const isOff = (channel: number): boolean => between.get(channel) === false;
      const free = loads.filter((load) => load.sellers.every((seller) => seller.channels.every(isOff)));
      await breakBefore(free.filter((load) => !load.own.some(isOff)));
      await attempt(off(free.flatMap((load) => load.own)));
      if (failure !== undefined) {
        await readSome();
        throw failure;
      }
      await verify(off(groups.flatMap((group) => group.channels)));
    },

    refresh: async () => {
      const expected = states();
      const { refresh } = driver;
      if (refresh) await drive('keep its channels', () => refresh(expected));
      await verify(expected);
    },
  };
};
