/** Sensors: listed, made, renamed, archived. */
import { type Described, operation } from '@daisee/http';
import * as z from 'zod';
import { namedSensorOf, type V1Context } from './context.ts';
import { ruleChangeOf, ruleChangeShape } from './counters.ts';
import { nameShape, SIGNS, sensorAnswer, sensorParams, sensorShape } from './shapes.ts';

const GROUP = 'Sensors';

export const sensorOperations = (context: V1Context): readonly Described[] => {
  const { store, directory, clock } = context;
  return [
    operation({
      id: 'sensors',
      method: 'GET',
      path: '/sensors',
      group: GROUP,
      summary: 'All sensors, archived ones too',
      scope: 'read',
      answers: { 200: { description: 'By id', shape: z.object({ sensors: z.array(sensorShape) }) } },
      answer: async () => {
        const archived = await directory.archived();
        return { sensors: (await store.sensors()).map((sensor) => sensorAnswer(sensor, archived)) };
      },
    }),
    operation({
      id: 'makeSensor',
      method: 'POST',
      path: '/sensors',
      group: GROUP,
      summary: 'Make a sensor',
      description:
        'One of that name, sign and type that is there already is the answer; what is given of its counter, and whether it reports on change, holds from then on; null takes it back.',
      scope: 'admin',
      body: z.strictObject({
        name: nameShape,
        sign: z.enum(SIGNS),
        type: nameShape.optional(),
        ...ruleChangeShape,
      }),
      answers: {
        201: { description: 'It was made', shape: sensorShape },
        200: { description: 'It was there', shape: sensorShape },
      },
      answer: async ({ body: { name, sign, type, ...rule }, reply }) => {
        const there = (await store.sensors()).some((sensor) => sensor.name === name);
        const sensor = await store.addSensor({
          name,
          sign,
          ...(type === undefined ? {} : { type }),
          ...ruleChangeOf(rule),
        });
        void reply.code(there ? 200 : 201).header('Location', `/api/v1/sensors/${sensor.id}`);
        return sensorAnswer(sensor, await directory.archived());
      },
    }),
    operation({
      id: 'sensor',
      method: 'GET',
      path: '/sensors/:id',
      group: GROUP,
      summary: 'One sensor',
      scope: 'read',
      params: sensorParams,
      answers: { 200: { description: 'It', shape: sensorShape } },
      answer: async ({ params: { id } }) =>
        sensorAnswer(await namedSensorOf(context, id), await directory.archived()),
    }),
    operation({
      id: 'changeSensor',
      method: 'PATCH',
      path: '/sensors/:id',
      group: GROUP,
      summary: 'Rename a sensor, archive it or bring it back, tell anew how it counts',
      description:
        'An archived sensor keeps what it measured and takes no samples over HTTP. How it counts holds for samples to come.',
      scope: 'admin',
      params: sensorParams,
      body: z.strictObject({
        name: nameShape.optional(),
        archived: z.boolean().optional(),
        ...ruleChangeShape,
      }),
      answers: { 200: { description: 'As it is now', shape: sensorShape } },
      answer: async ({ params: { id }, body: { name, archived, ...rule } }) => {
        await namedSensorOf(context, id);
        if (name !== undefined) await directory.renameSensor(id, name);
        const told = ruleChangeOf(rule);
        if (Object.keys(told).length > 0)
          await store.addSensor({ ...(await namedSensorOf(context, id)), ...told });
        if (archived !== undefined) await directory.archiveSensor(id, archived ? clock.now() : undefined);
        return sensorAnswer(await namedSensorOf(context, id), await directory.archived());
      },
    }),
  ];
};
