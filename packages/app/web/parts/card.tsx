import type { ComponentChildren } from 'preact';
import type { Known } from '../../src/api.ts';
import { instant } from '../format.ts';
import { communityNow, isFresh } from '../store.ts';
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
export const Freshness = ({ known }: { readonly known: Known<unknown> | undefined }) => {
  if (!known) return <span class="fresh stale">{say('never')}</span>;
  if (isFresh(known)) return <span class="fresh">{say('live')}</span>;
  return <span class="fresh stale">{say('lastSeen', { time: instant(known.seen, communityNow()) })}</span>;
};

/** A number that people look for. */
export const Tile = ({
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
