/** The CitizenWatt API row by row, asked over raw HTTP as v0.2's client asks. */
import { Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float } from '../src/http/citizenwatt/json.ts';
import { askAsV02, NOW, type Reply, type Served, serve } from './served.ts';

/** The first sample's instant in Unix seconds. */
const T = 1_795_305_568;
const SAMPLES = [194, 194, 12.34, 200, 0].map((watts, i) => ({
  at: Instant((T + 8 * i) * 1000),
  power: Watts(watts),
}));

const NOTHING = '{"data": null, "rate": null}';
const row = (id: number, value: string, timestamp: number | string): string =>
  `{"id": ${id}, "sensor_id": 1, "value": ${value}, "timestamp": ${timestamp}, "night_rate": 1}`;
const kwh = (value: string): string => `{"night_rate": ${value}, "day_rate": 0.0, "value": ${value}}`;
const mean = (value: string): string => `{"value": ${value}, "day_rate": 0.0, "night_rate": ${value}}`;
const answer = (data: string): string => `{"data": ${data}, "rate": null}`;

describe('the CitizenWatt API', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({ before: (store) => store.append(1, SAMPLES) });
  });
  afterAll(() => served.end());
  const ask = (path: string): Promise<Reply> => askAsV02(served.url + path);

  const table: readonly (readonly [call: string, answer: string])[] = [
    ['/api/time', `{"data": ${NOW / 1000}}`],
    ['/api/sensors', '{"data": [{"id": 1, "name": "CitizenWatt", "type": "Électricité", "type_id": 1}]}'],
    ['/api/sensors/1', '{"data": {"id": 1, "name": "CitizenWatt", "type": "Électricité", "type_id": 1}}'],
    ['/api/sensors/2', '{"data": null}'],
    ['/api/types', '{"data": [{"id": 1, "name": "Électricité"}]}'],
    [`/api/1/get/watts/by_time/${T}`, answer(row(1, '194.0', T))],
    [`/api/1/get/watts/by_time/${T}.0`, answer(row(1, '194.0', T))],
    [`/api/1/get/watts/by_time/${T + 1}`, NOTHING],
    [`/api/1/get/watts/by_time/${T}/${T + 16}`, answer(`[${row(1, '194.0', T)}, ${row(2, '194.0', T + 8)}]`)],
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
    [`/api/1/get/watts/by_time/${T - 16}/${T + 24}/16`, answer(`[null, ${mean('194.0')}, ${mean('12.34')}]`)],
    [`/api/1/get/kwatthours/by_time/${T - 16}/${T + 16}/16`, answer(`[null, ${kwh('0.000660377')}]`)],
    [
      `/api/1/get/kwatthours/by_time/${T}/${T + 9}/8.0`,
      answer(`[${kwh('0.000431111')}, ${kwh('5.0735e-05')}]`),
    ],
    ['/api/7/get/watts/by_time/0/10', NOTHING],
    ['/api/7/get/kwatthours/by_time/0/10', NOTHING],
    ['/api/7/get/watts/by_time/0/10/5', answer('[null, null]')],
    ['/api/7/get/kwatthours/by_time/0/10/5', answer('[null, null]')],
  ];
  it.each(table)('answers %s with %s', async (call, expected) => {
    const reply = await ask(call);
    expect(reply.text).toBe(expected);
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
  });

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
    [`/api/1/get/watts/by_time/-5/${T}`, /T0/],
    ['/api/1/get/watts/by_time/-5', /T cannot be/],
    [`/api/1/get/watts/by_time/yesterday/${T}`, /T0 cannot be \\"yesterday\\"/],
    [`/api/1/get/watts/by_time/NaN/${T}`, /T0/],
    ['/api/1/get/watts/by_time/0/Infinity', /T1/],
    [`/api/1/get/watts/by_time/0/${T}/0`, /STEP/],
    [`/api/1/get/kwatthours/by_time/0/${T}/-8`, /STEP/],
    [`/api/1/get/kwatthours/by_time/0/${T}/x`, /STEP/],
    [`/api/1/get/watts/by_time/0/${T}/1e-9`, /STEP/],
    [`/api/one/get/watts/by_time/0/${T}`, /sensor/],
    ['/api/sensors/one', /sensor/],
  ])('refuses the numbers of %s: 400 and which one', async (call, which) => {
    const reply = await ask(call);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'monitor.bad-number' });
    expect(reply.text).toMatch(which);
  });

  it('takes ends far in the future for "until now"', async () => {
    const { text } = await ask(`/api/1/get/watts/by_time/${T + 30}/99999999999999999999`);
    expect(text).toBe(answer(`[${row(5, '0.0', T + 32)}]`));
  });

  it('answers a window of many pages whole and in order, while samples keep coming', async () => {
    const count = 4500;
    const sensor = served.store.addSensor({ name: 'Many', sign: 'load' });
    served.store.append(
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
          const sensor = served.store.addSensor({ name: `Sub-second ${sensors++}`, sign: 'load' });
          const samples = instants.map((ms) => ({ at: Instant(start + ms), power: Watts(1) }));
          served.store.append(sensor.id, samples);
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
    const sensor = served.store.addSensor({ name: 'Fractions', sign: 'load' });
    served.store.append(sensor.id, [
      { at: Instant(T * 1000 + 250), power: Watts(-0.5) },
      { at: Instant(T * 1000 + 1000), power: Watts(1e-6) },
    ]);
    const { text } = await ask(`/api/${sensor.id}/get/watts/by_time/${T}/${T + 2}`);
    expect(text).toContain(`"value": -0.5, "timestamp": ${T}.25,`);
    expect(text).toContain(`"value": 1e-06, "timestamp": ${T + 1},`);
  });

  it('writes every float so that it reads back as the same number and shows that it is one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(JSON.parse(float(value))).toBe(value + 0);
        expect(float(value)).toMatch(/[.e]/);
      }),
    );
    expect([194, 0, -0, 0.000432, 4.5124e-5, 1e16, 123456.75].map(float)).toEqual([
      '194.0',
      '0.0',
      '0.0',
      '0.000432',
      '4.5124e-05',
      '1e+16',
      '123456.75',
    ]);
  });
});
