/** The consumer: each period it measures, looks where it is, decides, and does it. Nothing that fails ends the loop. */
import { type Address, ContractRefused } from '@daisee/chain';
import {
  type Clock,
  DaiseeError,
  type Duration,
  Energy,
  Instant,
  type Percent,
  type Register,
  Seconds,
  sleepOrStop,
} from '@daisee/units';
import { createAccounts } from './accounts.ts';
import { decide, isFresh, wantsBooks } from './decide.ts';
import type { AgentEvent, Area } from './events.ts';
import { sellerOf } from './feed.ts';
import { createLane } from './lane.ts';
import { type Agent, createLife, type Session } from './life.ts';
import { createMetering, createMonitorTime } from './metering.ts';
import { noteErrors } from './notes.ts';
import type { AgentLedger, AgentMonitor, AgentRelay } from './ports.ts';
import { backOff } from './retry.ts';
import { type ConsumerRules, type ConsumerSettings, consumerRules } from './settings.ts';
import { isInDebt } from './purchasing.ts';
import type { Action, Freshness, Inputs, Market, Note, State } from './situation.ts';
import type { AgentStatus } from './status/status.ts';
import { type AgentStore, openAgentStore } from './store.ts';
import { AgentStoreError } from './store-row.ts';
import { createStays, HOUR } from './switch-limits.ts';
import { createSwitching } from './switching.ts';
import { createTroubles, type Troubles } from './troubles.ts';
import { type ConsumerWishes, wishedRules } from './wishes.ts';

export interface ConsumerOptions {
  readonly clock: Clock;
  readonly ledger: AgentLedger;
  readonly monitor: AgentMonitor;
  readonly relay: AgentRelay;
  /**
   * Reads the state of charge where the monitor's samples have none; undefined: not known now. What a DaiseeError that it
   * throws says is told as why it is not known.
   */
  readonly gauge?: () => Promise<Percent | undefined>;
  /** The agent's own SQLite file; made when it is not there. */
  readonly store: string;
  readonly settings: ConsumerSettings;
  /** What the person wishes instead, asked at every look. */
  readonly wishes?: () => ConsumerWishes;
  /** Where a new file's books begin: samples of the monitor from here on count. Default: the start. */
  readonly since?: Instant;
  readonly onEvent?: (event: AgentEvent) => void;
}

/** Rest is tried again this long after it failed, while stopping. */
const REST_AGAIN: Duration = Seconds(1);

const stateOf = (store: AgentStore, account: Address): State => {
  const { books, purchased, ownBase, journal, since } = store.kept();
  const registers = new Map<Address, Register>(
    [...books.totals].map(([origin, total]) => [origin, total.register]),
  );
  const lastSwitch = journal.at(-1)?.at;
  return {
    ...(books.integration.last ? { last: books.integration.last } : {}),
    peak: books.peak,
    drawn: Energy((registers.get(account) ?? ownBase) - ownBase),
    registers,
    purchased,
    ...(lastSwitch !== undefined && lastSwitch > since ? { lastSwitch } : {}),
  };
};

