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
   * Looks whether all is as it was, and only then lets the driver renew what its devices would undo by themselves.
   * @throws DriverFailed, ReadBackDiffers
   */
  refresh(): Promise<void>;
}

export const createContacts = (options: ContactsOptions): Contacts => {
  const { driver, wiring, breakTime, pause, onMoved } = options;
  /** As each channel was last seen, whatever failed since. */
  const seen: (boolean | undefined)[] = [];
  /** All of `seen` is what the last call to the driver left. */
  let isKnown = false;
  /** The same as a map, once it was asked for: boards are switched more often than looked at as a whole. */
  let asMap: ChannelStates | undefined;

  const known = (): ChannelStates | undefined => {
    if (!isKnown) return undefined;
    asMap ??= new Map(seen.entries() as Iterable<[number, boolean]>);
    return asMap;
  };

  /** Loads that lost a source and have had no break time since; nothing may be closed for them before. */
  const unbroken = new Set<Load>(wiring.loads);

  const drive = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (cause) {
      isKnown = false;
      throw new DriverFailed(action, cause);
    }
  };

  /** What every channel shows; undefined for one that cannot be read. */
  const readSome = async (): Promise<readonly (boolean | undefined)[]> => {
    const shown = await drive('read its channels', () => driver.read());
    if (shown.length !== driver.channels) {
      isKnown = false;
      throw new DriverFailed(
        'read its channels',
        `it shows ${shown.length} channels instead of ${driver.channels}`,
      );
    }
    isKnown = true;
    for (const [channel, on] of shown.entries()) {
      const before = seen[channel];
      if (on === undefined) isKnown = false;
      if (on === undefined || before === on) continue;
      seen[channel] = on;
      asMap = undefined;
      if (before !== undefined) onMoved?.(channel);
    }
    return shown;
  };

  const read = async (): Promise<readonly (boolean | undefined)[]> => {
    const shown = await readSome();
    if (isKnown) return shown;
    const missing = [...shown.keys()].filter((channel) => shown[channel] === undefined);
    throw new DriverFailed('read its channels', `channel ${missing.join(', ')} gives no answer`);
  };

  const write = async (changes: ChannelStates): Promise<void> => {
    if (changes.size > 0) await drive('switch its channels', () => driver.write(changes));
  };

  /** Reads back and compares, channel by channel; what is not expected (undefined) may show anything. */
  const verify = async (expected: readonly (boolean | undefined)[]): Promise<void> => {
    const shown = await read();
    const different = new Map<number, boolean>();
    for (const [channel, on] of expected.entries())
      if (on !== undefined && shown[channel] !== on) different.set(channel, on);
    if (different.size > 0) throw new ReadBackDiffers(different);
  };

  /** Waits for the contacts that opened, if any of these loads had one. */
  const breakBefore = async (loads: readonly Load[]): Promise<void> => {
    if (!loads.some((load) => unbroken.has(load))) return;
    if (breakTime > 0) await pause(breakTime);
    unbroken.clear();
  };

  const states = (): ChannelStates => {
    const all = known();
    if (!all) throw new StateUnknown();
    return all;
  };

  const off = (channels: readonly number[]): ChannelStates =>
    new Map(channels.map((channel) => [channel, false]));

  return {
    states,
    known,
    open: () => drive('open', () => driver.open()),
    close: () => drive('close', () => driver.close()),

    carryOut: async (plan, mayClose) => {
      // Something else may have moved a contact since: what was planned on a wrong state must not be carried out.
      if (!isKnown) throw new StateUnknown();
      const expected = [...seen];
      await verify(expected);
      const expect = (changes: ChannelStates): void => {
        for (const [channel, on] of changes) expected[channel] = on;
      };
      if (plan.opening.size > 0) {
        for (const load of plan.broken) unbroken.add(load);
        expect(plan.opening);
        await write(plan.opening);
        await verify(expected);
      }
      if (plan.closing.size > 0) {
        await breakBefore(plan.made);
        if (!mayClose()) return;
        expect(plan.closing);
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
        channels.some((channel) => before?.[channel] !== false);
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
      const isOff = (channel: number): boolean => between[channel] === false;
      const free = loads.filter((load) => load.sellers.every((seller) => seller.channels.every(isOff)));
      await breakBefore(free.filter((load) => !load.own.some(isOff)));
      await attempt(off(free.flatMap((load) => load.own)));
      if (failure !== undefined) {
        await readSome();
        throw failure;
      }
      const expected: (boolean | undefined)[] = [];
      for (const group of groups) for (const channel of group.channels) expected[channel] = false;
      await verify(expected);
    },

    refresh: async () => {
      const kept = states();
      const expected = [...seen];
      // Before anything is told again: what went off meanwhile would be switched on without a break, in any order.
      await verify(expected);
      const { refresh } = driver;
      if (!refresh) return;
      await drive('keep its channels', () => refresh(kept));
      await verify(expected);
    },
  };
};
