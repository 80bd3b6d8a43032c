/** Energy between nodes: origins on the left, consumers on the right, each band as wide as its energy. */
import type { Community, Identity } from '../../src/api.ts';
import { energy, who } from '../format.ts';
import { say } from '../words/words.ts';
import { colorOf } from './colors.ts';
import { largest, type Party, REST } from './largest.ts';
import { useWidth } from './width.ts';

const WIDTH = 640;
/** Below this width names stand on the bands, not beside them. */
const NARROW = 480;
/** Of all bands of a side together. */
const BANDS = 200;
const BAR = 14;
const BESIDE = 150;
const SPACE = 14;
const EDGE = 10;
/** Two lines of text: no band is so thin that its words would lie over those of the next. */
const LABEL = 36;
const LONGEST_NAME = 16;
/** Bands on each side; in a large community the smallest are one. */
const MOST_BANDS = 12;

interface Side {
  readonly account: Party;
  readonly total: number;
  readonly top: number;
  readonly height: number;
}

const heightOf = (totals: ReadonlyMap<Party, number>, scale: number): number =>
  [...totals.values()].reduce((sum, total) => sum + Math.max(LABEL, total * scale) + SPACE, -SPACE);

const placed = (
  totals: ReadonlyMap<Party, number>,
  scale: number,
  within: number,
): ReadonlyMap<Party, Side> => {
  const sides = new Map<Party, Side>();
  let slot = (within - heightOf(totals, scale)) / 2;
  for (const [account, total] of totals) {
    const height = Math.max(3, total * scale);
    const room = Math.max(LABEL, height);
    sides.set(account, { account, total, top: slot + (room - height) / 2, height });
    slot += room + SPACE;
  }
  return sides;
};

const Label = ({
  side: { top, height, total },
  name,
  x,
  anchor,
}: {
  readonly side: Side;
  readonly name: string;
  readonly x: number;
  readonly anchor: 'start' | 'end';
}) => {
  // By signs, of which none is cut in two.
  const signs = Array.from(name);
  return (
    <>
      <text x={x} y={top + height / 2 - 3} text-anchor={anchor}>
        {signs.length > LONGEST_NAME ? `${signs.slice(0, LONGEST_NAME - 1).join('')}…` : name}
      </text>
      <text x={x} y={top + height / 2 + 14} text-anchor={anchor} class="dim">
        {energy(total)}
      </text>
    </>
  );
};

export const Flows = ({
  community,
  identity,
}: {
  readonly community: Community;
  readonly identity: Identity;
}) => {
  const [width, ref] = useWidth(WIDTH);
  const flows = largest(community.flows, identity.address, MOST_BANDS).filter(({ consumed }) => consumed > 0);
  if (flows.length === 0) return <p class="note">{say('flowsNone')}</p>;
  const from = new Map<Party, number>();
  const to = new Map<Party, number>();
  let whole = 0;
  for (const flow of flows) {
    from.set(flow.origin, (from.get(flow.origin) ?? 0) + flow.consumed);
    to.set(flow.consumer, (to.get(flow.consumer) ?? 0) + flow.consumed);
    whole += flow.consumed;
  }
  const scale = BANDS / whole;
  const height = Math.max(heightOf(from, scale), heightOf(to, scale)) + 2 * EDGE;
  const origins = placed(from, scale, height);
  const consumers = placed(to, scale, height);
  const narrow = width < NARROW;
  const left = narrow ? 0 : BESIDE;
  const right = width - left;
  const used = new Map<string, number>();
  const next = (side: string, top: number, height: number): number => {
    const begin = used.get(side) ?? top;
    used.set(side, begin + height);
    return begin;
  };
  const nameOf = (party: Party): string => (party === REST ? say('others') : who(party, identity));
  const sourceOf = ({ origin, consumer }: (typeof flows)[number]): string => {
    if (origin === identity.address && consumer === origin) return say('myOwnSource');
    return origin === consumer && origin !== REST ? say('ownSource') : nameOf(origin);
  };
  const colorFor = (party: Party): string => (party === REST ? 'var(--ink-dim)' : colorOf(party, identity));
  const words = flows.map((flow) =>
    say('flowText', {
      consumer: nameOf(flow.consumer),
      energy: energy(flow.consumed),
      origin: sourceOf(flow),
    }),
  );
  return (
    <figure ref={ref}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        class={narrow ? 'flows narrow' : 'flows'}
        role="img"
        aria-label={words.join('; ')}
      >
        {flows.map((flow, i) => {
          const origin = origins.get(flow.origin);
          const consumer = consumers.get(flow.consumer);
          if (!origin || !consumer) return null;
          const thick = Math.max(1.5, flow.consumed * scale);
          const a = next(`from ${flow.origin}`, origin.top, thick) + thick / 2;
          const b = next(`to ${flow.consumer}`, consumer.top, thick) + thick / 2;
          const middle = width / 2;
          return (
            <path
              key={`${flow.origin} ${flow.consumer}`}
              d={`M${left + BAR} ${a}C${middle} ${a} ${middle} ${b} ${right - BAR} ${b}`}
              style={{ stroke: colorFor(flow.origin), strokeWidth: thick }}
            >
              <title>{words[i]}</title>
            </path>
          );
        })}
        {[...origins.values()].map((side) => (
          <g key={side.account}>
            <rect
              x={left}
              y={side.top}
              width={BAR}
              height={side.height}
              style={{ fill: colorFor(side.account) }}
            />
            <Label
              side={side}
              name={side.account === identity.address ? say('myOwnSource') : nameOf(side.account)}
              x={narrow ? left + BAR + 6 : left - 8}
              anchor={narrow ? 'start' : 'end'}
            />
          </g>
        ))}
        {[...consumers.values()].map((side) => (
          <g key={side.account}>
            <rect x={right - BAR} y={side.top} width={BAR} height={side.height} class="bar" />
            <Label
              side={side}
              name={nameOf(side.account)}
              x={narrow ? right - BAR - 6 : right + 8}
              anchor={narrow ? 'end' : 'start'}
            />
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