const openSession = (options: ConsumerOptions, rules: ConsumerRules, account: Address): Session => {
  const { clock, ledger, monitor, relay, gauge } = options;
  let lastSwitch: AgentStatus['lastSwitch'];
  let charge: Percent | undefined;
  const emit = (event: AgentEvent): void => {
    if (event.type === 'switched') {
      lastSwitch = { at: event.at, why: event.why };
      stays.switched(event.at, event.from, ['allowance-used', 'next-seller'].includes(event.why));
    }
    options.onEvent?.(event);
  };
  const time = createMonitorTime(clock, monitor);
  const { now } = time;
  const troubles: Troubles = createTroubles(now, emit);
  const store = openAgentStore(
    options.store,
    {
      role: 'consumer',
      account,
      exchange: ledger.exchange,
      chainId: ledger.chainId,
      firstBlock: ledger.firstBlock,
    },
    options.since ?? clock.now(),
  );
  const metering = createMetering({
    time,
    monitor,
    store,
    rule: { sign: 'load', maxGap: rules.maxGap },
    withCharge: rules.fuelgauge,
    troubles,
    emit,
    onEnergy: (at, origin, energy, register) =>
      emit({ type: 'consumed-locally', at, origin, energy, register }),
  });
  const switching = createSwitching({ relay, store, rules, account, clock, now, emit, troubles });
  const lane = createLane({ clock, period: rules.period, now, troubles, settle: () => accounts.prepare() });
  const accounts = createAccounts({ ledger, account, rules, store, now, emit, mined: lane.mined });
  const refusals = new Map<Address, { readonly failures: number; readonly until: number }>();
  const stays = createStays(rules.minStay);
  /** Why the gauge does not know the state of charge. */
  let gaugeSays: string | undefined;
  let unsettled = { failures: 0, until: 0 };

  const avoided = (): ReadonlySet<Address> => {
    const refused = [...refusals].filter(([, { until }]) => until > now()).map(([seller]) => seller);
    return new Set([...switching.avoided(), ...refused]);
  };

  const stateOfCharge = async (): Promise<Percent | undefined> => {
    const fresh = metering.charge();
    gaugeSays = undefined;
    if (fresh && now() - fresh.at <= rules.maxGap) return fresh.value;
    if (!gauge) return undefined;
    try {
      const value = await gauge();
      troubles.end('gauge');
      if (value !== undefined) emit({ type: 'soc', at: now(), stateOfCharge: value });
      return value;
    } catch (error) {
      if (error instanceof DaiseeError) gaugeSays = error.message;
      else troubles.begin('gauge', error);
      return undefined;
    }
  };

  /** Of the power, or of the state of charge where that came with a sample and is older. */
  const measured = (): Freshness => {
    const power = metering.measured('power');
    const charge = rules.fuelgauge ? metering.measured('charge') : undefined;
    if (charge?.age === undefined || power.age === undefined) return power;
    const late = ({ age, interval }: Freshness) => (age ?? 0) / (interval ?? 1);
    return late(charge) > late(power) ? charge : power;
  };

  /** Reads from the ledger; undefined, and told, when that fails. */
  const fromLedger = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await read();
      if (lane.inFlight() !== 'unsettled') troubles.end('ledger');
      return value;
    } catch (error) {
      if (error instanceof AgentStoreError) throw error;
      troubles.begin('ledger', error);
      return undefined;
    }
  };

  const pay = async (order: Extract<Action, { type: 'buy' | 'settle' }>): Promise<void> => {
    await accounts.report();
    // The report took blocks, and the meter may have fallen silent meanwhile: it is decided anew then.
    if (order.type === 'buy' && !isFresh({ measured: measured() })) return;
    try {
      await (order.type === 'buy' ? accounts.buy(order) : accounts.settle(order));
      refusals.delete(order.seller);
    } catch (error) {
      if (error instanceof ContractRefused) {
        const failures = (refusals.get(order.seller)?.failures ?? 0) + 1;
        refusals.set(order.seller, { failures, until: now() + 2 * backOff(rules.period, failures) });
      }
      throw error;
    }
  };

  const carryOut = async (action: Action): Promise<void> => {
    switch (action.type) {
      case 'switch':
        await switching.switchTo(action.to, action.why);
        break;
      case 'buy':
      case 'settle':
        lane.run('purchase', 'purchase', () => pay(action));
        break;
      case 'report':
        lane.run('report', 'report', accounts.report);
        break;
      case 'ask':
      case 'note':
        break;
    }
  };

  const nameOf = (seller: string): string => sellerOf(rules, seller as Address)?.name ?? seller;

  const tellNotes = (actions: readonly Action[], isWanting: boolean): void => {
    const notes = actions.filter((action) => action.type === 'note');
    const told = new Map(
      notes.map((note) => [
        note.note,
        noteErrors(note, { account, nameOf, maxGap: rules.maxGap, gaugeSays }),
      ]),
    );
    const tell = (area: Area, ...kinds: readonly Note['note'][]): boolean => {
      const error = kinds.map((kind) => told.get(kind)).find((one) => one !== undefined);
      if (error) troubles.begin(area, error);
      return error !== undefined;
    };
    if (!tell('charge', 'charge-unknown', 'measurement-old')) troubles.end('charge');
    if (!tell('wear', 'switched-often')) troubles.end('wear');
    const buys = actions.some(({ type }) => type === 'buy');
    if (!tell('market', 'no-purchase') && (!isWanting || buys)) troubles.end('market');
    const owes = isInDebt(stateOf(store, account), rules);
    if (!tell('debt', 'debt') && !owes) troubles.end('debt');
    if (told.has('debt')) {
      const failures = unsettled.failures + 1;
      unsettled = { failures, until: now() + backOff(rules.period, failures) };
    } else if (!owes) unsettled = { failures: 0, until: 0 };
  };

  const period = async (): Promise<void> => {
    const wishes = options.wishes?.() ?? {};
    const wished = wishedRules(rules, wishes);
    lane.tick();
    if (accounts.reported() || store.kept().books.totals.size > 0) await metering.collect();
    const feed = await switching.look();
    charge = rules.fuelgauge ? await stateOfCharge() : undefined;
    const inputs: Inputs = {
      now: now(),
      feed,
      measured: measured(),
      ...(charge === undefined ? {} : { stateOfCharge: charge }),
      inFlight: lane.inFlight(),
      ...optional('reported', accounts.reported()),
      ...optional('reportedAt', accounts.reportedAt()),
      confirmation: lane.confirmation(),
      avoided: avoided(),
      resting: stays.resting(now()),
      switches: store
        .sources(Instant(now() - HOUR), Instant(now() + 1))
        // The first was in force already.
        .slice(1)
        .map((turn) => turn.at),
      settles: now() >= unsettled.until,
      heldOnOwn: wishes.ownUntil !== undefined && wishes.ownUntil > now(),
    };
    const isWanting = wantsBooks(stateOf(store, account), inputs, wished);
    const areBooksRead = isWanting && (await fromLedger(accounts.readBooks));
    const state = stateOf(store, account);
    let actions = decide(state, inputs, wished);
    // On books that are not current nothing is bought.
    if (areBooksRead && actions.some(({ type }) => type === 'ask')) {
      const market: Market | undefined = await fromLedger(accounts.readMarket);
      if (market) actions = decide(state, { ...inputs, market }, wished);
    }
    for (const action of actions) await carryOut(action);
    tellNotes(actions, isWanting);
  };

  const rest = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      if ((await switching.look()) === 'own' || (await switching.switchTo('own', 'stopping'))) return;
      await sleepOrStop(clock, REST_AGAIN, signal);
    }
  };

  return {
    describe: () => {
      const { books, journal, since } = store.kept();
      const turn = journal.at(-1);
      return {
        role: 'consumer',
        account,
        measuredAt: books.integration.last?.at,
        stateOfCharge: charge,
        contacts: switching.seen(),
        lastSwitch: lastSwitch ?? (turn && turn.at > since ? { at: turn.at } : undefined),
      };
    },
    sources: store.sources,
    period,
    every: rules.period,
    look: switching.look,
    settled: async () => {
      lane.tick();
      await clock.aside(lane.idle);
      return lane.failure();
    },
    troubles,
    emit,
    now,
    steps: {
      relay: rest,
      samples: metering.collect,
      ledger: async () => {
        await clock.aside(lane.idle);
        if (lane.inFlight() === 'unsettled') await accounts.prepare();
        await accounts.report();
        await ledger.settle();
      },
    },
    close: store.close,
  };
};

const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;

/** A consumer: takes energy from its own source, and when that runs low buys it from a seller and switches over. */
export const createConsumer = (options: ConsumerOptions): Agent =>
  createLife(options.clock, options.ledger, (account) =>
    openSession(options, consumerRules(options.settings), account),
  );
