/** From power samples to one register per source: pure, exact, nothing dropped. */
import type { Address } from '@daisee/chain';
import {
  addUnits,
  type Gap,
  type Integration,
  type IntegrationRule,
  integrate,
  type Reading,
  shareOut,
  type Total,
} from '@daisee/meter';
import { Energy, type Instant, Register, Watts } from '@daisee/units';

/** From `at` on, the source of `origin` feeds the node. The journal of them is in order of `at`. */
export interface Turn {
  readonly at: Instant;
  readonly origin: Address;
}

/** What was measured, and where it came from. */
export interface Books {
  /** Of the meter as a whole. */
  readonly integration: Integration;
  /** Register and remainder of each source; together they rise exactly as the integration does. */
  readonly totals: ReadonlyMap<Address, Total>;
  /** Recent highest power, W: halves in `PEAK_HALF_LIFE` unless it is reached again. */
  readonly peak: Watts;
}

/** What a batch of samples added. */
export interface Attributed {
  readonly books: Books;
  readonly gaps: readonly Gap[];
  /** Energy added to each source's register. */
  readonly added: ReadonlyMap<Address, Energy>;
}

const PEAK_HALF_LIFE = 3_600_000;

const emptyTotal: Total = { register: Register(0n), remainder: 0n };

/** Which source fed the node at an instant: the last turn not after it, or the first of all. */
export const originAt = (journal: readonly Turn[], at: Instant): Address | undefined =>
  (journal.findLast((turn) => turn.at <= at) ?? journal[0])?.origin;

const peakAfter = (books: Books, sample: Reading): Watts => {
  const last = books.integration.last;
  const age = last ? Math.max(0, sample.at - last.at) : 0;
  return Watts(Math.max(0, sample.power, books.peak * 2 ** (-age / PEAK_HALF_LIFE)));
};

/**
 * Takes samples into the books. The energy between two samples goes to the source that fed the node then; where the
 * source changed in between it is shared out at that instant, exactly. Samples not later than the last change
 * nothing. Samples after `until` are left for later: it is not known yet who feeds the node from there on.
 */
export const attribute = (
  books: Books,
  samples: readonly Reading[],
  journal: readonly Turn[],
  rule: IntegrationRule,
  until?: Instant,
): Attributed => {
  const totals = new Map(books.totals);
  const gaps: Gap[] = [];
  let { integration, peak } = books;
  const instants = journal.map((turn) => turn.at);
  for (const sample of samples) {
    if (until !== undefined && sample.at > until) break;
    if (integration.last && Math.round(sample.at) <= integration.last.at) continue;
    for (const share of shareOut(integration, sample, instants, rule)) {
      const origin = originAt(journal, share.from);
      if (origin !== undefined) totals.set(origin, addUnits(totals.get(origin) ?? emptyTotal, share.added));
    }
    peak = peakAfter({ ...books, integration, peak }, sample);
    const taken = integrate(integration, sample, rule);
    integration = taken.state;
    if (taken.gap) gaps.push(taken.gap);
  }
  const added = new Map<Address, Energy>();
  for (const [origin, total] of totals) {
    const energy = Energy(total.register - (books.totals.get(origin)?.register ?? 0n));
    if (energy > 0n) added.set(origin, energy);
  }
  return { books: { integration, totals, peak }, gaps, added };
};
