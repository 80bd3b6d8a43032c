import { energy, inCoins, perWattHour, who } from '../format.ts';
import { Card, Freshness } from '../parts/card.tsx';
import { colorOf } from '../parts/colors.ts';
import { isFresh, usePage } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

export const Purchases = ({ identity }: ViewProps) => {
  const { live } = usePage();
  const known = live?.purchases;
  const rows = known?.value ?? [];
  return (
    <Card title={say('purchases')} side={<Freshness known={known} />} wide>
      {known && rows.length === 0 && (
        <p class="note">{say(identity.kind === 'consumer' ? 'noPurchases' : 'noPurchasesProducer')}</p>
      )}
      {rows.length > 0 && (
        <div class="scrolls">
          <table class={isFresh(known) ? 'purchases' : 'purchases stale'}>
            <thead>
              <tr>
                <th scope="col" class="number">
                  {say('number')}
                </th>
                <th scope="col">{say('from')}</th>
                <th scope="col" class="number">
                  {say('consumed')}
                </th>
                <th scope="col" class="number">
                  {say('remain')}
                </th>
                <th scope="col" class="number">
                  {say('total')}
                </th>
                <th scope="col" class="number">
                  {say('meanPrice')}
                </th>
                <th scope="col" class="number">
                  {say('cost')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => (
                <tr key={row.seller}>
                  <td class="number" data-label={say('number')}>
                    {i + 1}
                  </td>
                  <td title={row.seller} data-label={say('from')}>
                    {who(row.seller, identity)}
                    <progress
                      style={{ accentColor: colorOf(row.seller, identity) }}
                      max={Math.max(Number(row.purchased), 1e-6)}
                      value={Number(row.remain)}
                      aria-label={say('remainOf', {
                        remain: energy(row.remain),
                        total: energy(row.purchased),
                      })}
                    />
                  </td>
                  <td class="number" data-label={say('consumed')}>
                    {energy(row.consumed)}
                  </td>
                  <td class="number" data-label={say('remain')}>
                    {energy(row.remain)}
                    {Number(row.overdrawn) > 0 && (
                      <span class="bad">
                        {' '}
                        {say('overdrawn')} {energy(row.overdrawn)}
                      </span>
                    )}
                  </td>
                  <td class="number" data-label={say('total')}>
                    {energy(row.purchased)}
                  </td>
                  <td class="number" data-label={say('meanPrice')}>
                    {Number(row.purchased) > 0 ? perWattHour(Number(row.spent) / Number(row.purchased)) : '–'}
                  </td>
                  <td class="number" data-label={say('cost')}>
                    {inCoins(row.spent)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
};
