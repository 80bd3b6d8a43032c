/** What else happens to a monitor that runs for years on somebody's shelf. */
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMonitor, openStore } from '../../src/index.ts';
import { ask, JSON_BODY, type Service, startService, until } from './process.ts';

const T0 = 1_790_000_000_000;

describe('a monitor', () => {
  let folder = '';
  const services: Service[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-hostile-'));
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop();
    rmSync(folder, { recursive: true });
  });
  const start = async (): Promise<Service> => {
    const service = await startService({ folder });
    services.push(service);
    return service;
  };
  const send = (service: Service, samples: readonly object[]) =>
    ask(`${service.url}/api/v1/sensors/1/samples`, { body: JSON.stringify(samples), headers: JSON_BODY });
  const count = async (service: Service): Promise<number> => {
    const { text } = await ask(`${service.url}/api/v1/sensors/1/samples?limit=10000`);
    return (JSON.parse(text) as { samples: unknown[] }).samples.length;
  };

  it('whose file is deleted or moved says so instead of storing into nothing, and goes on when it is back', async () => {
    const service = await start();
    expect((await send(service, [{ at: T0, power: 1 }])).status).toBe(200);
    const file = join(folder, 'monitor.sqlite');
    renameSync(file, `${file}.away`);
    const refused = await send(service, [{ at: T0 + 1, power: 1 }]);
    expect(refused.status).toBe(500);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'monitor.store-gone' });
    expect(await count(service)).toBe(1);
    renameSync(`${file}.away`, file);
    expect((await send(service, [{ at: T0 + 1, power: 1 }])).status).toBe(200);
    expect(await count(service)).toBe(2);
  });

  it('beside another one on the same data directory loses and doubles nothing', async () => {
    const both = [await start(), await start()];
    const statuses = await Promise.all(
      both.map(async (service, i) => {
        const answers: number[] = [];
        for (let n = 0; n < 60; n++) {
          const at = T0 + (2 * n + i) * 1000;
          answers.push(
            (
              await send(service, [
                { at, power: 360 },
                { at: T0 + n * 2000, power: 360 },
              ])
            ).status,
          );
        }
        return answers;
      }),
    );
    expect(new Set(statuses.flat())).toEqual(new Set([200]));
    for (const service of both) {
      expect(await count(service)).toBe(120);
      const { text } = await ask(`${service.url}/api/v1/sensors/1/register`);
      expect(JSON.parse(text)).toMatchObject({ register: '11.900000' });
    }
  });

  it('whose port is taken says so and leaves nothing behind', async () => {
    const { url } = await start();
    const store = openStore({ file: ':memory:' });
    const second = createMonitor({ store, clock: systemClock, port: Number(new URL(url).port) });
    await expect(second.start()).rejects.toMatchObject({ code: 'monitor.port-in-use', retryable: true });
    await second.stop();
    store.close();
  });

  it('that is stopped in the middle of a long import and a long export ends, with whole batches stored', async () => {
    const service = await start();
    const lines = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `${T0 + (from + i) * 1000},100\n`).join('');
    const url = `${service.url}/api/v1/sensors/1/samples.csv`;
    const sent = request(url, { method: 'POST', headers: { 'Content-Type': 'text/csv' }, agent: false });
    const cut = once(sent, 'close');
    sent
      .on('error', () => undefined)
      .on('response', (response) => response.on('error', () => undefined).resume());
    sent.write(`at,power\n${lines(0, 5000)}`);
    await until(async () => (await count(service)) >= 4000);
    const exporting = await new Promise<Promise<unknown>>((resolve) => {
      request(url, { agent: false }, (response) =>
        resolve(
          new Promise((done) =>
            response
              .on('error', () => undefined)
              .on('close', done)
              .resume(),
          ),
        ),
      ).end();
    });
    await service.stop();
    await Promise.all([cut, exporting]);
    const again = await start();
    const stored = await count(again);
    expect(stored % 2000 === 0 || stored === 5000).toBe(true);
    expect(stored).toBeGreaterThanOrEqual(4000);
    const { text } = await ask(`${again.url}/api/v1/sensors/1/samples.csv`, {
      body: `at,power\n${lines(0, 5000)}`,
      headers: { 'Content-Type': 'text/csv' },
    });
    expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({
      stored: 5000 - stored,
      repeated: stored,
      done: true,
    });
  });

  it('refuses instants that are no dates and names that are no text, which a later answer would stumble over', async () => {
    const service = await start();
    for (const at of [-9_007_199_254_740_991, -8_640_000_000_000_001])
      expect((await send(service, [{ at, power: 1 }])).status).toBe(400);
    expect((await send(service, [{ at: -8_640_000_000_000_000, power: 1 }])).status).toBe(200);
    const csv = await ask(`${service.url}/api/v1/sensors/1/samples.csv`);
    expect([csv.status, csv.text.split('\r\n')[1]]).toEqual([
      200,
      expect.stringMatching(/^-271821-04-20T00:00:00.000Z,1,/),
    ]);
    const rates = '"day": {"slope": "0.1"}, "night": {"slope": "0.1"}';
    for (const name of ['a\\u0000b', '\\ud800', 'a\\nb'])
      for (const [path, body] of [
        ['sensors', `{"name": "${name}", "sign": "load"}`],
        ['tariffs', `{"name": "${name}", ${rates}}`],
        ['tariffs', `{"name": "Flat", "type": "${name}", ${rates}}`],
        ['tokens', `{"name": "${name}", "scopes": ["read"]}`],
      ] as const) {
        const { status, text } = await ask(`${service.url}/api/v1/${path}`, { body, headers: JSON_BODY });
        expect([status, text]).toEqual([400, expect.stringContaining('needs characters that can be shown')]);
      }
  });

  it('answers absurd windows, methods and addresses at once, none by a failure of its own', async () => {
    const service = await start();
    await send(
      service,
      [0, 8].map((s) => ({ at: T0 + s * 1000, power: 450 })),
    );
    const v1 = '/api/v1/sensors/1';
    const questions: readonly (readonly [string, string, number])[] = [
      ['GET', `${v1}/energy?from=-1e300`, 400],
      ['GET', `${v1}/energy?from=-999999999999999&to=999999999999999`, 200],
      ['GET', `${v1}/energy?from=0&to=10000000000&step=1000`, 400],
      ['GET', `${v1}/power?from=-999999999999999&to=999999999999999&step=P1D`, 400],
      ['GET', `${v1}/energy?from=0&from=1`, 400],
      ['GET', `${v1}/energy?from=0&step=P1D&zone=${'x'.repeat(5000)}`, 400],
      ['GET', `${v1}/register?at=999999999999999`, 200],
      ['GET', `${v1}/samples?from=999999999999999&limit=10000`, 200],
      ['GET', '/api/1/get/watts/by_time/-1e300/1e300', 400],
      ['GET', '/api/1/get/watts/by_time/0/1e300', 200],
      ['GET', '/api/1/get/kwatthours/by_time/0/10000000/1', 400],
      ['GET', '/api/1/get/kwatthours/by_time/0/1e300/1e-300', 400],
      ['GET', '/api/1/get/watts/by_id/-999999999999999/0', 403],
      ['GET', '/api/1/get/watts/by_time/%ff/1', 400],
      ['GET', `/${'x'.repeat(20_000)}`, 431],
      ['HEAD', `${v1}/samples`, 200],
      ['HEAD', '/api/time', 200],
      ['HEAD', `${v1}/live`, 405],
      ['OPTIONS', `${v1}/samples`, 405],
      ['TRACE', '/api/v1/health', 405],
      ['DELETE', v1, 405],
    ];
    for (const [method, path, status] of questions)
      expect([path, (await ask(service.url + path, { method })).status]).toEqual([path, status]);
    expect((await service.order('report')).warnings).toEqual([]);
  });
});
