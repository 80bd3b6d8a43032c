/** Sensors: listed, made, renamed, archived. */
import * as z from 'zod';
import { sensorOf, type V1Context } from './context.ts';
import { type Described, operation } from './operation.ts';
import { SIGNS, sensorAnswer, sensorParams, sensorShape } from './shapes.ts';

const GROUP = 'Sensors';
const nameShape = z.string().trim().min(1).max(200);
const JSON_TYPE = 'application/json';

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
      description: 'One of that name, sign and type that is there already is the answer.',
      scope: 'admin',
      body: {
        [JSON_TYPE]: {
          shape: z.strictObject({ name: nameShape, sign: z.enum(SIGNS), type: nameShape.optional() }),
        },
      },
      answers: {
        201: { description: 'It was made', shape: sensorShape },
        200: { description: 'It was there', shape: sensorShape },
      },
      answer: async ({ body: { name, sign, type }, reply }) => {
        const there = (await store.sensors()).some((sensor) => sensor.name === name);
        const sensor = await store.addSensor({ name, sign, ...(type === undefined ? {} : { type }) });
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
        sensorAnswer(await sensorOf(context, id), await directory.archived()),
    }),
    operation({
      id: 'changeSensor',
      method: 'PATCH',
      path: '/sensors/:id',
      group: GROUP,
      summary: 'Rename a sensor, archive it or bring it back',
      description: 'An archived sensor keeps what it measured and takes no samples over HTTP.',
      scope: 'admin',
      params: sensorParams,
      body: {
        [JSON_TYPE]: {
          shape: z.strictObject({ name: nameShape.optional(), archived: z.boolean().optional() }),
        },
      },
      answers: { 200: { description: 'As it is now', shape: sensorShape } },
      answer: async ({ params: { id }, body: { name, archived } }) => {
        await sensorOf(context, id);
        if (name !== undefined) await directory.renameSensor(id, name);
        if (archived !== undefined) await directory.archiveSensor(id, archived ? clock.now() : undefined);
        return sensorAnswer(await sensorOf(context, id), await directory.archived());
      },
    }),
  ];
};
