import { Agent } from 'node:http';
import {
  ask,
  checkProblem,
  hostile,
  httpBytes,
  type OpenApiDocument,
  requestsOf,
  sendBytes,
} from '@daisee/fuzz';
import { systemClock } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { startCommunity } from '../support/community.ts';
import { serve } from '../support/served.ts';
import { steadyMonitor, tellableAgent } from '../support/stand-ins.ts';

const community = await startCommunity();
const { consumer, accounts } = community;
const settings = { limit: 20, delta: '1.000000', resume: 30, priceCap: null, budget: null };
const served = await serve(consumer, {
  account: accounts.consumer,
  kind: 'consumer',
  names: { [accounts.producer]: 'Neighbour' },
  monitor: steadyMonitor(systemClock),
  agent: tellableAgent(systemClock, settings),
});
const { url } = served.front;
const document = await served.json<OpenApiDocument>('/api/openapi.json');
const { csrf = '' } = await served.json<{ csrf?: string }>('/api/session');
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

afterAll(async () => {
  agent.destroy();
  await served.stop();
  await community.stop();
});

describe('the App', () => {
  hostile('on requests made out of its own description', {
    input: requestsOf(document, {
      // Orders that are right wait for a block; `prepare` goes the same way up to there.
      except: ['events', 'transfer', 'approve', 'buy', 'logout', 'login'],
      known: {
        seller: [accounts.producer, accounts.consumer, accounts.producer.toLowerCase()],
        account: [accounts.producer],
        energy: ['1', '0.000001', '99999999999999999999'],
        from: [0, 1_795_348_000_000],
        to: [3_600_000, 1_795_351_600_000, 8.64e15],
        at: [1_795_348_000_000, 8.64e15],
        points: [10, 2000],
        limit: [10],
        step: ['PT1H', 'P1D'],
        zone: ['UTC', 'Europe/Paris'],
      },
    }),
    feed: async (asked) => {
      const request = { ...asked, headers: { ...asked.headers, 'x-csrf-token': csrf } };
      const reply = await ask(url, request, agent);
      checkProblem(request, reply, { room: 'app' });
      expect(served.failures).toEqual([]);
    },
  });

  hostile('on bytes that are no HTTP', {
    sample: 150,
    batch: 5,
    input: fc.array(httpBytes, { minLength: 5, maxLength: 5 }),
    feed: async (all) => {
      const port = Number(new URL(url).port);
      for (const reply of await Promise.all(all.map((bytes) => sendBytes(port, bytes))))
        expect(reply).toMatch(/^(|HTTP\/1\.1 [1-5]\d\d [\s\S]*)$/);
      expect((await ask(url, { method: 'GET', path: '/api/session', headers: {} }, agent)).status).toBe(200);
    },
  });
});
