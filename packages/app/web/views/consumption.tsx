import { useState } from 'preact/hooks';
import type { Address, Consumption as ConsumptionAnswer, Identity } from '../../src/api.ts';
import { useAsked } from '../asked.ts';
import { day, energy, inCoins, month, percent, who } from '../format.ts';
import { Card, Freshness, LiveTile } from '../parts/card.tsx';
import { colorOf } from '../parts/colors.ts';
import { useWidth } from '../parts/width.ts';
import { communityNow, isFresh } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const PERIODS = ['day', 'week', 'month'] as const;
type Period = (typeof PERIODS)[number];

/** How often it is asked for again (real ms). */
const AGAIN = 30_000;
/** One answer may fail before it is no longer live. */
const FRESH = 75_000;

const WIDTH = 640;
const HEIGHT = 200;
const FOOT = 22;
const HEAD = 12;
/** For what stands beside the y axis. */
const AXIS = 66;

/** The lines of a y axis from zero on: two to four steps of 1, 2 or 5 times a power of ten. */
const ticksUpTo = (highest: number): readonly number[] => {
  const power = 10 ** Math.floor(Math.log10(highest / 2));
  const step = [5, 2, 1].map((one) => one * power).find((one) => highest / one >= 2) ?? power;
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, i) => i * step);
};

/** The reader's day, week (from its Monday) or month around an instant, moved by so many of them. */
const stretchOf = (period: Period, around: number, moved: number): { from: number; to: number } => {
  const date = new Date(around);
  date.setHours(0, 0, 0, 0);
  if (period === 'month') {
    const from = new Date(date.getFullYear(), date.getMonth() + moved, 1);
    return { from: from.getTime(), to: new Date(from.getFullYear(), from.getMonth() + 1, 1).getTime() };
  }
  const days = period === 'week' ? 7 : 1;
  const back = period === 'week' ? (date.getDay() + 6) % 7 : 0;
  const from = new Date(date.getFullYear(), date.getMonth(), date.getDate() - back + moved * days);
  const to = new Date(from.getFullYear(), from.getMonth(), from.getDate() + days);
  return { from: from.getTime(), to: to.getTime() };
};

const barName = (period: Period, at: number): string =>
  period === 'day' ? String(new Date(at).getHours()) : String(new Date(at).getDate());

