import type { ComponentChildren } from 'preact';
import type { Known, PowerState } from '../../src/api.ts';
import { age, instant } from '../format.ts';
import { communityNow, isFresh, isMeasured } from '../store.ts';
import { say } from '../words/words.ts';

/** A titled part of a place. */
export const Card = ({
  title,
  side,
  wide = false,
  children,
}: {
  readonly title: string;
  readonly side?: ComponentChildren;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) => (
  <section class={wide ? 'card wide' : 'card'} aria-label={title}>
    <header>
      <h2>{title}</h2>
      {side}
    </header>
    {children}
  </section>
);

/** "live", or when a value was last known. */
export const Freshness = ({
  known,
  within,
}: {
  readonly known: Known<unknown> | undefined;
  /** Real ms after which it is no longer live. */
  readonly within?: number | undefined;
}) => {
  if (!known) return <span class="fresh stale">{say('never')}</span>;
  if (isFresh(known, within)) return <span class="fresh">{say('live')}</span>;
  return <span class="fresh stale">{say('lastSeen', { time: instant(known.seen, communityNow()) })}</span>;
};

/** "live" for what the meter says now; how old it is, when the meter is silent; when it was last seen, when nobody answers. */
export const Measured = ({ power }: { readonly power: Known<PowerState> | undefined }) =>
  power && isFresh(power) && !isMeasured(power) ? (
    <span class="fresh stale">{say('measuredAgo', { age: age(communityNow() - power.value.at) })}</span>
  ) : (
    <Freshness known={power} />
  );

/** A number that people look for. */
const Tile = ({
  label,
  value,
  note,
  stale = false,
}: {
  readonly label: string;
  readonly value: string;
  readonly note?: ComponentChildren;
  readonly stale?: boolean;
}) => (
  <div class={stale ? 'tile stale' : 'tile'}>
    <span class="label">{label}</span>
    <span class="value">{value}</span>
    {note !== undefined && <span class="note">{note}</span>}
  </div>
);

/** A number of the meter's: its age stands below it as soon as it is not of now. */
export const MeterTile = ({
  label,
  power,
  text,
  note,
}: {
  readonly label: string;
  readonly power: Known<PowerState> | undefined;
  readonly text: (value: PowerState) => string;
  readonly note?: ComponentChildren;
}) => {
  const live = isMeasured(power);
  return (
    <Tile
      label={label}
      value={power ? text(power.value) : '–'}
      stale={!live}
      note={
        <>
          {note} {!live && <Measured power={power} />}
        </>
      }
    />
  );
};

/** A number that is kept up to date: "last seen" stands below it as soon as it is not. */
export const LiveTile = <T,>({
  label,
  known,
  text,
  note,
  within,
}: {
  readonly label: string;
  readonly known: Known<T> | undefined;
  readonly text: (value: T) => string;
  readonly note?: ComponentChildren;
  readonly within?: number;
}) => {
  const stale = !isFresh(known, within);
  return (
    <Tile
      label={label}
      value={known ? text(known.value) : '–'}
      stale={stale}
      note={
        stale ? (
          <>
            {note} <Freshness known={known} within={within} />
          </>
        ) : (
          note
        )
      }
    />
  );
};
