import { type Described, operation } from '@daisee/http';
import * as z from 'zod';
import type { V1Context } from './context.ts';
import { healthShape } from './shapes.ts';

export const healthOperation = ({ store, clock, waiting }: V1Context): Described =>
  operation({
    id: 'health',
    method: 'GET',
    path: '/health',
    group: 'Monitor',
    summary: 'How the monitor is, and what its clock shows',
    description: 'Degraded while samples of its meters wait for the store.',
    scope: 'read',
    query: z.object({}),
    answers: { 200: { description: 'It serves', shape: healthShape } },
    answer: async (): Promise<z.infer<typeof healthShape>> => {
      const samplesWaiting = waiting();
      return {
        status: samplesWaiting === 0 ? 'ok' : 'degraded',
        api: 'v1',
        now: clock.now(),
        sensors: (await store.sensors()).length,
        waiting: samplesWaiting,
      };
    },
  });
