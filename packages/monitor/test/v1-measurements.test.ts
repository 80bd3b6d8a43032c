/** `/api/v1`: power, energy, cost, registers and gaps, and the tariffs that price energy. */
import { Duration, formatMicro, Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kept, serveKept } from './kept.ts';
import { NOW } from './served.ts';

const HOUR = 3_600_000;
const utc = (text: string): number => Date.parse(text);

describe('measurements', () => {
  let kept: Kept;
  // 100 W from the start of 2026-03-28 in Paris for four days, over the change to summer time; then a gap of an hour.
  const START = utc('2026-03-28T00:00:00+01:00');
  const END = utc('2026-04-01T00:00:00+02:00');
  beforeAll(async () => {
    kept = await serveKept({ maxGap: Duration(HOUR / 2) });
    const samples = [];
    for (let at = START; at <= END; at += HOUR / 4) samples.push({ at: Instant(at), power: Watts(100) });
    kept.store.append(1, samples);
    kept.store.append(1, [{ at: Instant(END + HOUR), power: Watts(-100) }], { maxGap: Duration(HOUR / 2) });
    kept.store.addSensor({ name: 'Empty', sign: 'signed' });
  });
  afterAll(() => kept.end());
  const window = `from=${START}&to=${END}`;

  it('of energy are those of the registers, for the window and for each step', async () => {
    expect((await kept.ask(`GET /sensors/1/energy?${window}`)).body).toEqual({
      from: START,
      to: END,
      energy: '9500.000000',
    });
    const { body } = await kept.ask(`GET /sensors/1/energy?from=${START}&to=${START + 2.5 * HOUR}&step=PT1H`);
    expect(body).toEqual({
      from: START,
      to: START + 2.5 * HOUR,
      energy: '250.000000',
      steps: [
        { from: START, to: START + HOUR, energy: '100.000000' },
        { from: START + HOUR, to: START + 2 * HOUR, energy: '100.000000' },
        { from: START + 2 * HOUR, to: START + 2.5 * HOUR, energy: '50.000000' },
      ],
    });
    const iso = encodeURIComponent('2026-03-28T00:00:00+01:00');
    expect((await kept.ask(`GET /sensors/1/energy?from=${iso}`)).body).toMatchObject({
      from: START,
      to: NOW,
      energy: '9500.000000',
    });
  });

  it('of days are cut at local midnight, the day of 23 hours too (daily totals cut at midnight UTC)', async () => {
    const days = await kept.ask(`GET /sensors/1/energy?${window}&step=P1D&zone=Europe/Paris`);
    expect(
      (days.body as { steps: { from: number; energy: string }[] }).steps.map(({ from, energy }) => [
        from,
        energy,
      ]),
    ).toEqual([
      [START, '2400.000000'],
      [START + 24 * HOUR, '2300.000000'],
      [START + 47 * HOUR, '2400.000000'],
      [START + 71 * HOUR, '2400.000000'],
    ]);
    const months = await kept.ask(
      `GET /sensors/1/energy?from=${START}&to=${END + HOUR}&step=P1M&zone=Europe/Paris`,
    );
    expect(months.body).toMatchObject({
      steps: [
        { from: START, to: END },
        { from: END, to: END + HOUR },
      ],
    });
    const utcDays = await kept.ask(`GET /sensors/1/energy?${window}&step=P1D`);
    expect((utcDays.body as { steps: unknown[] }).steps).toHaveLength(5);
  });

  it('of energy by any step add up to those of the window', async () => {
    const step = fc.oneof(
      fc.integer({ min: HOUR / 60, max: 100 * HOUR }).map(String),
      fc.constantFrom('PT7M', 'PT1H30M', 'P1D', 'P1M'),
    );
    const instant = fc.integer({ min: START - HOUR, max: END + 2 * HOUR });
    await fc.assert(
      fc.asyncProperty(instant, instant, step, async (a, b, step) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const { body } = await kept.ask(
          `GET /sensors/1/energy?from=${from}&to=${to}&step=${step}&zone=America/New_York`,
        );
        const { energy, steps } = body as { energy: string | null; steps: { from: number; to: number }[] };
        expect(energy ?? '0.000000').toBe(formatMicro(kept.store.energy(1, Instant(from), Instant(to))));
        for (const [i, one] of steps.entries()) expect(one.from).toBe(i === 0 ? from : steps[i - 1]?.to);
        expect(steps.at(-1)?.to).toBe(to === from ? undefined : to);
      }),
      { numRuns: 40 },
    );
  });

  it('of power are the means of samples, null where there is none', async () => {
    const { body } = await kept.ask(`GET /sensors/1/power?from=${END}&to=${END + 2 * HOUR + 1}&step=${HOUR}`);
    expect(body).toEqual({
      from: END,
      to: END + 2 * HOUR + 1,
      power: 0,
      samples: 2,
      steps: [
        { from: END, to: END + HOUR, power: 100, samples: 1 },
        { from: END + HOUR, to: END + 2 * HOUR, power: -100, samples: 1 },
        { from: END + 2 * HOUR, to: END + 2 * HOUR + 1, power: null, samples: 0 },
      ],
    });
    expect((await kept.ask(`GET /sensors/2/energy?${window}`)).body).toMatchObject({ energy: null });
  });

  it('of registers and gaps are those of the store', async () => {
    expect((await kept.ask(`GET /sensors/1/register?at=${START + HOUR}`)).body).toEqual({
      at: START + HOUR,
      register: '100.000000',
    });
    expect((await kept.ask('GET /sensors/1/register')).body).toMatchObject({
      at: NOW,
      register: '9500.000000',
    });
    expect((await kept.ask(`GET /sensors/1/gaps?from=${START}`)).body).toEqual({
      gaps: [{ from: END, to: END + HOUR }],
    });
    expect((await kept.ask(`GET /sensors/1/gaps?${window}`)).body).toEqual({ gaps: [] });
  });

  it('of cost need a tariff, and tell day from night', async () => {
    expect(await kept.ask(`GET /sensors/1/cost?${window}`)).toMatchObject({
      status: 409,
      body: { code: 'monitor.no-tariff' },
    });
    const tariff = {
      name: 'Tarif Bleu HP/HC',
      day: { slope: '0.156', constant: '0.2843' },
      night: { slope: '0.1127' },
      threshold: 6000,
      hours: { start: '22:00', end: '06:00', zone: 'Europe/Paris' },
    };
    const set = await kept.ask('POST /tariffs', tariff);
    expect(set.body).toEqual({
      ...tariff,
      id: 1,
      type: 'Électricité',
      day: { slope: '0.156000', constant: '0.284300' },
      night: { slope: '0.112700', constant: '0.000000' },
      current: false,
    });
    expect((await kept.ask('PUT /tariffs/current', { id: 1 })).body).toMatchObject({
      tariffs: [{ id: 1, current: true }],
    });
    const day = { energy: '2400.000000', day: '1600.000000', night: '800.000000', cost: '0.339760' };
    const { body } = await kept.ask(
      `GET /sensors/1/cost?from=${START}&to=${START + 47 * HOUR}&step=P1D&zone=Europe/Paris`,
    );
    expect(body).toMatchObject({
      cost: '0.668250',
      steps: [day, { energy: '2300.000000', day: '1600.000000', night: '700.000000', cost: '0.328490' }],
    });
    const flat = { name: 'Flat', day: { slope: '0.1' }, night: { slope: '0.1' } };
    await kept.ask('POST /tariffs', flat);
    expect((await kept.ask(`GET /sensors/1/cost?${window}&tariff=2`)).body).toMatchObject({
      cost: '0.950000',
    });
    expect((await kept.ask(`GET /sensors/2/cost?${window}&tariff=2`)).body).toMatchObject({ cost: null });
    expect(await kept.ask(`GET /sensors/1/cost?${window}&tariff=9`)).toMatchObject({ status: 404 });
    expect(await kept.ask('PUT /tariffs/current', { id: 9 })).toMatchObject({ status: 404 });
    expect((await kept.ask('PUT /tariffs/current', { id: null })).body).toMatchObject({
      tariffs: [{ current: false }, { current: false }],
    });
    expect(await kept.ask('DELETE /tariffs/2')).toMatchObject({ status: 204 });
    expect((await kept.ask('GET /tariffs')).body).toMatchObject({ tariffs: [{ id: 1 }] });
  });

  it.each([
    { name: 'x', day: { slope: 0.1 }, night: { slope: '0.1' } },
    { name: 'x', day: { slope: '0.1' }, night: { slope: '0.2' } },
    { name: 'x', day: { slope: '0.1234567' }, night: { slope: '0.1' } },
    {
      name: 'x',
      day: { slope: '0.1' },
      night: { slope: '0.2' },
      hours: { start: '22:00', end: '06:00', zone: 'Europe/Nowhere' },
    },
  ])('have no tariff like %j', async (tariff) => {
    expect(await kept.ask('POST /tariffs', tariff)).toMatchObject({ status: 400 });
  });

  it.each([
    'energy',
    'energy?from=1&to=0',
    `energy?from=0&step=PT1S`,
    'energy?from=0&step=0',
    'energy?from=0&step=1h',
    'energy?from=0&step=PT',
    'energy?from=0&step=PT0S',
    'energy?from=0&step=P1D&zone=Mars/Base',
    'energy?from=-900000000000000&step=P1D',
    'power?from=x',
    'gaps?from=0&step=1',
  ])('are refused as %s', async (question) => {
    expect(await kept.ask(`GET /sensors/1/${question}`)).toMatchObject({ status: 400 });
  });
});
