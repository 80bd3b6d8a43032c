/** Whether an overloaded community's books are right at its end: late is allowed, wrong is not. */
import type { Ledger } from '@daisee/chain';
import type { MemberPlan } from './plan.ts';

const wattHours = (micro: bigint): string => `${Number(micro) / 1e6} Wh`;

export interface BooksOptions {
  readonly ledger: Pick<Ledger, 'balance' | 'production' | 'consumption' | 'purchases'>;
  readonly members: readonly MemberPlan[];
  /** What the member's meter measured, µWh. */
  readonly measured: (member: MemberPlan) => bigint;
  /** Coins before. */
  readonly coins: bigint;
}

/**
 * What is wrong, a sentence each. A consumer's registers by origin carry a remainder each, so their sum may lie below
 * its meter's by 1 µWh for each origin.
 */
export const wrongBooks = async (options: BooksOptions): Promise<readonly string[]> => {
  const { ledger, members, measured } = options;
  const wrong: string[] = [];
  let coins = 0n;
  for (const member of members) {
    const { account, seller } = member;
    const meter = measured(member);
    coins += await ledger.balance(account);
    if (!seller) {
      const produced = await ledger.production(account);
      if (produced !== meter)
        wrong.push(`${account} produced ${wattHours(meter)}, the ledger has ${wattHours(produced)}.`);
      continue;
    }
    const own = await ledger.consumption(account, account);
    const [row] = await ledger.purchases(account);
    const bought = row?.consumed ?? 0n;
    const missing = meter - own - bought;
    if (missing < 0n || missing > 2n)
      wrong.push(
        `${account} consumed ${wattHours(meter)}, the ledger has ${wattHours(own)} of its own and ${wattHours(bought)} of its seller.`,
      );
    if (row && row.purchased !== row.consumed + row.allowance - row.overdrawn)
      wrong.push(
        `${account} bought ${wattHours(row.purchased)}, but used ${wattHours(row.consumed)}, has ${wattHours(row.allowance)} left and ${wattHours(row.overdrawn)} overdrawn.`,
      );
    const produced = await ledger.production(seller.account);
    if ((row?.purchased ?? 0n) > produced)
      wrong.push(`${seller.account} sold more than the ${wattHours(produced)} that it produced.`);
  }
  if (coins !== options.coins) wrong.push(`There are ${coins} µ coins and were ${options.coins}.`);
  return wrong;
};
