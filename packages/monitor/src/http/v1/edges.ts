/** The steps of a window as `/api/v1` is asked for them: of a fixed length, or the days and months of a place. */
import { RequestRefused } from '@daisee/http';
import { Instant } from '@daisee/units';
import * as z from 'zod';
import { stepEdges } from '../../store/steps.ts';
import { createZone } from '../../tariff/zone.ts';
import { instantText } from './shapes.ts';

/** Steps that one answer may have. */
const MOST_STEPS = 100_000;
/** No month is shorter, so that many days hold no more months than that. */
const SHORTEST = { P1D: 23 * 3_600_000, P1M: 28 * 24 * 3_600_000 } as const;

const stepShape = z
  .string()
  .regex(/^(\d{1,12}|PT(?=\d)(\d{1,6}H)?(\d{1,8}M)?(\d{1,9}S)?|P1D|P1M)$/, {
    error: 'needs milliseconds, a time like PT15M, P1D for days or P1M for months',
  })
  .describe(
    'Milliseconds, an ISO 8601 time like PT15M, P1D or P1M (days and months as the clocks of `zone` show them); the whole window if absent',
  );

export const windowQuery = z.strictObject({
  from: instantText.describe('Unix milliseconds, or ISO 8601 with a zone'),
  to: instantText.optional().describe('The same; now if absent'),
  step: stepShape.optional(),
  zone: z.string().default('UTC').describe('IANA name, like Europe/Paris'),
});
export type WindowQuery = z.infer<typeof windowQuery>;

const lengthOf = (step: string): number => {
  if (/^\d+$/.test(step)) return Number(step);
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(step) ?? [];
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
};

const tooMany = (step: string): RequestRefused =>
  new RequestRefused(
    400,
    'monitor.steps',
    `query.step: ${step} makes more than ${MOST_STEPS} steps of this window: give a longer step or a shorter window.`,
  );

/** `from`, the midnights (of months: of their first days) in a zone after it, and `to`. */
const calendarEdges = (from: number, to: number, step: 'P1D' | 'P1M', zone: string): readonly Instant[] => {
  const ahead = createZone(zone);
  const shown = new Date(from + ahead(Instant(from)));
  const edges = [Instant(from)];
  for (let n = 1; ; n++) {
    const local =
      step === 'P1D'
        ? Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate() + n)
        : Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + n);
    // The offset at that midnight, asked near it; where clocks skip midnight the day begins when they have.
    const near = local - ahead(Instant(local));
    const edge = Instant(local - ahead(Instant(near)));
    if (!(edge < to)) break;
    edges.push(edge);
  }
  return [...edges, Instant(to)];
};

/**
 * The edges of the steps (one step without a step), ascending; none for an empty window.
 * @throws RequestRefused (400) for a window that ends before it begins or too many steps; ZoneUnknown.
 */
export const edgesOf = ({
  from,
  to,
  step,
  zone,
}: WindowQuery & { readonly to: number }): readonly Instant[] => {
  if (to < from)
    throw new RequestRefused(400, 'monitor.bad-request', `query.to: ${to} is before query.from, ${from}.`);
  if (to === from) return [];
  if (step === undefined) return [Instant(from), Instant(to)];
  if (step === 'P1D' || step === 'P1M') {
    if ((to - from) / SHORTEST[step] > MOST_STEPS) throw tooMany(step);
    return calendarEdges(from, to, step, zone);
  }
  const length = lengthOf(step);
  if ((to - from) / length > MOST_STEPS) throw tooMany(step);
  return stepEdges(from, to, length);
};
