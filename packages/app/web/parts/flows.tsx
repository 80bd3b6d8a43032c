/** Energy between nodes: origins on the left, consumers on the right, each band as wide as its energy. */
import type { Address, Community, Identity } from '../../src/api.ts';
import { energy, who } from '../format.ts';
import { say } from '../words/words.ts';
import { colorOf } from './colors.ts';

const WIDTH = 640;
const HEIGHT = 260;
const BAR = 14;
const LEFT = 150;
const RIGHT = WIDTH - 150;
const SPACE = 18;

interface Side {
  readonly account: Address;
  readonly total: number;
  readonly top: number;
  readonly height: number;
}

const placed = (totals: ReadonlyMap<Address, number>, scale: number): ReadonlyMap<Address, Side> => {
  const sides = new Map<Address, Side>();
  let top = 10;
  for (const [account, total] of totals) {
    const height = Math.max(3, total * scale);
    sides.set(account, { account, total, top, height });
    top += height + SPACE;
  }
  return sides;
};

export const Flows = ({
  community,
  identity,
}: {
  readonly community: Community;
  readonly identity: Identity;
}) => {
  const flows = community.flows.filter(({ consumed }) => Number(consumed) > 0);
  if (flows.length === 0) return <p class="note">{say('flowsNone')}</p>;
  const from = new Map<Address, number>();
  const to = new Map<Address, number>();
  let whole = 0;
  for (const flow of flows) {
    const value = Number(flow.consumed);
    from.set(flow.origin, (from.get(flow.origin) ?? 0) + value);
    to.set(flow.consumer, (to.get(flow.consumer) ?? 0) + value);
    whole += value;
  }
  const scale = (HEIGHT - 20 - SPACE * (Math.max(from.size, to.size) - 1)) / whole;
  const origins = placed(from, scale);
  const consumers = placed(to, scale);
  const used = new Map<string, number>();
  const next = (side: string, top: number, height: number): number => {
    const begin = used.get(side) ?? top;
    used.set(side, begin + height);
    return begin;
  };
  const words = flows.map((flow) =>
    say('flowText', {
      consumer: who(flow.consumer, identity),
      energy: energy(flow.consumed),
      origin: flow.origin === flow.consumer ? say('ownSource') : who(flow.origin, identity),
    }),
  );
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} class="flows" role="img" aria-label={words.join('; ')}>
        {flows.map((flow, i) => {
          const origin = origins.get(flow.origin);
          const consumer = consumers.get(flow.consumer);
          if (!origin || !consumer) return null;
          const height = Math.max(1.5, Number(flow.consumed) * scale);
          const a = next(`from ${flow.origin}`, origin.top, height) + height / 2;
          const b = next(`to ${flow.consumer}`, consumer.top, height) + height / 2;
          const middle = (LEFT + RIGHT) / 2;
          return (
            <path
              key={`${flow.origin} ${flow.consumer}`}
              d={`M${LEFT + BAR} ${a}C${middle} ${a} ${middle} ${b} ${RIGHT - BAR} ${b}`}
              style={{ stroke: colorOf(flow.origin, identity), strokeWidth: height }}
            >
              <title>{words[i]}</title>
            </path>
          );
        })}
        {[...origins.values()].map(({ account, top, height, total }) => (
          <g key={account}>
            <rect x={LEFT} y={top} width={BAR} height={height} style={{ fill: colorOf(account, identity) }} />
            <text x={LEFT - 8} y={top + height / 2} text-anchor="end">
              {who(account, identity)}
            </text>
            <text x={LEFT - 8} y={top + height / 2 + 16} text-anchor="end" class="dim">
              {energy(total)}
            </text>
          </g>
        ))}
        {[...consumers.values()].map(({ account, top, height, total }) => (
          <g key={account}>
            <rect x={RIGHT - BAR} y={top} width={BAR} height={height} class="bar" />
            <text x={RIGHT + 8} y={top + height / 2}>
              {who(account, identity)}
            </text>
            <text x={RIGHT + 8} y={top + height / 2 + 16} class="dim">
              {energy(total)}
            </text>
          </g>
        ))}
      </svg>
      <ul class="unseen">
        {words.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </figure>
  );
};
