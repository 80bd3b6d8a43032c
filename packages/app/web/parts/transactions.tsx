/** v0.2's table of energy transactions, with a kind that can be read at a glance. */
import type { Identity, Transaction } from '../../src/api.ts';
import { approval, energy, inCoins, instant, perWattHour, who } from '../format.ts';
import { communityNow } from '../store.ts';
import { say, type Word } from '../words/words.ts';

export const kindName = (type: Transaction['type']): string => say(`${type}_` satisfies Word);

const amountOf = ({ type, energy: wattHours, coins: amount, price }: Transaction): string => {
  const parts: string[] = [];
  if (wattHours !== undefined) parts.push(energy(wattHours));
  if (amount !== undefined)
    parts.push(type === 'approved' ? say('coins', { amount: approval(amount) }) : inCoins(amount));
  if (price !== undefined && type !== 'nodeRegistered') parts.push(perWattHour(price));
  return parts.join(' · ');
};

export const TransactionTable = ({
  transactions,
  identity,
}: {
  readonly transactions: readonly Transaction[];
  readonly identity: Identity;
}) => {
  const now = communityNow();
  if (transactions.length === 0) return <p class="note">{say('noTransactions')}</p>;
  return (
    <div class="scrolls">
      <table class="transactions">
        <thead>
          <tr>
            <th scope="col" class="number">
              {say('block')}
            </th>
            <th scope="col">{say('time')}</th>
            <th scope="col">{say('what')}</th>
            <th scope="col">{say('from')}</th>
            <th scope="col">{say('to')}</th>
            <th scope="col" class="number">
              {say('amount')}
            </th>
          </tr>
        </thead>
        <tbody>
          {transactions.map((one) => (
            <tr key={one.position} class={`kind-${one.type}`} title={one.hash}>
              <td class="number" data-label={say('block')}>
                {one.block}
              </td>
              <td data-label={say('time')}>{instant(one.at, now)}</td>
              <td class="kind" data-label={say('what')}>
                {kindName(one.type)}
              </td>
              <td title={one.from} data-label={say('from')}>
                {who(one.from, identity)}
              </td>
              <td title={one.to} data-label={say('to')}>
                {who(one.to, identity)}
              </td>
              <td class="number amount" data-label={say('amount')}>
                {amountOf(one)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
