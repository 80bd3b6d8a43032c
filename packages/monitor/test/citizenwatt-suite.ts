/**
 * The CitizenWatt API row by row, asked over raw HTTP as v0.2's client asks: call it with a factory and the suite
 * runs on that store.
 */
import { Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answer, asking, kwh, mean, NOTHING, type OpenedStore, row, T } from './citizenwatt-harness.ts';
import { NOW, send } from './served.ts';

export const citizenWattSuite = (name: string, open: () => Promise<OpenedStore>): void => {
  describe(`${name}, no tariff set`, () => {
    const { served, ask, answersLikeTheTable } = asking(open, [194, 194, 12.34, 200, 0]);

    answersLikeTheTable([
      ['/api/time', `{"data": ${NOW / 1000}}`],
      ['/api/sensors', '{"data": [{"id": 1, "name": "CitizenWatt", "type": "Électricité", "type_id": 1}]}'],
      ['/api/sensors/1', '{"data": {"id": 1, "name": "CitizenWatt", "type": "Électricité", "type_id": 1}}'],
      ['/api/sensors/2', '{"data": null}'],
      ['/api/types', '{"data": [{"id": 1, "name": "Électricité"}]}'],
      [`/api/1/get/watts/by_time/${T}`, answer(row(1, '194.0', T))],
      [`/api/1/get/watts/by_time/${T}.0`, answer(row(1, '194.0', T))],
      [`/api/1/get/watts/by_time/${T + 1}`, NOTHING],
      [
        `/api/1/get/watts/by_time/${T}/${T + 16}`,
        answer(`[${row(1, '194.0', T)}, ${row(2, '194.0', T + 8)}]`),
      ],
      [
        `/api/1/get/watts/by_time/${T + 8}/${T + 16}.5`,
        answer(`[${row(2, '194.0', T + 8)}, ${row(3, '12.34', T + 16)}]`),
      ],
      [`/api/1/get/watts/by_time/${T + 1}/${T + 8}`, NOTHING],
      [`/api/1/get/watts/by_time/0/${T}`, NOTHING],
      [`/api/1/get/kwatthours/by_time/${T}/${T + 8}`, answer(kwh('0.000431111'))],
      [`/api/1/get/kwatthours/by_time/${T}/${T + 100}`, answer(kwh('0.001118533'))],
      [`/api/1/get/kwatthours/by_time/${T + 2}/${T + 3}`, answer(kwh('5.3889e-05'))],
      [`/api/1/get/kwatthours/by_time/${T - 100}/${T}`, NOTHING],
      [`/api/1/get/kwatthours/by_time/${T + 40}/${T + 50}`, NOTHING],
      [
        `/api/1/get/watts/by_time/${T - 16}/${T + 24}/16`,
        answer(`[null, ${mean('194.0')}, ${mean('12.34')}]`),
      ],
      [`/api/1/get/kwatthours/by_time/${T - 16}/${T + 16}/16`, answer(`[null, ${kwh('0.000660377')}]`)],
      [
        `/api/1/get/kwatthours/by_time/${T}/${T + 9}/8.0`,
        answer(`[${kwh('0.000431111')}, ${kwh('5.0735e-05')}]`),
      ],
      ['/api/7/get/watts/by_time/0/10', NOTHING],
      ['/api/7/get/kwatthours/by_time/0/10', NOTHING],
      ['/api/7/get/watts/by_time/0/10/5', answer('[null, null]')],
      ['/api/7/get/kwatthours/by_time/0/10/5', answer('[null, null]')],
      [`/api/1/get/euros/by_time/${T}/${T + 16}`, NOTHING],
      [`/api/1/get/euros/by_time/${T}/${T + 16}/8`, answer('[null, null]')],
      ['/api/1/get/euros/by_id/1/5', NOTHING],
      ['/api/energy_providers', '{"data": null}'],
      ['/api/energy_providers/current', '{"data": null}'],
      ['/api/energy_providers/1', '{"data": null}'],
      ['/api/current/watt_to_euros/day/2', '{"data": null}'],
      ['/api/1/watt_to_euros/night/2', '{"data": null}'],
      ['/api/1/get/watts/by_id/1', answer(row(1, '194.0', T))],
      ['/api/1/get/watts/by_id/0', NOTHING],
      ['/api/1/get/watts/by_id/6', NOTHING],
      ['/api/1/get/watts/by_id/-1', answer(row(5, '0.0', T + 32))],
      ['/api/1/get/watts/by_id/-5', answer(row(1, '194.0', T))],
      ['/api/1/get/watts/by_id/-6', NOTHING],
      ['/api/1/get/watts/by_id/2/4', answer(`[${row(2, '194.0', T + 8)}, ${row(3, '12.34', T + 16)}]`)],
      ['/api/1/get/watts/by_id/0/2', answer(`[${row(1, '194.0', T)}]`)],
      ['/api/1/get/watts/by_id/-3/-1', answer(`[${row(3, '12.34', T + 16)}, ${row(4, '200.0', T + 24)}]`)],
      ['/api/1/get/watts/by_id/-2/0', answer(`[${row(4, '200.0', T + 24)}, ${row(5, '0.0', T + 32)}]`)],
      ['/api/1/get/watts/by_id/9/12', NOTHING],
      ['/api/1/get/watts/by_id/1/7/2', answer(`[${mean('194.0')}, ${mean('106.17')}, ${mean('0.0')}]`)],
      ['/api/1/get/watts/by_id/0/2/1', answer(`[null, ${mean('194.0')}]`)],
      ['/api/1/get/watts/by_id/-4/0/2', answer(`[${mean('103.17')}, ${mean('100.0')}]`)],
      ['/api/1/get/watts/by_id/-8/-4/3', answer(`[null, ${mean('194.0')}]`)],
      ['/api/1/get/kwatthours/by_id/1', answer(kwh('0.000431111'))],
      ['/api/1/get/kwatthours/by_id/-1', answer(kwh('0.0'))],
      ['/api/1/get/kwatthours/by_id/1/3', answer(kwh('0.000660377'))],
      ['/api/1/get/kwatthours/by_id/-5/-3', answer(kwh('0.000660377'))],
      ['/api/1/get/kwatthours/by_id/1/100', answer(kwh('0.001118533'))],
      ['/api/1/get/kwatthours/by_id/9/12', NOTHING],
      [
        '/api/1/get/kwatthours/by_id/1/7/2',
        answer(`[${kwh('0.000660377')}, ${kwh('0.000458156')}, ${kwh('0.0')}]`),
      ],
      ['/api/7/get/watts/by_id/1', NOTHING],
      ['/api/7/get/watts/by_id/1/3', NOTHING],
      ['/api/7/get/kwatthours/by_id/-3/-1/1', answer('[null, null]')],
      ['/api/7/get/euros/by_time/0/10', NOTHING],
    ]);

    it('answers an empty window (T0 = T1) with nothing and no steps (v0.2: crashed)', async () => {
      expect(await ask(`/api/1/get/watts/by_time/${T}/${T}`)).toMatchObject({ status: 200, text: NOTHING });
      expect(await ask(`/api/1/get/kwatthours/by_time/${T}/${T}`)).toMatchObject({
        status: 200,
        text: NOTHING,
      });
      for (const measure of ['watts', 'kwatthours'])
        expect(await ask(`/api/1/get/${measure}/by_time/${T}/${T}/8`)).toMatchObject({
          status: 200,
          text: answer('[]'),
        });
    });

    it('answers steps under one second (v0.2: crashed)', async () => {
      const steps = await ask(`/api/1/get/kwatthours/by_time/${T}/${T + 1}/0.5`);
      expect(steps).toMatchObject({
        status: 200,
        text: answer(`[${kwh('2.6944e-05')}, ${kwh('2.6944e-05')}]`),
      });
      const watts = await ask(`/api/1/get/watts/by_time/${T}/${T + 1}/0.25`);
      expect(watts).toMatchObject({ status: 200, text: answer(`[${mean('194.0')}, null, null, null]`) });
    });

    it.each([
      [`/api/1/get/watts/by_time/${T}/${T - 1}`, /T1/],
      [`/api/1/get/kwatthours/by_time/${T}/${T - 1}`, /T1/],
      [`/api/1/get/euros/by_time/${T}/${T - 1}`, /T1/],
      [`/api/1/get/watts/by_time/-5/${T}`, /T0/],
      ['/api/1/get/watts/by_time/-5', /T cannot be/],
      [`/api/1/get/watts/by_time/yesterday/${T}`, /T0 cannot be \\"yesterday\\"/],
      [`/api/1/get/watts/by_time/NaN/${T}`, /T0/],
      ['/api/1/get/watts/by_time/0/Infinity', /T1/],
      [`/api/1/get/watts/by_time/0/${T}/0`, /STEP/],
      [`/api/1/get/kwatthours/by_time/0/${T}/-8`, /STEP/],
      [`/api/1/get/kwatthours/by_time/0/${T}/x`, /STEP/],
      [`/api/1/get/euros/by_time/0/${T}/0`, /STEP/],
      [`/api/1/get/watts/by_time/0/${T}/1e-9`, /STEP/],
      [`/api/one/get/watts/by_time/0/${T}`, /sensor/],
      ['/api/sensors/one', /sensor/],
      ['/api/1/get/watts/by_id/one', /N cannot be/],
      ['/api/1/get/watts/by_id/1.5', /N cannot be/],
      ['/api/1/get/watts/by_id/3/1', /B cannot be/],
      ['/api/1/get/watts/by_id/-1/-3', /B cannot be/],
      ['/api/1/get/kwatthours/by_id/-3/1', /counts from the end/],
      ['/api/1/get/euros/by_id/x/1', /A cannot be/],
      ['/api/1/get/watts/by_id/1/3/0', /STEP/],
      ['/api/1/get/watts/by_id/1/3/-1', /STEP/],
      ['/api/1/get/kwatthours/by_id/1/3/0.5', /STEP/],
      ['/api/1/get/kwatthours/by_id/3/3/1', /B cannot be/],
      ['/api/energy_providers/last', /tariff cannot be \\"last\\"/],
      ['/api/last/watt_to_euros/day/1', /tariff/],
      ['/api/current/watt_to_euros/day/much', /KWH/],
      ['/api/current/watt_to_euros/day/-1', /KWH/],
      ['/api/current/watt_to_euros/day/1e300', /KWH/],
    ])('refuses the numbers of %s: 400 and which one', async (call, which) => {
      const reply = await ask(call);
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.text)).toMatchObject({ code: 'monitor.bad-number' });
      expect(reply.text).toMatch(which);
    });

    it.each(['watts', 'kwatthours', 'euros'])('refuses a range over 500 of %s with 403', async (measure) => {
      for (const range of ['1/502', '-501/0', '1/502/10', '-502/-1/1']) {
        const reply = await ask(`/api/1/get/${measure}/by_id/${range}`);
        expect(reply.status).toBe(403);
        expect(JSON.parse(reply.text)).toMatchObject({ code: 'monitor.too-many' });
        expect(reply.text).toMatch(/501 samples: ask for at most 500/);
      }
      for (const range of ['1/501', '-500/0', '1/501/10'])
        expect(await ask(`/api/1/get/${measure}/by_id/${range}`)).toMatchObject({ status: 200 });
    });

    it.each([
      '/api/1/get/euros/by_time/0/1',
      '/api/1/get/watts/by_id/-1',
      '/api/energy_providers',
      '/api/energy_providers/current',
      '/api/current/watt_to_euros/day/1',
    ])('lets nobody without a login to %s: POST 403, GET to the login page', async (call) => {
      const wrong = { method: 'POST', body: 'login=user&password=wrong' };
      expect(await send(served().url + call, wrong)).toMatchObject({ status: 403 });
      expect(await send(served().url + call)).toMatchObject({ status: 303, headers: { location: '/login' } });
    });

    it.each(['/api/1/get/volts/by_time/0/1', '/api/current/watt_to_euros/noon/1'])(
      'answers %s, which is no call, with 404 as JSON, or HTML to who prefers that (v0.2: HTML)',
      async (call) => {
        expect(JSON.parse((await ask(call)).text)).toMatchObject({ code: 'monitor.not-found' });
        const page = await send(served().url + call, { headers: { Accept: 'text/html' } });
        expect(page).toMatchObject({ status: 404 });
        expect(page.text).toMatch(/^<!doctype html>/);
      },
    );

    it('steps of a day begin at T0, so that local midnight for T0 gives local days (not those of UTC)', async () => {
      const midnight = Date.UTC(2026, 6, 9, 22) / 1000;
      const { id } = await served().store.addSensor({ name: 'Local days', sign: 'load' });
      // 100 W from local midnight to 01:00, 200 W in the first hour of the next day.
      for (const [day, watts] of [100, 200].entries())
        await served().store.append(
          id,
          [0, 600, 1200, 1800, 2400, 3000, 3600].map((second) => ({
            at: Instant((midnight + day * 86_400 + second) * 1000),
            power: Watts(watts),
          })),
        );
      const { text } = await ask(`/api/${id}/get/kwatthours/by_time/${midnight}/${midnight + 172_800}/86400`);
      expect(text).toBe(answer(`[${kwh('0.1')}, ${kwh('0.2')}]`));
    });

    it('takes ends far in the future for "until now"', async () => {
      const { text } = await ask(`/api/1/get/watts/by_time/${T + 30}/99999999999999999999`);
      expect(text).toBe(answer(`[${row(5, '0.0', T + 32)}]`));
    });

    it('answers a window of many pages whole and in order, while samples keep coming', async () => {
      const count = 4500;
      const sensor = await served().store.addSensor({ name: 'Many', sign: 'load' });
      await served().store.append(
        sensor.id,
        Array.from({ length: count }, (_, i) => ({ at: Instant(i * 1000), power: Watts(i) })),
      );
      const { text } = await ask(`/api/${sensor.id}/get/watts/by_time/0/${T}`);
      const { data } = JSON.parse(text) as { data: { value: number; timestamp: number }[] };
      expect(data.map(({ value }) => value)).toEqual(Array.from({ length: count }, (_, i) => i));
      const steps = await ask(`/api/${sensor.id}/get/kwatthours/by_time/0/${count}/1`);
      const energies = (JSON.parse(steps.text) as { data: { value: number }[] }).data;
      expect(energies).toHaveLength(count);
      // ∫ t dt up to the last sample at 4499 s.
      expect(energies.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(4499 ** 2 / 2 / 3.6e6, 8);
    });

    it('loses no sample between two polls at sub-second instants (v0.2: 0.78 % of them)', async () => {
      let sensors = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 0, max: 64_000 }), { minLength: 1, maxLength: 30 }),
          fc.array(fc.integer({ min: 0, max: 64_000 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 20_000_000 }),
          async (instants, polls, day) => {
            const start = day * 100_000;
            const sensor = await served().store.addSensor({ name: `Sub-second ${sensors++}`, sign: 'load' });
            const samples = instants.map((ms) => ({ at: Instant(start + ms), power: Watts(1) }));
            await served().store.append(sensor.id, samples);
            const edges = [0, ...polls.toSorted((a, b) => a - b), 64_001].map((ms) => (start + ms) / 1000);
            const seen: number[] = [];
            for (const [i, to] of edges.entries()) {
              const from = edges[i - 1];
              if (from === undefined) continue;
              const { text } = await ask(`/api/${sensor.id}/get/watts/by_time/${from}/${to}`);
              const { data } = JSON.parse(text) as { data: { timestamp: number }[] | null };
              for (const { timestamp } of data ?? []) seen.push(Math.round(timestamp * 1000) - start);
            }
            expect(seen).toEqual(instants.toSorted((a, b) => a - b));
          },
        ),
        { numRuns: 25 },
      );
    });

    it('prints sub-second instants as fractions and whole ones as integers', async () => {
      const sensor = await served().store.addSensor({ name: 'Fractions', sign: 'load' });
      await served().store.append(sensor.id, [
        { at: Instant(T * 1000 + 250), power: Watts(-0.5) },
        { at: Instant(T * 1000 + 1000), power: Watts(1e-6) },
      ]);
      const { text } = await ask(`/api/${sensor.id}/get/watts/by_time/${T}/${T + 2}`);
      expect(text).toContain(`"value": -0.5, "timestamp": ${T}.25,`);
      expect(text).toContain(`"value": 1e-06, "timestamp": ${T + 1},`);
    });
  });
};
