/** The single-line diagram: sources on the left, relay contacts in the middle, the load on the right. */
import { useEffect, useState } from 'preact/hooks';
import type { Identity, PowerState, SourceState, SwitchReason, WiresState } from '../../src/api.ts';
import { age, percent, watts } from '../format.ts';
import { communityNow } from '../store.ts';
import { say, type Word } from '../words/words.ts';
import { colorOf } from './colors.ts';

const ROW = 92;
const CONTACT_WIDTH = 56;

/** Where things stand from left to right; a phone has less room between them. */
interface Layout {
  readonly width: number;
  readonly sourceEnd: number;
  readonly contact: number;
  readonly bus: number;
  readonly load: number;
  /** Of words from the edge of their box. */
  readonly inset: number;
}
const WIDE: Layout = { width: 640, sourceEnd: 190, contact: 300, bus: 440, load: 500, inset: 14 };
const NARROW: Layout = { width: 360, sourceEnd: 134, contact: 148, bus: 228, load: 244, inset: 8 };
const PHONE = '(max-width: 34rem)';

export const useLayout = (): Layout => {
  const [narrow, setNarrow] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const media = matchMedia(PHONE);
    const onChange = (): void => setNarrow(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, []);
  return narrow ? NARROW : WIDE;
};

const REASONS: Readonly<Record<SwitchReason, Word>> = {
  'below-limit': 'whyBelowLimit',
  recovered: 'whyRecovered',
  'next-seller': 'whyNextSeller',
  'allowance-used': 'whyAllowanceUsed',
  'no-measurement': 'whyNoMeasurement',
  disorder: 'whyDisorder',
  held: 'whyHeld',
  observed: 'whyObserved',
  stopping: 'whyStopping',
};

/** A contact is closed when its source is on the load through it. */
const isClosed = (source: SourceState, on: boolean): boolean => on === (source.source !== 'own');

const nameOf = (source: SourceState): string => (source.source === 'own' ? say('ownSource') : source.name);

/** The power that is drawn, with its age where it is not of now. */
const drawnWatts = ({ watts: power, at }: PowerState, measured: boolean): string =>
  measured ? watts(power) : say('wattsAgo', { watts: watts(power), age: age(communityNow() - at) });

/** What the picture shows, for those who do not see it. */
const wiresInWords = (wires: WiresState, drawn: string | undefined): string => {
  const feeding = wires.sources.filter((source) => source.feeding);
  const [one] = feeding;
  if (!one) return say('feedsNone');
  if (feeding.length > 1) return say('feedsTwo');
  return say('feeds', { source: nameOf(one), watts: drawn ?? '?' });
};

/** A name in a box: one that is longer ends in dots. */
export const Name = ({
  x,
  y,
  end,
  name,
}: {
  readonly x: number;
  readonly y: number;
  /** Where its box ends. */
  readonly end: number;
  readonly name: string;
}) => (
  <foreignObject x={x} y={y - 20} width={end - x - 6} height="22">
    <div class="name" dir="auto" title={name}>
      {name}
    </div>
  </foreignObject>
);

const Contacts = ({
  source,
  y,
  x,
}: {
  readonly source: SourceState;
  readonly y: number;
  readonly x: number;
}) => {
  const closed = source.contacts.every(({ on }) => isClosed(source, on));
  const channels = source.contacts.map(({ channel }) => channel).join(', ');
  const lever = closed ? `L${x + CONTACT_WIDTH} ${y}` : `L${x + CONTACT_WIDTH - 8} ${y - 26}`;
  return (
    <g class={closed ? 'contact closed' : 'contact'}>
      <circle cx={x} cy={y} r="4" />
      <circle cx={x + CONTACT_WIDTH} cy={y} r="4" />
      <path d={`M${x} ${y}${lever}`} />
      <text x={x + CONTACT_WIDTH / 2} y={y + 22} text-anchor="middle">
        {say('contact', { channel: channels })}
      </text>
      <text x={x + CONTACT_WIDTH / 2} y={y + 38} text-anchor="middle" class="dim">
        {say(closed ? 'closed' : 'open')}
      </text>
    </g>
  );
};

export const Wires = ({
  wires,
  power,
  identity,
  stale,
  measured,
}: {
  readonly wires: WiresState;
  readonly power: PowerState | undefined;
  readonly identity: Identity;
  /** The contacts are not known any more. */
  readonly stale: boolean;
  /** The power is of now. */
  readonly measured: boolean;
}) => {
  const rows = wires.sources.map((source, i) => ({ source, y: 50 + i * ROW }));
  const height = 20 + rows.length * ROW;
  const middle = (50 + (rows.at(-1)?.y ?? 50)) / 2;
  const drawn = power && drawnWatts(power, measured);
  const words = wiresInWords(wires, drawn);
  const layout = useLayout();
  const two = wires.sources.filter(({ feeding }) => feeding).length > 1;
  return (
    <figure class={stale ? 'wires stale' : 'wires'}>
      <svg viewBox={`0 0 ${layout.width} ${height}`} role="img" aria-label={words}>
        {rows.map(({ source, y }) => {
          const style = { stroke: source.feeding ? colorOf(source.source, identity) : undefined };
          const flows = source.feeding && !stale && measured && (power?.watts ?? 0) > 0;
          return (
            <g key={source.source} class={source.feeding ? 'wire feeding' : 'wire'}>
              <path d={`M${layout.sourceEnd} ${y}H${layout.contact}`} style={style} />
              <path d={`M${layout.contact + CONTACT_WIDTH} ${y}H${layout.bus}V${middle}`} style={style} />
              {flows && (
                <path
                  class="flow"
                  d={`M${layout.sourceEnd} ${y}H${layout.bus}V${middle}H${layout.load}`}
                  style={{ stroke: colorOf(source.source, identity) }}
                />
              )}
              <rect
                x="2"
                y={y - 32}
                width={layout.sourceEnd - 2}
                height="64"
                rx="10"
                class="box"
                style={style}
              />
              <Name x={2 + layout.inset} y={y} end={layout.sourceEnd} name={nameOf(source)} />
              <text x={2 + layout.inset} y={y + 16} class="dim">
                {source.source === 'own' && power?.stateOfCharge !== undefined
                  ? `${say('battery')} ${percent(power.stateOfCharge, 1)}`
                  : source.feeding && drawn
                    ? drawn
                    : '–'}
              </text>
              <Contacts source={source} y={y} x={layout.contact} />
            </g>
          );
        })}
        <g class="wire feeding">
          <path d={`M${layout.bus} ${middle}H${layout.load}`} class="bus" />
          <circle cx={layout.bus} cy={middle} r="5" class="joint" />
          <rect
            x={layout.load}
            y={middle - 32}
            width={layout.width - layout.load - 2}
            height="64"
            rx="10"
            class="box"
          />
          <Name x={layout.load + layout.inset} y={middle} end={layout.width} name={say('load')} />
          <text x={layout.load + layout.inset} y={middle + 16} class="dim">
            {drawn ?? '–'}
          </text>
        </g>
      </svg>
      <figcaption class={two ? 'bad' : ''}>
        {words}
        {wires.why !== undefined && <span class="note"> {say(REASONS[wires.why])}</span>}
      </figcaption>
    </figure>
  );
};
