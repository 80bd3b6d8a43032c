/** `/api/v1`: what devices count for themselves goes in and out as it was shown. */
import { createMonitorClient } from '@daisee/monitor';
import { Energy, Instant, Watts, wattHours } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kept, NDJSON, serveKept } from './kept.ts';
import { LOGIN, PASSWORD } from './served.ts';

const T = 1_795_305_568_000;

describe('counters over HTTP', () => {
  let kept: Kept;
  beforeEach(async () => {
    kept = await serveKept();
  });
  afterEach(() => kept.end());
  const register = async () =>
    ((await kept.ask('GET /sensors/1/latest')).body as { sample: { register: string } }).sample.register;

  it('are taken as watt-hours in decimal text, as JSON, NDJSON and CSV, and come back the same', async () => {
    await kept.ask('POST /sensors/1/samples', { at: T, power: 60, counter: '123456789.000001' });
    const line = `{"at": ${T + 60_000}, "power": 60, "counter": "123456790.500001"}`;
    await kept.ask('POST /sensors/1/samples', line, NDJSON);
    const csv = `at,power,counter\n${T + 120_000},60,123456792.000001\n`;
    await kept.ask('POST /sensors/1/samples.csv', csv, { 'Content-Type': 'text/csv' });
    const { body } = await kept.ask('GET /sensors/1/samples');
    expect((body as { samples: { counter: string; register: string }[] }).samples).toMatchObject([
      { counter: '123456789.000001', register: '0.000000' },
      { counter: '123456790.500001', register: '1.500000' },
      { counter: '123456792.000001', register: '3.000000' },
    ]);
    const { text } = await kept.ask('GET /sensors/1/samples.csv');
    const time = new Date(T + 120_000).toISOString();
    expect(text.split('\r\n')[3]).toBe(`${time},60,,,3.000000,,123456792.000001,`);
  });

  it('that cannot be are refused by name', async () => {
    for (const counter of ['-1', '1.2345678', 'many', 12, '1234567890123']) {
      const { status, text } = await kept.ask('POST /sensors/1/samples', { at: T, power: 1, counter });
      expect(status).toBe(400);
      expect(text).toContain('counter');
    }
  });

  it('are believed as far as the sensor says', async () => {
    const rule = { highestPower: 3680, tolerance: '0.100000', rollsOverAt: '100.000000' };
    const asked = { name: 'Plug', sign: 'load', counter: rule, reports: 'change' };
    const made = await kept.ask('POST /sensors', asked);
    expect(made).toMatchObject({ status: 201, body: asked });
    expect((await kept.ask('GET /sensors/2')).body).toEqual(made.body);
    const samples = [
      { at: T, power: 60, counter: '99' },
      { at: T + 60_000, power: 60, counter: '1' },
    ];
    await kept.ask('POST /sensors/2/samples', samples);
    expect((await kept.ask('GET /sensors/2/latest')).body).toMatchObject({
      sample: { register: '2.000000' },
    });
    expect((await kept.ask('POST /sensors', { ...asked, counter: { highestPower: 0 } })).status).toBe(400);
    expect((await kept.ask('POST /sensors', { ...asked, reports: 'always' })).status).toBe(400);
  });

  it('are no longer believed otherwise when null takes that back, by POST and by PATCH, each for itself', async () => {
    const rule = { counter: { highestPower: 3680 }, reports: 'change' };
    const plain = { id: 2, name: 'Plug', sign: 'load', type: 'Électricité' };
    const known = async () => (await kept.ask('GET /sensors/2')).body;
    await kept.ask('POST /sensors', { name: 'Plug', sign: 'load', ...rule });
    await kept.ask('POST /sensors', { name: 'Plug', sign: 'load' });
    expect(await known()).toEqual({ ...plain, ...rule });
    await kept.ask('POST /sensors', { name: 'Plug', sign: 'load', reports: null });
    expect(await known()).toEqual({ ...plain, counter: rule.counter });
    await kept.ask('POST /sensors', { name: 'Plug', sign: 'load', counter: null });
    expect(await known()).toEqual(plain);
    expect((await kept.ask('PATCH /sensors/2', { name: 'Socket', ...rule })).body).toEqual({
      ...plain,
      name: 'Socket',
      ...rule,
    });
    expect((await kept.ask('PATCH /sensors/2', { archived: false })).body).toMatchObject(rule);
    const { body } = await kept.ask('PATCH /sensors/2', { name: 'Plug', counter: null, reports: null });
    expect(body).toEqual(plain);
    expect(await known()).toEqual(plain);
    expect((await kept.ask('PATCH /sensors/2', { reports: 'always' })).status).toBe(400);
  });

  it('reach whoever integrates for itself, with the rule', async () => {
    const client = createMonitorClient({ url: kept.url, login: LOGIN, password: PASSWORD, sensorId: 1 });
    expect(await client.rule()).toEqual({});
    const sample = {
      at: Instant(T),
      power: Watts(60),
      counter: Energy(2n ** 53n + 1n),
      exportedCounter: Energy(0n),
    };
    kept.store.append(1, [sample]);
    expect(await client.samples(Instant(T), Instant(T + 1))).toEqual([sample]);
    const counter = { highestPower: Watts(3680.5), tolerance: wattHours(0.5), rollsOverAt: wattHours(1e5) };
    kept.store.addSensor({ name: 'CitizenWatt', sign: 'load', counter, reports: 'change' });
    expect(await client.rule()).toEqual({ counter, reports: 'change' });
  });

  it('correct a register that power alone has made', async () => {
    await kept.ask('POST /sensors/1/samples', { at: T, power: 60, counter: '5' });
    await kept.ask('POST /sensors/1/samples', { at: T + 60_000, power: 60 });
    expect(await register()).toBe('1.000000');
    await kept.ask('POST /sensors/1/samples', { at: T + 120_000, power: 60, counter: '8' });
    expect(await register()).toBe('3.000000');
  });
});
