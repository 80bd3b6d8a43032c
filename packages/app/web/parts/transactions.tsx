/** v0.2's table of energy transactions, with a kind that can be read at a glance. */
import type { Identity, Transaction } from '../../src/api.ts';
import { approval, coins, energy, instant, who } from '../format.ts';
import { communityNow } from '../store.ts';
import { say, type Word } from '../words/words.ts';

export const kindName = (type: Transaction['type']): string => say(`${type}_` satisfies Word);

const amountOf = ({ type, energy: wattHours, coins: amount, price }: Transaction): string => {
  const parts: string[] = [];
  if (wattHours !== undefined) parts.push(energy(wattHours));
  if (amount !== undefined)
    parts.push(`${type === 'approved' ? approval(amount) : coins(amount)} ${say('balance').toLowerCase()}`);
  if (price !== undefined && type !== 'nodeRegistered')
    parts.push(`${coins(price)} ${say('balance').toLowerCase()}/Wh`);
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
            <th scope="col" class="number block">
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
              <td class="number block">{one.block}</td>
              <td>{instant(one.at, now)}</td>
              <td>{kindName(one.type)}</td>
              <td title={one.from}>{who(one.from, identity)}</td>
              <td title={one.to}>{who(one.to, identity)}</td>
              <td class="number">{amountOf(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};
