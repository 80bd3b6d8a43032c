/** The ledger's history as rows of the table. */
import type { HistoryEvent, HistoryFact } from '@daisee/chain';
import { formatMicro } from '@daisee/units';
import type { Transaction } from '../api.ts';

type Details = Omit<Transaction, 'position' | 'block' | 'at' | 'hash' | 'type'>;

/** Who, from or to whom, and how much. Energy goes from its origin to its consumer, coins from payer to payee. */
const detailsOf = (fact: HistoryFact): Details => {
  switch (fact.type) {
    case 'produced':
      return { from: fact.node, energy: formatMicro(fact.energy) };
    case 'consumed':
    case 'overdrawn':
      return { from: fact.origin, to: fact.consumer, energy: formatMicro(fact.energy) };
    case 'bought':
    case 'debtPaid':
      return {
        from: fact.seller,
        to: fact.buyer,
        energy: formatMicro(fact.energy),
        coins: formatMicro(fact.cost),
      };
    case 'transferred':
      return { from: fact.from, to: fact.to, coins: formatMicro(fact.amount) };
    case 'approved':
      return { from: fact.owner, to: fact.spender, coins: formatMicro(fact.amount) };
    case 'nodeRegistered':
      return { to: fact.node, price: formatMicro(fact.price) };
    case 'nodeRemoved':
    case 'meterKeyChanged':
    case 'meterReplaced':
    case 'nodeRestored':
      return { to: fact.node };
    case 'registerCorrected':
      return { to: fact.node, energy: formatMicro(fact.register) };
    case 'delivered':
      return { from: fact.seller, to: fact.buyer, energy: formatMicro(fact.energy) };
    case 'disputed':
      return { from: fact.seller, to: fact.buyer, energy: formatMicro(fact.delivered) };
    case 'tradeRestored':
      return { from: fact.seller, to: fact.buyer, energy: formatMicro(fact.purchased) };
    case 'termsChanged':
      return {};
    case 'priceChanged':
      return { from: fact.seller, price: formatMicro(fact.price) };
    default:
      return { from: fact.by };
  }
};

export const transactionOf = (event: HistoryEvent): Transaction => ({
  position: event.position,
  block: event.block,
  at: event.at,
  hash: event.hash,
  type: event.type,
  ...detailsOf(event),
});
