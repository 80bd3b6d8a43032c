/** A window as few points, for a chart. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Described, operation } from '@daisee/http';
import { Instant } from '@daisee/units';
import * as z from 'zod';
import type { PowerAt } from '../../store/store.ts';
import { FEWEST_POINTS, METHODS, pointsOf } from '../measured/points.ts';
import { sensorOf, type V1Context } from './context.ts';
import { instantShape, MOST_SAMPLES, samplesQuery, sensorParams } from './shapes.ts';

/** Samples read before others get their turn. */
const PAGE = 500;
const DEFAULT_POINTS = 500;

const pointsShape = z.object({
  points: z.array(z.object({ at: instantShape, power: z.number().describe('Watts') })),
  samples: z.number().int().describe('How many samples they stand for'),
});

const pagesOf = async function* (
  { store }: V1Context,
  sensorId: number,
  from: Instant,
  to: Instant,
): AsyncGenerator<readonly PowerAt[]> {
  for (let start: Instant | undefined = from; start !== undefined; ) {
    let page: readonly PowerAt[] = await store.powers(sensorId, start, to, PAGE);
    const last = page.length === PAGE ? page.at(-1)?.at : undefined;
    yield page;
    // Garbage before anybody else's turn: what many hold at once would outlive V8's young generation.
    page = [];
    start = last === undefined ? undefined : Instant(last + 1);
    await nextTurn();
  }
};

export const pointsOperation = (context: V1Context): Described =>
  operation({
    id: 'points',
    method: 'GET',
    path: '/sensors/:id/points',
    group: 'Measurements',
    summary: 'The samples of a window as few points, for a chart',
    description:
      '`minmax` keeps the lowest and the highest sample of each of equal stretches of time, so that no peak is lost; `lttb` (largest triangle three buckets) the samples that keep the shape of the line. The first and the last sample are always there; all of them, when there are no more than `points`.',
    scope: 'read',
    params: sensorParams,
    query: samplesQuery.pick({ from: true, to: true }).extend({
      points: z.coerce
        .number()
        .int()
        .min(FEWEST_POINTS)
        .max(MOST_SAMPLES)
        .default(DEFAULT_POINTS)
        .describe('At most so many'),
      method: z.enum(METHODS).default('minmax'),
    }),
    answers: { 200: { description: 'Ascending', shape: pointsShape } },
    answer: async ({ params: { id }, query }) => {
      await sensorOf(context, id);
      const { store } = context;
      const [first] = await store.powers(id, Instant(query.from), Instant(query.to), 1);
      const newest = await store.last(id);
      if (!first || !newest) return { points: [], samples: 0 };
      const to = Instant(Math.min(query.to, newest.at + 1));
      const { points, samples } = await pointsOf(pagesOf(context, id, first.at, to), {
        ...query,
        from: first.at,
        to,
      });
      return { points: points.map(({ at, power }) => ({ at, power })), samples };
    },
  });
