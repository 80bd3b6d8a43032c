/** `/api/v1`: samples that are sent, and the sensors they belong to. */
import { Instant, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kept, NDJSON, serveKept } from './kept.ts';
import { BASIC, send } from './served.ts';

const T = 1_795_305_568_000;

describe('samples that are sent', () => {
  let kept: Kept;
  beforeEach(async () => {
    kept = await serveKept();
  });
  afterEach(() => kept.end());
  const stored = () => kept.store.samples(1, Instant(0), Instant(Number.MAX_SAFE_INTEGER));

  it('are stored, one or many, as JSON or NDJSON', async () => {
    const one = { at: T, power: 450, stateOfCharge: 87.5, voltage: 3.98 };
    expect(await kept.ask('POST /sensors/1/samples', one)).toMatchObject({
      status: 200,
      body: { stored: 1, repeated: 0 },
    });
    const many = [
      { at: T + 8000, power: 450 },
      { at: '2026-11-22T01:00:00.000+01:00', power: 0 },
    ];
    expect((await kept.ask('POST /sensors/1/samples', many)).body).toEqual({ stored: 2, repeated: 0 });
    const lines = `{"at": ${T + 16_000}, "power": 1}\n\r\n{"at": ${T + 24_000}, "power": 2}`;
    expect((await kept.ask('POST /sensors/1/samples', lines, NDJSON)).body).toEqual({
      stored: 2,
      repeated: 0,
    });
    expect(stored().map(({ at, power }) => [at, power])).toEqual([
      [T, 450],
      [T + 8000, 450],
      [T + 16_000, 1],
      [T + 24_000, 2],
      [Date.UTC(2026, 10, 22), 0],
    ]);
    expect(stored()[0]).toMatchObject(one);
    expect((await kept.ask('POST /sensors/1/samples', [])).body).toEqual({ stored: 0, repeated: 0 });
  });

  it('twice are stored once, and the answer says so (sent again after a lost answer)', async () => {
    const samples = [0, 8000, 16_000].map((after) => ({ at: T + after, power: 100 }));
    await kept.ask('POST /sensors/1/samples', samples.slice(0, 2));
    expect((await kept.ask('POST /sensors/1/samples', samples)).body).toEqual({ stored: 1, repeated: 2 });
    expect(stored()).toHaveLength(3);
  });

  it('may be absences: from then on nothing is known, and the gap says why', async () => {
    const told = [
      { at: T, power: 3600 },
      { at: T + 5000, absent: 'unavailable' },
      { at: T + 95_000, power: 3600 },
      { at: T + 100_000, power: 3600 },
    ];
    expect((await kept.ask('POST /sensors/1/samples', told)).body).toEqual({ stored: 4, repeated: 0 });
    expect((await kept.ask('POST /sensors/1/samples', told.slice(1, 2))).body).toEqual({
      stored: 0,
      repeated: 1,
    });
    expect((await kept.ask('GET /sensors/1/latest')).body).toMatchObject({
      sample: { register: '10.000000' },
    });
    const gap = { from: T + 5000, to: T + 95_000, reason: 'unavailable' };
    expect((await kept.ask(`GET /sensors/1/gaps?from=${T}&to=${T + 1e6}`)).body).toEqual({ gaps: [gap] });
    const offline = JSON.stringify({ at: T + 101_000, absent: 'offline' });
    await kept.ask('POST /sensors/1/samples', offline, NDJSON);
    expect((await kept.ask(`GET /sensors/1/gaps?from=${T}&to=${T + 1e6}`)).body).toEqual({
      gaps: [gap, { from: T + 101_000, reason: 'offline' }],
    });
    for (const bad of [
      { at: T, absent: '' },
      { at: T, absent: 'x', voltage: 1 },
      { at: T, power: 1, absent: 'x' },
    ])
      expect((await kept.ask('POST /sensors/1/samples', bad)).status).toBe(400);
  });

  it('are all left out when one cannot be, and the bad ones are named', async () => {
    const bad = [
      { at: T, power: 1 },
      { at: T + 1, power: 1e9 },
      { at: T + 2.5, power: 1 },
      { at: T + 3, power: 1, watts: 2 },
      'sample',
      { at: T + 4, power: 1, stateOfCharge: 101 },
    ];
    const { status, body } = await kept.ask('POST /sensors/1/samples', bad);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'monitor.samples',
      detail: expect.stringMatching(
        /^Nothing of it was stored, since 5 samples cannot be: sample 1: power /,
      ) as string,
      errors: [
        { index: 1, path: 'power' },
        { index: 2, path: 'at' },
        { index: 3, path: 'it' },
        { index: 4, path: 'it' },
        { index: 5, path: 'stateOfCharge' },
      ],
    });
    expect(stored()).toEqual([]);
  });

  it.each([
    ['a half line', '{"at": 1, "power": 1}\n\n{"at": 2, "po', 'monitor.samples', [{ line: 3 }]],
    [
      'a bad value',
      '{"at": 1, "power": 1}\n{"at": 2, "power": "x"}',
      'monitor.samples',
      [{ line: 2, path: 'power' }],
    ],
  ])('as NDJSON with %s are refused by line', async (_what, lines, code, errors) => {
    expect(await kept.ask('POST /sensors/1/samples', lines, NDJSON)).toMatchObject({
      status: 400,
      body: { code, errors },
    });
    expect(stored()).toEqual([]);
  });

  it('name twenty of a hundred thousand bad ones', async () => {
    const { body } = await kept.ask('POST /sensors/1/samples', '1\n'.repeat(100_000), NDJSON);
    expect(body).toMatchObject({ detail: expect.stringContaining('100000 samples') as string });
    expect((body as { errors: unknown[] }).errors).toHaveLength(20);
  });

  it.each([
    ['broken JSON', '[{', { 'Content-Type': 'application/json' }, 400, 'monitor.bad-body'],
    [
      'a form',
      'at=1&power=1',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      415,
      'monitor.media-type',
    ],
    ['no type', '{"at": 1, "power": 1}', {}, 415, 'monitor.media-type'],
    ['CSV', 'at,power\n1,1', { 'Content-Type': 'text/csv' }, 415, 'monitor.media-type'],
  ])('as %s are refused', async (_what, text, headers, status, code) => {
    expect(await kept.ask('POST /sensors/1/samples', text, headers)).toMatchObject({
      status,
      body: { code },
    });
  });

  it('of more than 10 MB are refused with a problem, and the monitor goes on (10 MB body)', async () => {
    const line = `{"at": 1, "power": 1}${' '.repeat(1000)}\n`;
    const ten = line.repeat(Math.floor((10 * 1024 * 1024) / line.length));
    expect((await kept.ask('POST /sensors/1/samples', ten, NDJSON)).body).toMatchObject({ stored: 1 });
    expect(await kept.ask('POST /sensors/1/samples', ten + line + line, NDJSON)).toMatchObject({
      status: 413,
      body: { code: 'monitor.too-large' },
    });
    expect(await kept.ask('GET /health')).toMatchObject({ status: 200 });
  });

  it('are heard by who listens to samples', async () => {
    const heard: unknown[] = [];
    kept.monitor.onSample(({ sensorId, sample }) => heard.push([sensorId, sample.at]));
    await kept.ask('POST /sensors/1/samples', [{ at: T, power: 1 }]);
    await kept.ask('POST /sensors/1/samples', [{ at: T, power: 1 }]);
    expect(heard).toEqual([[1, T]]);
  });

  it('of a sensor that is not there are refused', async () => {
    expect(await kept.ask('POST /sensors/7/samples', [])).toMatchObject({
      status: 404,
      body: { code: 'monitor.unknown-sensor', detail: expect.stringContaining('1 (CitizenWatt)') as string },
    });
  });
});

