/** A producer's single-line diagram: its source, its meter, and those who take what it sells. */
import type { AccountState, Identity, PowerState, SellerState } from '../../src/api.ts';
import { energy, percent, watts } from '../format.ts';
import { say } from '../words/words.ts';
import { colorOf } from './colors.ts';
import { Name, useLayout } from './wires.tsx';

const Y = 50;
const BELOW = 142;

export const Line = ({
  power,
  own,
  account,
  identity,
  stale,
}: {
  readonly power: PowerState | undefined;
  /** What it sells, as the ledger has it. */
  readonly own: SellerState | undefined;
  readonly account: AccountState | undefined;
  readonly identity: Identity;
  readonly stale: boolean;
}) => {
  const layout = useLayout();
  const color = { stroke: colorOf('own', identity) };
  const meter = (layout.sourceEnd + layout.bus) / 2;
  const produced = power ? watts(power.watts) : '?';
  const words = say('sellsInWords', {
    name: identity.name,
    watts: produced,
    sold: own ? energy(own.sold) : '?',
    available: own ? energy(own.available) : '?',
  });
  // It has a load of its own where the ledger says that it used some of what it produced.
  const used = Number(account?.consumed ?? 0) > 0 ? account?.consumed : undefined;
  const box = (y: number) => (
    <rect x={layout.load} y={y - 32} width={layout.width - layout.load - 2} height="64" rx="10" class="box" />
  );
  return (
    <figure class={stale ? 'wires stale' : 'wires'}>
      <svg
        viewBox={`0 0 ${layout.width} ${used === undefined ? 100 : BELOW + 40}`}
        role="img"
        aria-label={words}
      >
        <g class="wire feeding">
          <path d={`M${layout.sourceEnd} ${Y}H${layout.load}`} style={color} />
          {!stale && (power?.watts ?? 0) > 0 && (
            <path class="flow" d={`M${layout.sourceEnd} ${Y}H${layout.load}`} style={color} />
          )}
          <rect x="2" y={Y - 32} width={layout.sourceEnd - 2} height="64" rx="10" class="box" style={color} />
          <Name x={2 + layout.inset} y={Y} end={layout.sourceEnd} name={say('ownSource')} />
          <text x={2 + layout.inset} y={Y + 16} class="dim">
            {power?.stateOfCharge === undefined
              ? produced
              : `${say('battery')} ${percent(power.stateOfCharge, 1)}`}
          </text>
          <circle cx={meter} cy={Y} r="13" class="box" />
          <text x={meter} y={Y + 5} text-anchor="middle" class="dim">
            W
          </text>
          <text x={meter} y={Y - 20} text-anchor="middle" class="dim">
            {produced}
          </text>
          <text x={meter} y={Y + 32} text-anchor="middle" class="dim">
            {say('meter')}
          </text>
          {box(Y)}
          <Name x={layout.load + layout.inset} y={Y} end={layout.width} name={say('neighbours')} />
          <text x={layout.load + layout.inset} y={Y + 16} class="dim">
            {own ? energy(own.sold) : '–'}
          </text>
          {used !== undefined && (
            <>
              <path d={`M${layout.bus} ${Y}V${BELOW}H${layout.load}`} class="bus" />
              <circle cx={layout.bus} cy={Y} r="5" class="joint" />
              {box(BELOW)}
              <Name x={layout.load + layout.inset} y={BELOW} end={layout.width} name={say('ownLoad')} />
              <text x={layout.load + layout.inset} y={BELOW + 16} class="dim">
                {energy(used)}
              </text>
            </>
          )}
        </g>
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
};
