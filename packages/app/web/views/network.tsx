import { useState } from 'preact/hooks';
import type { Community } from '../../src/api.ts';
import { useAsked } from '../asked.ts';
import { age, energy, perWattHour, who } from '../format.ts';
import { Card, Freshness } from '../parts/card.tsx';
import { Flows } from '../parts/flows.tsx';
import { HealthTable } from '../parts/health.tsx';
import { communityNow, isFresh, usePage } from '../store.ts';
import { say, type Word } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const DAY = 24 * 3_600_000;
const STRETCHES: readonly (readonly [Word, number])[] = [
  ['day', DAY],
  ['week', 7 * DAY],
  ['month', 30 * DAY],
  ['ever', Number.POSITIVE_INFINITY],
];
/** How often flows are asked for again (real ms). */
const AGAIN = 10_000;
/** One answer may fail before they are no longer live. */
const FRESH = 25_000;

export const Network = ({ identity }: ViewProps) => {
  const { live, connected } = usePage();
  const [stretch, setStretch] = useState(DAY);
  const chain = live?.chain;
  const { known, isAnswer } = useAsked<Community>(
    'community',
    String(stretch),
    () => {
      const to = Math.round(communityNow());
      return { from: stretch === Number.POSITIVE_INFINITY ? 0 : to - stretch, to };
    },
    AGAIN,
  );
  const asked = isAnswer ? known : undefined;
  const community = asked?.value;
  const staleness = isFresh(asked, FRESH) ? '' : 'stale';
  return (
    <>
      <Card
        title={say('health')}
        side={!connected && live && <Freshness known={{ value: live.health, seen: live.now }} />}
      >
        <HealthTable />
      </Card>
      <Card title={say('chain')} side={<Freshness known={chain} />}>
        <dl class={isFresh(chain) ? 'facts' : 'facts stale'}>
          <dt>{say('chainId')}</dt>
          <dd>{identity.chainId}</dd>
          <dt>{say('client')}</dt>
          <dd>{chain?.value.client ?? '–'}</dd>
          <dt>{say('latestBlock')}</dt>
          <dd>
            {chain
              ? `${chain.value.block} (${say('age', { age: age(communityNow() - chain.value.at) })})`
              : '–'}
          </dd>
          <dt>{say('exchangeContract')}</dt>
          <dd>
            <code>{identity.exchange}</code>
          </dd>
          <dt>{say('coinContract')}</dt>
          <dd>
            <code>{identity.coin}</code>
          </dd>
        </dl>
      </Card>
      <Card
        title={say('flows')}
        wide
        side={
          <div class="choices">
            <Freshness known={asked} within={FRESH} />
            {STRETCHES.map(([word, one]) => (
              <button key={word} type="button" aria-pressed={one === stretch} onClick={() => setStretch(one)}>
                {say(word)}
              </button>
            ))}
          </div>
        }
      >
        <div class={staleness}>{community && <Flows community={community} identity={identity} />}</div>
      </Card>
      <Card title={say('community')} wide side={<Freshness known={asked} within={FRESH} />}>
        <div class="scrolls">
          <table class={staleness}>
            <thead>
              <tr>
                <th scope="col">{say('node')}</th>
                <th scope="col">{say('what')}</th>
                <th scope="col" class="number">
                  {say('producedHead')}
                </th>
                <th scope="col" class="number">
                  {say('consumed')}
                </th>
                <th scope="col" class="number">
                  {say('sold')}
                </th>
                <th scope="col" class="number">
                  {say('sells')}
                </th>
                <th scope="col" class="number">
                  {say('asks')}
                </th>
              </tr>
            </thead>
            <tbody>
              {community?.nodes.map((node) => (
                <tr key={node.account} class={node.active ? '' : 'dim'}>
                  <td title={node.account} data-label={say('node')}>
                    {who(node.account, identity)}
                  </td>
                  <td data-label={say('what')}>{node.active ? say(node.kind) : say('removed')}</td>
                  <td class="number" data-label={say('producedHead')}>
                    {energy(node.produced)}
                  </td>
                  <td class="number" data-label={say('consumed')}>
                    {energy(node.consumed)}
                  </td>
                  <td class="number" data-label={say('sold')}>
                    {node.sold === undefined ? '–' : energy(node.sold)}
                  </td>
                  <td class="number" data-label={say('sells')}>
                    {node.available === undefined ? '–' : energy(node.available)}
                  </td>
                  <td class="number" data-label={say('asks')}>
                    {node.price === undefined ? '–' : perWattHour(node.price)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
    </>
  );
};
