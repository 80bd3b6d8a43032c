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
import fc from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { startHttpLab, token } from '../support/http.ts';

const SECRET = 'x'.repeat(40);
const lab = await startHttpLab({ server: { tokens: [token('all', SECRET, 'read', 'switch')] } });
const authorization = `Bearer ${SECRET}`;
const { url } = lab.server;
const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

afterAll(async () => {
  agent.destroy();
  await lab[Symbol.asyncDispose]();
});

describe('the relay', () => {
  hostile('on requests made out of its own description', {
    input: requestsOf(document, {
      except: ['events'],
      known: { from: [0], to: [9e15], limit: [10], type: ['switched'], before: [5] },
    }),
    feed: async (asked) => {
      const request = { ...asked, headers: { ...asked.headers, authorization } };
      const reply = await ask(url, request, agent);
      checkProblem(request, reply, { room: 'relay' });
      for (const step of lab.driver.steps)
        if (step.type === 'states') expect(step.states[1] && step.states[2]).toBe(false);
      lab.driver.steps.length = 0;
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
      const health = { method: 'GET', path: '/api/v1/health', headers: {} };
      expect((await ask(url, health, agent)).status).toBe(200);
    },
  });
});
