/** Power, energy and cost over windows by steps; registers and gaps. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Described, operation, RequestRefused } from '@daisee/http';
import { Energy, formatMicro, Instant } from '@daisee/units';
import * as z from 'zod';
import { UnknownTariff } from '../../store/tariffs.ts';
import { createHours } from '../../tariff/hours.ts';
import { type Cost, costOf, type DayAndNight, ratesDiffer, type Tariff } from '../../tariff/tariff.ts';
import { addPowers, energyByRate, NO_POWER } from '../measured/by-rate.ts';
import type { Pricing } from '../measured/pricing.ts';
import { sensorOf, type V1Context } from './context.ts';
import { registerShape, wattHoursShape } from './counters.ts';
import { edgesOf, type WindowQuery, windowQuery } from './edges.ts';
import { gapsShape, instantShape, instantText, sensorParams } from './shapes.ts';

const GROUP = 'Measurements';
/** Steps computed before others get their turn. */
const PAGE = 2000;

const energyFields = {
  energy: wattHoursShape
    .nullable()
    .describe('Watt-hours, import less export; null where nothing was measured'),
};
const powerFields = {
  power: z.number().nullable().describe('Mean of the samples in watts; null where there is none'),
  samples: z.number().int(),
};
const eurosShape = z.string().regex(/^-?\d+\.\d{6}$/);
const costFields = {
  ...energyFields,
  day: wattHoursShape.nullable(),
  night: wattHoursShape.nullable().describe('All of the energy, where the tariff has one rate'),
  cost: eurosShape.nullable().describe('Euros, without what the contract costs a day'),
};

/** The answer for a window: of the whole of it, and of each step where a step was asked for. */
const windowShape = <T extends z.core.$ZodLooseShape>(fields: T) => {
  const stretch = z.object({ from: instantShape, to: instantShape, ...fields });
  return stretch.extend({ steps: z.array(stretch).optional() });
};

interface Window {
  readonly from: number;
  readonly to: number;
  readonly edges: readonly Instant[];
  readonly stepped: boolean;
}

const windowOf = ({ clock }: V1Context, query: WindowQuery): Window => {
  const { from, to = Math.max(from, Math.round(clock.now())) } = query;
  return { from, to, edges: edgesOf({ ...query, to }), stepped: query.step !== undefined };
};

/** Asks for what lies between edges, a page of steps at a time. */
const byPages = async <T>(
  edges: readonly Instant[],
  ask: (edges: readonly Instant[]) => Promise<readonly T[]> | readonly T[],
): Promise<readonly T[]> => {
  const all: T[] = [];
  for (let start = 0; start < edges.length - 1; start += PAGE) {
    if (start > 0) await nextTurn();
    for (const one of await ask(edges.slice(start, start + PAGE + 1))) all.push(one);
  }
  return all;
};

const answerOf = <T, F extends object>(
  { from, to, edges, stepped }: Window,
  parts: readonly (T | undefined)[],
  add: (a: T, b: T) => T,
  fieldsOf: (part: T | undefined) => F,
) => {
  let whole: T | undefined;
  for (const part of parts) if (part !== undefined) whole = whole === undefined ? part : add(whole, part);
  const steps = parts.map((part, i) => ({
    from: edges[i] ?? from,
    to: edges[i + 1] ?? to,
    ...fieldsOf(part),
  }));
  return { from, to, ...fieldsOf(whole), ...(stepped ? { steps } : {}) };
};

const textOf = (energy: Energy | undefined): string | null =>
  energy === undefined ? null : formatMicro(energy);

/** A cost to the nearest millionth of a euro. */
const eurosText = (cost: Cost): string => {
  const unit = 10n ** 9n;
  const size: bigint = cost < 0n ? 0n - cost : cost;
  const rounded = (size + unit / 2n) / unit;
  return formatMicro(cost < 0n ? -rounded : rounded);
};

const tariffOf = async ({ store }: V1Context, id: number | undefined): Promise<Tariff> => {
  const tariffs = await store.tariffs();
  const tariff = tariffs.find((one) => (id === undefined ? one.current : one.id === id));
  if (tariff) return tariff;
  if (id !== undefined) throw new UnknownTariff(id, tariffs);
  throw new RequestRefused(
    409,
    'monitor.no-tariff',
    'No tariff is current, so nothing has a price: PUT /api/v1/tariffs/current, or give query.tariff.',
  );
};

const pricingBy = (tariff: Tariff): Pricing => ({
  tariff,
  hours: tariff.hours && ratesDiffer(tariff) ? createHours(tariff.hours) : undefined,
  rate: 'null',
});