describe('sensors', () => {
  let kept: Kept;
  beforeEach(async () => {
    kept = await serveKept();
  });
  afterEach(() => kept.end());

  it('are made once, with a name, a sign and a type', async () => {
    const roof = { name: 'Roof', sign: 'source', type: 'Solar' };
    expect(await kept.ask('POST /sensors', roof)).toMatchObject({
      status: 201,
      headers: { location: '/api/v1/sensors/2' },
      body: { id: 2, ...roof },
    });
    expect(await kept.ask('POST /sensors', roof)).toMatchObject({ status: 200, body: { id: 2 } });
    expect((await kept.ask('GET /sensors/2')).body).toEqual({ id: 2, ...roof });
    expect(await kept.ask('POST /sensors', { ...roof, sign: 'load' })).toMatchObject({
      status: 409,
      body: { code: 'monitor.sensor-differs' },
    });
    for (const wrong of [{ name: ' ', sign: 'load' }, { name: 'x' }, { name: 'x', sign: 'up' }, []])
      expect(await kept.ask('POST /sensors', wrong)).toMatchObject({ status: 400 });
  });

  it('are renamed, but not to a name that is taken', async () => {
    kept.store.addSensor({ name: 'Roof', sign: 'source' });
    kept.store.append(1, [{ at: Instant(T), power: Watts(1) }]);
    const renamed = { id: 1, name: 'Kitchen', type: 'Électricité', sign: 'load' };
    expect((await kept.ask('PATCH /sensors/1', { name: ' Kitchen ' })).body).toEqual(renamed);
    expect((await kept.ask('GET /sensors/1')).body).toEqual(renamed);
    expect((await send(`${kept.url}/api/sensors/1`, { headers: BASIC })).text).toContain('"Kitchen"');
    expect((await kept.ask('GET /sensors')).body).toMatchObject({ sensors: [renamed, { name: 'Roof' }] });
    expect((await kept.ask('GET /sensors/1/latest')).body).toMatchObject({ sample: { at: T } });
    expect(await kept.ask('PATCH /sensors/1', { name: 'Kitchen' })).toMatchObject({ status: 200 });
    expect(await kept.ask('PATCH /sensors/1', { name: 'Roof' })).toMatchObject({
      status: 409,
      body: { code: 'monitor.name-taken' },
    });
    expect(await kept.ask('PATCH /sensors/9', { name: 'Roof' })).toMatchObject({ status: 404 });
  });

  it('that are archived keep what they measured and take no samples until they are brought back', async () => {
    await kept.ask('POST /sensors/1/samples', { at: T, power: 1 });
    const since = kept.clock.now();
    expect((await kept.ask('PATCH /sensors/1', { archived: true })).body).toMatchObject({ archived: since });
    expect((await kept.ask('GET /sensors')).body).toMatchObject({ sensors: [{ id: 1, archived: since }] });
    expect((await kept.ask('GET /sensors/1/samples')).body).toMatchObject({ samples: [{ at: T }] });
    expect(await kept.ask('POST /sensors/1/samples', { at: T + 1, power: 1 })).toMatchObject({
      status: 409,
      body: { code: 'monitor.archived' },
    });
    expect((await kept.ask('PATCH /sensors/1', { archived: false })).body).not.toHaveProperty('archived');
    expect((await kept.ask('POST /sensors/1/samples', { at: T + 1, power: 1 })).body).toMatchObject({
      stored: 1,
    });
  });
});
