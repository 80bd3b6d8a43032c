/** What is read of each part, and when it ails although it answers. */
import type { Address } from '@daisee/chain';
import { type Clock, createRhythm, type Duration, formatMicro, type Instant, Seconds } from '@daisee/units';
import type { AccountState, ChainState, PowerState, PurchaseState, SellerState, WiresState } from '../api.ts';
import type { Look } from './live.ts';
import type { AppAgent, AppHistory, AppLedger, AppMonitor, AppRelay, SourceWires } from './ports.ts';

/** What a chain that answers may take for a block before it counts as standing still. */
const BLOCK_LATE = Seconds(5 * 60);
/** Without news from the history the account is read again after so long all the same. */
const READ_EACH = Seconds(30);

const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z/, 'Z');

export interface ChainLookOptions {
  readonly ledger: AppLedger;
  readonly history: AppHistory;
  readonly clock: Clock;
  readonly pace: Clock;
  readonly account: Address;
}

/** The chain's look, and how to say that the books have changed. */
export const chainLook = (options: ChainLookOptions): Look & Required<Pick<Look, 'stale'>> => {
  const { ledger, history, clock, pace, account } = options;
  let client: string | undefined;
  let newest: { readonly number: number; readonly at: Instant } | undefined;
  let stale = true;
  let read = Number.NEGATIVE_INFINITY;
  /** Whether the books are read in this turn; decided with the block, which comes first. */
  let due = true;

  const chain = async (): Promise<ChainState> => {
    client ??= await ledger.client();
    newest = await ledger.block();
    due = stale || pace.now() - read >= READ_EACH;
    stale = false;
    return { client, block: newest.number, at: newest.at, read: (history.nextBlock ?? 0) - 1 };
  };
  /** What was read before holds as long as the chain answers and the history tells no news. */
  const whenDue = <T>(work: () => Promise<T>): (() => Promise<T | undefined>) => {
    let known: T | undefined;
    return async () => {
      if (!due) return known;
      try {
        known = await work();
        return known;
      } catch (error) {
        stale = true;
        throw error;
      }
    };
  };
  const accountState = async (): Promise<AccountState> => {
    const [balance, approved, consumed, produced] = await Promise.all([
      ledger.balance(account),
      ledger.coinAllowance(account),
      ledger.totalConsumption(account),
      ledger.production(account),
    ]);
    return {
      balance: formatMicro(balance),
      approved: formatMicro(approved),
      consumed: formatMicro(consumed),
      produced: formatMicro(produced),
    };
  };
  const purchases = async (): Promise<readonly PurchaseState[]> =>
    (await ledger.purchases(account)).map((row) => ({
      seller: row.seller,
      purchased: formatMicro(row.purchased),
      consumed: formatMicro(row.consumed),
      remain: formatMicro(row.allowance),
      overdrawn: formatMicro(row.overdrawn),
      owed: formatMicro(row.owed),
      delivered: formatMicro(row.delivered),
      spent: formatMicro(row.spent),
    }));
  const sellers = async (): Promise<readonly SellerState[]> => {
    const rows = await ledger.sellers();
    read = pace.now();
    return rows.map((row) => ({
      account: row.account,
      active: row.active,
      price: formatMicro(row.price),
      produced: formatMicro(row.produced),
      sold: formatMicro(row.taken),
      available: formatMicro(row.available),
    }));
  };
  return {
    part: 'chain',
    // In this order: the block says whether the rest is due.
    pieces: {
      chain,
      account: whenDue(accountState),
      purchases: whenDue(purchases),
      sellers: whenDue(sellers),
    },
    ails: () =>
      newest && clock.now() - newest.at > BLOCK_LATE
        ? {
            message: `The chain answers but has made no block since ${iso(newest.at)}. Are its validators running?`,
            code: 'app.chain-stands',
            values: { since: newest.at },
          }
        : undefined,
    stale: () => {
      stale = true;
    },
  };
};

export interface MonitorLookOptions {
  readonly monitor: AppMonitor;
  readonly clock: Clock;
  /** With no sample for longer the meter counts as silent. */
  readonly maxGap: Duration;
}

export const monitorLook = ({ monitor, clock, maxGap }: MonitorLookOptions): Look => {
  let last: number | undefined;
  const rhythm = createRhythm();
  const power = async (): Promise<PowerState | undefined> => {
    const sample = await monitor.latest();
    last = sample?.at;
    if (sample) rhythm.add(sample.at);
    return (
      sample && {
        at: sample.at,
        interval: rhythm.interval(),
        watts: sample.power,
        ...(sample.stateOfCharge === undefined ? {} : { stateOfCharge: sample.stateOfCharge }),
        ...(sample.voltage === undefined ? {} : { volts: sample.voltage }),
      }
    );
  };
  return {
    part: 'monitor',
    pieces: { power },
    ails: () => {
      if (last === undefined)
        return {
          message: 'The monitor answers but has no sample yet. Is its meter connected?',
          code: 'app.no-sample',
        };
      return clock.now() - last > maxGap
        ? {
            message: `The monitor answers but its meter has been silent since ${iso(last)}. Is it connected?`,
            code: 'app.meter-silent',
            values: { since: last },
          }
        : undefined;
    },
  };
};

export interface RelayLookOptions {
  readonly relay: AppRelay;
  readonly sources: readonly SourceWires[];
  readonly clock: Clock;
  readonly agent?: Pick<AppAgent, 'lastSwitch'>;
}

export const relayLook = ({ relay, sources, clock, agent }: RelayLookOptions): Look => {
  const channels = sources.flatMap((source) => source.channels);
  let feeding: string | undefined;
  let since: number | undefined;
  const wires = async (): Promise<WiresState> => {
    const states = await relay.read(channels);
    const shown = sources.map(({ source, name, channels: own }) => {
      const contacts = own.map((channel) => ({ channel, on: states.get(channel) ?? false }));
      // Its own source comes through normally closed contacts, a seller's through normally open ones.
      const feeds = contacts.some(({ on }) => on === (source !== 'own'));
      return { source, name, contacts, feeding: feeds };
    });
    const now = shown
      .filter((source) => source.feeding)
      .map(({ source }) => source)
      .join();
    if (feeding !== undefined && now !== feeding) since = clock.now();
    feeding = now;
    const last = agent?.lastSwitch();
    const from = last?.at ?? since;
    return {
      sources: shown,
      ...(from === undefined ? {} : { since: from }),
      ...(last?.why === undefined ? {} : { why: last.why }),
    };
  };
  return { part: 'relay', pieces: { wires } };
};