const addEnergies = (a: DayAndNight<Energy>, b: DayAndNight<Energy>): DayAndNight<Energy> => ({
  day: Energy(a.day + b.day),
  night: Energy(a.night + b.night),
});

export const measurementOperations = (context: V1Context): readonly Described[] => {
  const { store, clock } = context;
  const described = <F extends z.core.$ZodLooseShape>(fields: F) => ({
    200: { description: 'Of the window, and of its steps where a step is given', shape: windowShape(fields) },
  });
  return [
    operation({
      id: 'energy',
      method: 'GET',
      path: '/sensors/:id/energy',
      group: GROUP,
      summary: 'Energy of a window, by any step',
      description:
        'By look-ups of the register; a gap is no energy. A window that ends now ends with the newest sample.',
      scope: 'read',
      params: sensorParams,
      query: windowQuery,
      answers: described(energyFields),
      answer: async ({ params: { id }, query }) => {
        await sensorOf(context, id);
        const window = windowOf(context, query);
        const parts = await byPages(window.edges, (edges) => store.energyByEdges(id, edges));
        return answerOf(
          window,
          parts,
          (a, b) => Energy(a + b),
          (energy) => ({ energy: textOf(energy) }),
        );
      },
    }),
    operation({
      id: 'power',
      method: 'GET',
      path: '/sensors/:id/power',
      group: GROUP,
      summary: 'Mean power of a window, by any step',
      description:
        'The mean of its samples, however far apart; its energy over its length is the mean over time.',
      scope: 'read',
      params: sensorParams,
      query: windowQuery,
      answers: described(powerFields),
      answer: async ({ params: { id }, query }) => {
        await sensorOf(context, id);
        const window = windowOf(context, query);
        const parts = await byPages(window.edges, (edges) => store.powerByEdges(id, edges));
        return answerOf(window, parts, addPowers, (sum = NO_POWER) => ({
          power: sum.count === 0 ? null : sum.microWatts / sum.count / 1e6,
          samples: sum.count,
        }));
      },
    }),
    operation({
      id: 'cost',
      method: 'GET',
      path: '/sensors/:id/cost',
      group: GROUP,
      summary: 'What the energy of a window costs, by any step',
      scope: 'read',
      params: sensorParams,
      query: windowQuery.extend({
        tariff: z.coerce.number().int().min(1).optional().describe('The current one if absent'),
      }),
      answers: described(costFields),
      answer: async ({ params: { id }, query }) => {
        await sensorOf(context, id);
        const window = windowOf(context, query);
        const tariff = await tariffOf(context, query.tariff);
        const asked = { store, sensorId: id, pricing: pricingBy(tariff) };
        const parts = await byPages(window.edges, (edges) => energyByRate(asked, edges));
        return answerOf(window, parts, addEnergies, (energy) => ({
          energy: textOf(energy && Energy(energy.day + energy.night)),
          day: textOf(energy?.day),
          night: textOf(energy?.night),
          cost: energy ? eurosText(costOf(tariff, energy)) : null,
        }));
      },
    }),
    operation({
      id: 'register',
      method: 'GET',
      path: '/sensors/:id/register',
      group: GROUP,
      summary: 'The register at an instant',
      description: 'On the straight line between the samples around it; import only for a signed sensor.',
      scope: 'read',
      params: sensorParams,
      query: z.strictObject({ at: instantText.optional().describe('Now if absent') }),
      answers: {
        200: { description: 'It', shape: z.object({ at: instantShape, register: registerShape }) },
      },
      answer: async ({ params: { id }, query: { at = Math.round(clock.now()) } }) => {
        await sensorOf(context, id);
        return { at, register: formatMicro(await store.registerAt(id, Instant(at))) };
      },
    }),
    operation({
      id: 'gaps',
      method: 'GET',
      path: '/sensors/:id/gaps',
      group: GROUP,
      summary: 'The gaps that touch a window, whole',
      description:
        'Where samples are missing for longer than is bridged, or the device said that it has no value (`reason`). Without `to` it goes on.',
      scope: 'read',
      params: sensorParams,
      query: windowQuery.pick({ from: true, to: true }),
      answers: {
        200: { description: 'Ascending', shape: gapsShape },
      },
      answer: async ({ params: { id }, query: { from, to = Math.round(clock.now()) } }) => {
        await sensorOf(context, id);
        return { gaps: await store.gaps(id, Instant(from), Instant(to)) };
      },
    }),
  ];
};
