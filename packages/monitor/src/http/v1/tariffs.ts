/** Tariffs: set, chosen, removed. */
import { type Described, operation } from '@daisee/http';
import { formatMicro } from '@daisee/units';
import * as z from 'zod';
import { Euros, type NewTariff, type Rate, type Tariff } from '../../tariff/tariff.ts';
import type { V1Context } from './context.ts';
import { nameShape } from './shapes.ts';

const GROUP = 'Tariffs';

const eurosShape = z
  .string()
  .regex(/^-?\d{1,12}(\.\d{1,6})?$/, 'needs euros as text, like 0.1127')
  .describe('Euros as decimal text');
const rateShape = z.strictObject({
  slope: eurosShape.describe('Euros for each kWh'),
  constant: eurosShape.default('0').describe('Euros a day, whatever is used'),
});
const hoursShape = z.strictObject({
  start: z.string().describe('HH:MM on the clocks of the zone'),
  end: z.string(),
  zone: z.string().describe('IANA name, like Europe/Paris'),
});
const newTariffShape = z.strictObject({
  name: nameShape,
  type: nameShape.optional(),
  day: rateShape,
  night: rateShape,
  threshold: z.number().int().min(0).optional().describe('The most that may be drawn, in watts'),
  hours: hoursShape.optional().describe('Of the night; needed where day and night differ'),
});
const tariffShape = newTariffShape.extend({
  id: z.number().int(),
  name: z.string(),
  type: z.string(),
  current: z.boolean().describe('Whether it prices energy now'),
});
const tariffsShape = z.object({ tariffs: z.array(tariffShape) });
const idShape = z.number({ error: 'needs the number of a tariff' }).int().min(1);

const rateOf = ({ slope, constant }: z.infer<typeof rateShape>): Rate => ({
  slope: Euros(slope),
  constant: Euros(constant),
});
const rateAnswer = ({ slope, constant }: Rate) => ({
  slope: formatMicro(slope),
  constant: formatMicro(constant),
});

const tariffAnswer = ({ id, name, type, day, night, threshold, hours, current }: Tariff) => ({
  id,
  name,
  type,
  day: rateAnswer(day),
  night: rateAnswer(night),
  ...(threshold === undefined ? {} : { threshold }),
  ...(hours === undefined ? {} : { hours }),
  current,
});

const newTariffOf = ({
  name,
  type,
  day,
  night,
  threshold,
  hours,
}: z.infer<typeof newTariffShape>): NewTariff => ({
  name,
  day: rateOf(day),
  night: rateOf(night),
  ...(type === undefined ? {} : { type }),
  ...(threshold === undefined ? {} : { threshold }),
  ...(hours === undefined ? {} : { hours }),
});

export const tariffOperations = ({ store }: V1Context): readonly Described[] => {
  const all = async () => ({ tariffs: (await store.tariffs()).map(tariffAnswer) });
  return [
    operation({
      id: 'tariffs',
      method: 'GET',
      path: '/tariffs',
      group: GROUP,
      summary: 'All tariffs',
      scope: 'read',
      answers: { 200: { description: 'By id', shape: tariffsShape } },
      answer: all,
    }),
    operation({
      id: 'setTariff',
      method: 'POST',
      path: '/tariffs',
      group: GROUP,
      summary: 'Set a tariff',
      description: 'One of that name becomes what is given, and stays current if it was.',
      scope: 'admin',
      body: newTariffShape,
      answers: { 200: { description: 'As it is now', shape: tariffShape } },
      answer: async ({ body }) => tariffAnswer(await store.setTariff(newTariffOf(body))),
    }),
    operation({
      id: 'useTariff',
      method: 'PUT',
      path: '/tariffs/current',
      group: GROUP,
      summary: 'Price energy by a tariff, or by none',
      scope: 'admin',
      body: z.strictObject({ id: idShape.nullable() }),
      answers: { 200: { description: 'All of them as they are now', shape: tariffsShape } },
      answer: async ({ body: { id } }) => {
        await store.useTariff(id ?? undefined);
        return await all();
      },
    }),
    operation({
      id: 'removeTariff',
      method: 'DELETE',
      path: '/tariffs/:id',
      group: GROUP,
      summary: 'Remove a tariff',
      scope: 'admin',
      params: z.object({ id: z.coerce.number({ error: 'needs the number of a tariff' }).int().min(1) }),
      answers: { 204: { description: 'It is gone' } },
      answer: async ({ params: { id }, reply }) => {
        await store.removeTariff(id);
        return await reply.send();
      },
    }),
  ];
};
