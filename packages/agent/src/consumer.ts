/** The consumer: each period it measures, looks where it is, decides, and does it. Nothing that fails ends the loop. */
import { type Address, ContractRefused } from '@daisee/chain';
import {
  type Clock,
  type Duration,
  Energy,
  type Instant,
  type Percent,
  type Register,
  Seconds,
  sleepOrStop,
} from '@daisee/units';
import { createAccounts } from './accounts.ts';
import { type Action, decide, type Inputs, type Market, type State, wantsBooks } from './decide.ts';
import type { AgentEvent } from './events.ts';
import { sellerOf } from './feed.ts';
import { createLane } from './lane.ts';
import { type Agent, createLife, type Session } from './life.ts';
import { createMetering, createMonitorTime } from './metering.ts';
import { ChargeUnknown, NoPurchase } from './notes.ts';
import type { AgentLedger, AgentMonitor, AgentRelay } from './ports.ts';
import { type ConsumerRules, type ConsumerSettings, consumerRules } from './settings.ts';
import { type AgentStore, openAgentStore } from './store.ts';
import { AgentStoreError } from './store-row.ts';
import { backOff, createSwitching } from './switching.ts';
import { createTroubles, type Troubles } from './troubles.ts';
import { type ConsumerWishes, wishedRules } from './wishes.ts';

export interface ConsumerOptions {
  readonly clock: Clock;
  readonly ledger: AgentLedger;
  readonly monitor: AgentMonitor;
  readonly relay: AgentRelay;
  /** Reads the state of charge where the monitor's samples have none; undefined: not known now. */
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
  const emit = (event: AgentEvent): void => options.onEvent?.(event);
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
  const switching = createSwitching({ relay, store, rules, account, now, emit, troubles });
  const lane = createLane({ clock, period: rules.period, now, troubles, settle: () => accounts.prepare() });
  const accounts = createAccounts({ ledger, account, rules, store, now, emit, mined: lane.mined });
  const refusals = new Map<Address, { readonly failures: number; readonly until: number }>();

  const avoided = (): ReadonlySet<Address> => {
    const refused = [...refusals].filter(([, { until }]) => until > now()).map(([seller]) => seller);
    return new Set([...switching.avoided(), ...refused]);
  };

  const stateOfCharge = async (): Promise<Percent | undefined> => {
    const fresh = metering.charge();
    if (fresh && now() - fresh.at <= rules.maxGap) return fresh.value;
    if (!gauge) return undefined;
    try {
      const value = await gauge();
      troubles.end('gauge');
      if (value !== undefined) emit({ type: 'soc', at: now(), stateOfCharge: value });
      return value;
    } catch (error) {
      troubles.begin('gauge', error);
      return undefined;
    }
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

  const buy = async (order: Extract<Action, { type: 'buy' }>): Promise<void> => {
    await accounts.report();
    try {
      await accounts.buy(order);
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
        lane.run('purchase', 'purchase', () => buy(action));
        break;
      case 'report':
        lane.run('report', 'report', accounts.report);
        break;
      case 'ask':
      case 'note':
        break;
    }
  };

  const tellNotes = (actions: readonly Action[], isWanting: boolean): void => {
    const notes = actions.filter((action) => action.type === 'note');
    if (notes.some(({ note }) => note === 'charge-unknown'))
      troubles.begin('charge', new ChargeUnknown(rules.maxGap));
    else troubles.end('charge');
    const none = notes.find((action) => action.note === 'no-purchase');
    if (none) {
      const declined = none.declined.map((one) => ({
        ...one,
        name: sellerOf(rules, one.seller as Address)?.name ?? one.seller,
      }));
      troubles.begin('market', new NoPurchase(account, declined));
    } else if (!isWanting || actions.some(({ type }) => type === 'buy')) troubles.end('market');
  };

  const period = async (): Promise<void> => {
    const wishes = options.wishes?.() ?? {};
    const wished = wishedRules(rules, wishes);
    lane.tick();
    if (accounts.reported() || store.kept().books.totals.size > 0) await metering.collect();
    const feed = await switching.look();
    const charge = rules.fuelgauge ? await stateOfCharge() : undefined;
    const inputs: Inputs = {
      now: now(),
      feed,
      ...(charge === undefined ? {} : { stateOfCharge: charge }),
      inFlight: lane.inFlight(),
      ...optional('reported', accounts.reported()),
      ...optional('reportedAt', accounts.reportedAt()),
      confirmation: lane.confirmation(),
      avoided: avoided(),
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
