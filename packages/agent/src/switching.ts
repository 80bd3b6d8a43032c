/** What the relay shows and what is ordered of it, with a journal on disk that survives a kill at any point between. */
import type { Address } from '@daisee/chain';
import { type Clock, DaiseeError, Duration, Instant, steadyNow } from '@daisee/units';
import type { AgentEvent } from './events.ts';
import {
  type ChannelStates,
  channelsOf,
  type Feed,
  feedOf,
  orderFor,
  type Source,
  sellerOf,
} from './feed.ts';
import type { AgentRelay } from './ports.ts';
import type { Change } from './kept.ts';
import { backOff } from './retry.ts';
import type { ConsumerRules } from './settings.ts';
import type { SwitchReason } from './situation.ts';
import type { SeenContacts } from './status/status.ts';
import type { AgentStore } from './store.ts';
import type { Troubles } from './troubles.ts';

/** The relay answered an order with False. */
class OrderRefused extends DaiseeError {
  constructor(target: string, order: ChannelStates) {
    const text = [...order].map(([channel, on]) => `${channel} ${on ? 'on' : 'off'}`).join(', ');
    super({
      code: 'agent.order-refused',
      message: `The relay refused to switch to ${target} (channels ${text}). Check that it has these channels and knows the wiring; it is asked again later.`,
      retryable: true,
      values: { target, order: [...order] },
    });
  }
}

/** The relay answered True, and its channels show something else. */
class OrderNotObeyed extends DaiseeError {
  constructor(target: string, shown: Feed) {
    super({
      code: 'agent.order-not-obeyed',
      message: `The relay acknowledged the switch to ${target}, and its channels show ${shown}. Check the board; it is asked again later.`,
      retryable: true,
      values: { target, shown },
    });
  }
}

type Why = SwitchReason | 'observed' | 'stopping';

export interface Switching {
  /** Renews the relay's lease, reads it (which renews v0.2's) and brings the journal in line with what it shows. */
  readonly look: () => Promise<Feed>;
  /** What the relay showed when it was last read. */
  readonly seen: () => SeenContacts | undefined;
  /** Orders a source and reads back. True once the relay shows it. */
  readonly switchTo: (target: Source, why: Why) => Promise<boolean>;
  /** Sellers that the relay would not switch to lately. */
  readonly avoided: () => ReadonlySet<Address>;
}

export interface SwitchingOptions {
  readonly relay: AgentRelay;
  readonly store: AgentStore;
  readonly rules: ConsumerRules;
  readonly account: Address;
  readonly clock: Clock;
  /** On the monitor's clock. */
  readonly now: () => Instant;
  readonly emit: (event: AgentEvent) => void;
  readonly troubles: Troubles;
}

export const createSwitching = (options: SwitchingOptions): Switching => {
  const { relay, store, rules, account, clock, now, emit, troubles } = options;
  let states: ChannelStates | undefined;
  let contacts: (Omit<SeenContacts, 'age'> & { readonly readAt: Duration }) | undefined;
  let pendingWhy: Why | undefined;
  const channels = channelsOf(rules);
  const refusals = new Map<Source, { readonly failures: number; readonly until: number }>();

  const originOf = (source: Source): Address => (source === 'own' ? account : source);
  const sourceOf = (origin: Address | undefined): Source =>
    origin === undefined || origin === account ? 'own' : origin;
  const nameOf = (source: Source): string => sellerOf(rules, source)?.name ?? 'its own source';

  const refuse = (target: Source): void => {
    const failures = (refusals.get(target)?.failures ?? 0) + 1;
    refusals.set(target, { failures, until: now() + backOff(rules.period, failures) });
  };

  const read = async (): Promise<Feed> => {
    try {
      states = await relay.read(channels);
    } catch (error) {
      troubles.begin('relay', error);
      return 'unknown';
    }
    troubles.end('relay');
    const feed = feedOf(rules, states);
    contacts = { readAt: steadyNow(clock), states, feed };
    return feed;
  };

  /** What cannot be renewed shows in the reading that follows: the relay is away, or its loads have gone to rest. */
  const renew = async (): Promise<void> => {
    try {
      await relay.renew?.(channels);
    } catch (error) {
      troubles.begin('relay', error);
    }
  };

  /** Writes that `target` feeds the node from `at` on, and that no order is open any more. */
  const enter = (target: Source, at: Instant, from: Feed, why: Why): void => {
    const { books, journal } = store.kept();
    const origin = originOf(target);
    // Never before what is shared out already, nor before the turn it follows.
    const earliest = Math.max(books.integration.last?.at ?? 0, journal.at(-1)?.at ?? 0);
    const instant = Instant(Math.round(Math.max(at, earliest)));
    const changes = journal.at(-1)?.origin !== origin;
    const own = books.totals.get(account)?.register;
    const change: Change = {
      order: undefined,
      ...(changes ? { turn: { at: instant, origin } } : {}),
      ...(changes && target === 'own' && own !== undefined ? { ownBase: own } : {}),
    };
    store.commit(change);
    pendingWhy = undefined;
    emit({ type: 'switched', at: instant, from, to: target, channels: states ?? new Map(), why });
  };

  const reconcile = (shown: Source): void => {
    const { order, journal } = store.kept();
    const believed = sourceOf(journal.at(-1)?.origin);
    // An order of which no acknowledgement was seen, before a kill or in a lost reply, was carried out after all.
    if (order && originOf(shown) === order.origin && shown !== believed)
      enter(shown, order.at, believed, pendingWhy ?? 'observed');
    else if (shown !== believed) enter(shown, now(), believed, 'observed');
    else if (order) store.commit({ order: undefined });
  };

  return {
    seen: () => {
      if (!contacts) return undefined;
      const { readAt, ...shown } = contacts;
      return { ...shown, age: Duration(steadyNow(clock) - readAt) };
    },

    avoided: () => {
      return new Set(
        rules.sellers
          .map((seller) => seller.account)
          .filter((seller) => (refusals.get(seller)?.until ?? 0) > now()),
      );
    },

    look: async () => {
      await renew();
      const feed = await read();
      if (feed !== 'unknown' && feed !== 'disordered') reconcile(feed);
      return feed;
    },

    switchTo: async (target, why) => {
      const from = states ? feedOf(rules, states) : 'unknown';
      const order = orderFor(rules, target, states);
      store.commit({ order: { at: now(), origin: originOf(target) } });
      pendingWhy = why;
      let acknowledged: boolean;
      try {
        acknowledged = await relay.order(order, `${nameOf(target)}: ${why}`);
      } catch (error) {
        troubles.begin('relay', error);
        refuse(target);
        return false;
      }
      const at = now();
      if (!acknowledged) {
        troubles.begin('order', new OrderRefused(nameOf(target), order));
        refuse(target);
        return false;
      }
      const shown = await read();
      if (shown === 'unknown') return false;
      if (shown !== target) {
        troubles.begin('order', new OrderNotObeyed(nameOf(target), shown));
        refuse(target);
        return false;
      }
      enter(target, at, from, why);
      refusals.clear();
      troubles.end('order');
      return true;
    },
  };
};
