import { Agent } from 'node:http';
import {
  ask,
  checkProblem,
  type HostileRequest,
  hostile,
  hostileText,
  httpBytes,
  type OpenApiDocument,
  requestsOf,
  sendBytes,
  torn,
} from '@daisee/fuzz';
import fc from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { type Kept, serveKept } from '../kept.ts';
import { FORM, NOW } from '../served.ts';

const kept: Kept = await serveKept();
const document = (await (await fetch(`${kept.url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const port = Number(new URL(kept.url).port);
const AUTHORIZED = { authorization: `Basic ${Buffer.from('user:pass&word 2').toString('base64')}` };

const withLogin = (asked: HostileRequest): HostileRequest => ({
  ...asked,
  headers: { ...asked.headers, ...AUTHORIZED },
});

afterAll(async () => {
  agent.destroy();
  await kept.end();
});

const from = Number(NOW) - 100_000;
const CSV = 'at,power,stateOfCharge,counter\n2026-11-22T11:00:00Z,12.5,80,1.000000\n1795348000000,-3,,\n';
const NDJSON =
  '{"at":1795348000000,"power":12.5}\n{"at":"2026-11-22T11:00:00Z","power":-3,"counter":"1.5"}\n';

describe('the monitor', () => {
  hostile('on requests made out of its own description', {
    input: requestsOf(document, {
      except: ['liveSamples', 'makeToken', 'makeSensor'],
      known: {
        id: [1, 1, 2, 99, 0],
        from: [from, '2026-11-22T11:00:00Z', 0],
        to: [Number(NOW), '2026-11-22T12:00:00Z'],
        step: [1000, 60_000, 'PT1H', 'P1D'],
        zone: ['UTC', 'Europe/Paris'],
        points: [10, 1000],
        limit: [10],
      },
    }),
    feed: async (asked) => {
      const request = withLogin(asked);
      checkProblem(request, await ask(kept.url, request, agent), { room: 'monitor' });
    },
  });

  hostile('on files of samples', {
    input: fc.tuple(
      fc.constantFrom('text/csv', 'application/x-ndjson', 'application/json'),
      fc.oneof(torn(CSV, NDJSON), hostileText),
    ),
    feed: async ([type, body]) => {
      const path = `/api/v1/sensors/1/samples${type === 'text/csv' ? '.csv' : ''}`;
      const request = withLogin({ method: 'POST', path, headers: { 'content-type': type }, body });
      checkProblem(request, await ask(kept.url, request, agent), { room: 'monitor' });
    },
  });

  const number = fc.oneof(
    fc.constantFrom('1', '0', '-1', '1795348000', '1795348000.5', '1e400', 'NaN', '99999999999999999999', ''),
    fc.double().map(String),
    hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
  );
  hostile('on questions like those of v0.2', {
    input: fc.tuple(
      fc.constantFrom('watts', 'kwatthours', 'euros', 'volts', 'constructor'),
      fc.constantFrom('by_time', 'by_id'),
      fc.constantFrom('1', '1', '2', '-1', '999999999999999999999', 'x'),
      fc.array(number, { minLength: 0, maxLength: 4 }),
      fc.oneof(
        fc.constant(FORM),
        fc.constant('{"login":"user","password":"pass&word 2"}'),
        torn(FORM),
        hostileText,
      ),
      fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', ''),
    ),
    feed: async ([what, by, sensor, times, body, type]) => {
      const path = `/api/${sensor}/get/${what}/${by}/${times.join('/')}`;
      const request = { method: 'POST', path, headers: type === '' ? {} : { 'content-type': type }, body };
      const reply = await ask(kept.url, request, agent);
      checkProblem(request, reply, { room: 'monitor', problems: false });
      if (reply.status === 200) expect(Object.keys(JSON.parse(reply.text) as object)).toContain('data');
    },
  });

  hostile('on bytes that are no HTTP', {
    sample: 150,
    input: fc.array(httpBytes, { minLength: 5, maxLength: 5 }),
    batch: 5,
    feed: async (all) => {
      for (const reply of await Promise.all(all.map((bytes) => sendBytes(port, bytes))))
        expect(reply).toMatch(/^(|HTTP\/1\.1 [1-5]\d\d [\s\S]*)$/);
      const health = withLogin({ method: 'GET', path: '/api/v1/health', headers: {} });
      expect((await ask(kept.url, health, agent)).status).toBe(200);
    },
  });
});
