/** What the person whose node it is may change while the agent runs: asked at every look. */
import type { Coin, Energy, Instant, Percent, Price } from '@daisee/units';
import type { ConsumerRules } from './settings.ts';

/** Instead of what the settings say, where given. */
export interface ConsumerWishes {
  /** Percent with a fuel gauge, watt-hours without. */
  readonly limit?: number;
  readonly delta?: Energy;
  readonly resume?: Percent;
  /** null: any price. */
  readonly priceCap?: Price | null;
  /** null: all there is. */
  readonly budgetPerDay?: Coin | null;
  /** Until then it stays on its own source, whatever its charge. */
  readonly ownUntil?: Instant;
}

export interface ProducerWishes {
  readonly price?: Price;
}

/** The rules as wished. */
export const wishedRules = (rules: ConsumerRules, wishes: ConsumerWishes): ConsumerRules => {
  const { limit, delta, resume, priceCap, budgetPerDay } = wishes;
  const { priceCap: ruledCap, budgetPerDay: ruledBudget, ...rest } = rules;
  const cap = priceCap === undefined ? ruledCap : (priceCap ?? undefined);
  const budget = budgetPerDay === undefined ? ruledBudget : (budgetPerDay ?? undefined);
  return {
    ...rest,
    ...(limit === undefined ? {} : { limit }),
    ...(delta === undefined ? {} : { delta }),
    ...(resume === undefined ? {} : { resume }),
    ...(cap === undefined ? {} : { priceCap: cap }),
    ...(budget === undefined ? {} : { budgetPerDay: budget }),
  };
};