const Bars = ({
  answer,
  period,
  identity,
}: {
  readonly answer: ConsumptionAnswer;
  readonly period: Period;
  readonly identity: Identity;
}) => {
  const { bars } = answer;
  const [width, ref] = useWidth(WIDTH);
  const highest = Math.max(0, ...bars.map((bar) => Number(bar.energy ?? 0))) || 1;
  const step = (width - AXIS) / Math.max(1, bars.length);
  const high = (value: number): number => (value / highest) * (HEIGHT - FOOT - HEAD);
  const label = say('bars', { step: say(period === 'day' ? 'hour' : 'day').toLowerCase() });
  return (
    <figure ref={ref}>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} class="bars" role="img" aria-label={label}>
        {ticksUpTo(highest).map((tick) => (
          <g key={tick} class="tick">
            <path d={`M${AXIS - 6} ${HEIGHT - FOOT - high(tick)}H${width}`} />
            <text x={AXIS - 10} y={HEIGHT - FOOT - high(tick) + 4} text-anchor="end" class="dim">
              {energy(tick)}
            </text>
          </g>
        ))}
        {bars.map((bar, i) => {
          const whole = Number(bar.energy ?? 0);
          const origins = Object.entries(bar.origins);
          const reported = origins.reduce((sum, [, wattHours]) => sum + Number(wattHours), 0);
          let top = HEIGHT - FOOT;
          const title = [
            period === 'day' ? `${barName(period, bar.from)} h` : day(bar.from),
            bar.energy === null ? '–' : energy(bar.energy),
            ...origins.map(
              ([origin, wattHours]) => `${who(origin as Address, identity)}: ${energy(wattHours)}`,
            ),
            ...(Number(bar.cost) > 0 ? [`${say('cost')}: ${inCoins(bar.cost)}`] : []),
          ].join('\n');
          // The meter says how much, the ledger whose: the parts share out what was measured.
          const parts = reported > 0 ? origins : whole > 0 ? [[identity.address, String(whole)]] : [];
          return (
            <g key={bar.from}>
              <title>{title}</title>
              <rect x={AXIS + i * step} y="0" width={step} height={HEIGHT - FOOT} class="under" />
              {parts.map(([origin = '', wattHours = '0']) => {
                const height = high((Number(wattHours) / (reported || whole)) * whole);
                top -= height;
                return (
                  <rect
                    key={origin}
                    x={AXIS + i * step + step * 0.12}
                    y={top}
                    width={step * 0.76}
                    height={height}
                    style={{ fill: colorOf(origin, identity) }}
                  />
                );
              })}
              {(bars.length < 16 || i % 3 === 0) && (
                <text x={AXIS + (i + 0.5) * step} y={HEIGHT - 6} text-anchor="middle" class="dim">
                  {barName(period, bar.from)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
};

const Shares = ({
  answer,
  identity,
}: {
  readonly answer: ConsumptionAnswer;
  readonly identity: Identity;
}) => {
  const whole = Number(answer.consumed);
  const rows = Object.entries(answer.origins);
  if (whole === 0 || rows.length === 0) return null;
  return (
    <Card title={say('shares')} wide>
      <ul class="shares">
        {rows.map(([origin, wattHours]) => (
          <li key={origin}>
            <span class="swatch" style={{ background: colorOf(origin, identity) }} aria-hidden="true" />
            <strong>
              {origin === identity.address ? say('ownSource') : who(origin as Address, identity)}
            </strong>
            <span>
              {energy(wattHours)} · {percent((Number(wattHours) / whole) * 100, 1)}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
};

export const Consumption = ({ identity }: ViewProps) => {
  const [period, setPeriod] = useState<Period>('day');
  const [moved, setMoved] = useState(0);
  const { from, to } = stretchOf(period, communityNow(), moved);
  const { known, isAnswer } = useAsked<ConsumptionAnswer>(
    'consumption',
    `${period} ${from}`,
    () => ({
      from,
      to,
      step: period === 'day' ? 'PT1H' : 'P1D',
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
    AGAIN,
  );
  const asked = isAnswer ? known : undefined;
  const answer = asked?.value;
  const live = { known: asked, within: FRESH };
  const side = (
    <div class="choices">
      <Freshness {...live} />
      {PERIODS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === period}
          onClick={() => {
            setPeriod(one);
            setMoved(0);
          }}
        >
          {say(one)}
        </button>
      ))}
    </div>
  );
  const measured = answer?.bars.reduce((sum, bar) => sum + Number(bar.energy ?? 0), 0) ?? 0;
  return (
    <>
      <Card title={say(identity.kind === 'consumer' ? 'consumption' : 'production')} side={side} wide>
        <div class="choices">
          <button type="button" onClick={() => setMoved(moved - 1)}>
            ← {say('earlier')}
          </button>
          <strong>
            {period === 'month'
              ? month(from)
              : period === 'week'
                ? `${day(from)} – ${day(to - 1)}`
                : day(from)}
          </strong>
          <button type="button" disabled={moved >= 0} onClick={() => setMoved(moved + 1)}>
            {say('later')} →
          </button>
        </div>
        {answer && measured === 0 && <p class="note">{say('nothingMeasured')}</p>}
        {answer && (
          <div class={isFresh(asked, FRESH) ? '' : 'stale'}>
            <Bars answer={answer} period={period} identity={identity} />
          </div>
        )}
      </Card>
      {answer && (
        <div class="tiles">
          <LiveTile {...live} label={say('measured')} text={() => energy(measured)} />
          {identity.kind === 'consumer' ? (
            <LiveTile {...live} label={say('cost')} text={({ cost }) => inCoins(cost)} />
          ) : (
            <LiveTile {...live} label={say('earned')} text={({ earned }) => inCoins(earned)} />
          )}
          {answer.selfSufficiency !== null && (
            <LiveTile
              {...live}
              label={say('selfSufficiency')}
              text={({ selfSufficiency }) => percent((selfSufficiency ?? 0) * 100, 1)}
              note={say('selfSufficiencyHelp')}
            />
          )}
          {answer.selfConsumption !== null && (
            <LiveTile
              {...live}
              label={say('selfConsumption')}
              text={({ selfConsumption }) => percent((selfConsumption ?? 0) * 100, 1)}
              note={say('selfConsumptionHelp')}
            />
          )}
        </div>
      )}
      {answer && <Shares answer={answer} identity={identity} />}
    </>
  );
};
