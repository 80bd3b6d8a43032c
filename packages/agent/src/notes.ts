/** Why the consumer does not do what would be due. */
import type { Address } from '@daisee/chain';
import type { Decline } from '@daisee/market';
import { DaiseeError } from '@daisee/units';

/** No state of charge with the samples, and none from a gauge. */
export class ChargeUnknown extends DaiseeError {
  constructor(maxGap: number) {
    super({
      code: 'agent.charge-unknown',
      message: `The state of charge is unknown: no reading in the last ${maxGap / 1000} s. Nothing is bought meanwhile. Check the gauge, or set fuelgauge: false.`,
      retryable: true,
      values: { maxGap },
    });
  }
}

const meanings: Readonly<Record<Decline['reason'], string>> = {
  'not-selling': 'sells nothing at present',
  'above-price-cap': 'is dearer than the price cap',
  'sold-out': 'has no energy left to sell that would do',
  'over-budget': 'costs more than is left of the day’s budget',
  'out-of-coins': 'costs more coins than there are',
};

/** Energy is needed, and no seller can be bought from. */
export class NoPurchase extends DaiseeError {
  constructor(account: Address, declined: readonly (Decline & { readonly name: string })[]) {
    const reasons = new Set(declined.map((one) => one.reason));
    const [only] = reasons;
    const list = declined.map((one) => `${one.name} ${meanings[one.reason]}`).join(', ');
    const remedy = reasons.has('out-of-coins')
      ? ` Give ${account} coins with "daisee token transfer" or "daisee token mint".`
      : '';
    super({
      code: only !== undefined && reasons.size === 1 ? `agent.${only}` : 'agent.no-purchase',
      message: `No energy can be bought: ${list === '' ? 'every seller refused lately' : list}.${remedy}`,
      retryable: true,
      values: { declined: declined.map(({ seller, reason }) => ({ seller, reason })) },
    });
  }
}
