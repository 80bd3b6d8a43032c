/** `/api/v1`: samples as CSV. */
import { Instant, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kept, serveKept } from './kept.ts';

const CSV = { 'Content-Type': 'text/csv' };
const T = Date.UTC(2026, 6, 1);

describe('CSV', () => {
  let kept: Kept;
  beforeEach(async () => {
    kept = await serveKept();
  });
  afterEach(() => kept.end());
  const send = async (text: string): Promise<readonly unknown[]> => {
    const { status, body } = await kept.ask('POST /sensors/1/samples.csv', text, CSV);
    expect(status).toBe(200);
    return String(body)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  };

  it('is written with a line for each sample of the window', async () => {
    await kept.ask('POST /sensors/1/samples', [
      { at: T, power: 450, stateOfCharge: 87.5, voltage: 3.98 },
      { at: T + 8250, power: -1.5 },
    ]);
    const all = await kept.ask('GET /sensors/1/samples.csv');
    expect(all.headers['content-disposition']).toBe('attachment; filename="sensor-1.csv"');
    expect(all.body).toBe(
      [
        'at,power,stateOfCharge,voltage,register,exported,counter,exportedCounter',
        '2026-07-01T00:00:00.000Z,450,87.5,3.98,0.000000,,,',
        '2026-07-01T00:00:08.250Z,-1.5,,,0.513911,,,',
        '',
      ].join('\r\n'),
    );
    expect(
      String((await kept.ask(`GET /sensors/1/samples.csv?from=${T + 1}`)).body).split('\r\n'),
    ).toHaveLength(3);
  });

  it('that was written is read to the same samples, over many batches, with progress', async () => {
    const samples = Array.from({ length: 5000 }, (_, i) => ({
      at: Instant(T + i * 1000),
      power: Watts(i / 8),
    }));
    kept.store.append(1, samples);
    const file = String((await kept.ask('GET /sensors/1/samples.csv')).body);
    expect(file.split('\r\n')).toHaveLength(5002);
    expect(await send(file)).toEqual([
      { lines: 2001, stored: 0, repeated: 2000, done: false },
      { lines: 4001, stored: 0, repeated: 4000, done: false },
      { lines: 5001, stored: 0, repeated: 5000, done: true },
    ]);
    const copy = kept.store.addSensor({ name: 'Copy', sign: 'load' });
    await kept.ask(`POST /sensors/${copy.id}/samples.csv`, file, CSV);
    const read = (id: number) =>
      kept.store
        .samples(id, Instant(0), Instant(Number.MAX_SAFE_INTEGER))
        .map((sample) => ({ ...sample, id: 0 }));
    expect(read(copy.id)).toEqual(read(1));
  });

  it('shows an absence as a line that says why, and is read to the same gaps', async () => {
    kept.store.append(1, [
      { at: Instant(T), power: Watts(3600) },
      { at: Instant(T + 5000), absent: 'unavailable, says "it"' },
      { at: Instant(T + 95_000), power: Watts(3600) },
      { at: Instant(T + 100_000), power: Watts(3600) },
      { at: Instant(T + 101_000), absent: 'offline' },
    ]);
    const file = String((await kept.ask('GET /sensors/1/samples.csv')).body);
    expect(file.split('\r\n').slice(0, 4)).toEqual([
      'at,power,stateOfCharge,voltage,register,exported,counter,exportedCounter,absent',
      '2026-07-01T00:00:00.000Z,3600,,,0.000000,,,,',
      '2026-07-01T00:00:05.000Z,,,,5.000000,,,,"unavailable, says ""it"""',
      '2026-07-01T00:01:35.000Z,3600,,,5.000000,,,,',
    ]);
    const copy = kept.store.addSensor({ name: 'Copy', sign: 'load' });
    await kept.ask(`POST /sensors/${copy.id}/samples.csv`, file, CSV);
    const gaps = (id: number) => kept.store.gaps(id, Instant(T), Instant(T + 1e6));
    expect(gaps(copy.id)).toEqual(gaps(1));
    expect(gaps(1)).toHaveLength(2);
    expect(kept.store.last(copy.id)?.register).toBe(kept.store.last(1)?.register);
  });

  it('with absences has each in its place over many pages', async () => {
    const told = Array.from({ length: 5001 }, (_, i) => {
      const at = Instant(T + i * 1000);
      return i % 500 === 499 ? { at, absent: `no ${i}` } : { at, power: Watts(i) };
    });
    kept.store.append(1, told);
    const lines = String((await kept.ask('GET /sensors/1/samples.csv')).body).split('\r\n');
    expect(lines).toHaveLength(told.length + 2);
    const instants = lines.slice(1, -1).map((line) => Date.parse(line.slice(0, 24)));
    expect(instants).toEqual(told.map(({ at }) => at));
    expect(lines.filter((line) => line.includes('"no '))).toHaveLength(10);
  });

  it('of a spreadsheet (other order, semicolons, quotes, byte order mark) is read', async () => {
    const file = `\uFEFF"voltage";"power";"at";"note"\n;"12.5";"${T}";x\n\n3.9;1;2026-07-01T02:00:01+02:00;y`;
    expect(await send(file)).toEqual([{ lines: 4, stored: 2, repeated: 0, done: true }]);
    expect(kept.store.samples(1, Instant(0), Instant(T + 1001))).toMatchObject([
      { at: T, power: 12.5 },
      { at: T + 1000, power: 1, voltage: 3.9 },
    ]);
  });

  it('of a spreadsheet that writes decimals with a comma is read, where semicolons separate', async () => {
    const file = `at;power;voltage;counter\n${T};12,5;3,98;1204,512`;
    expect(await send(file)).toEqual([{ lines: 2, stored: 1, repeated: 0, done: true }]);
    expect(kept.store.last(1)).toMatchObject({ power: 12.5, voltage: 3.98, counter: 1_204_512_000n });
  });

  it('with a bad line far down says from which line on nothing was stored', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `${T + i * 1000},${i === 2500 ? 'x' : i}`);
    expect((await send(`at,power\n${lines.join('\n')}`)).at(-1)).toMatchObject({
      stored: 2000,
      done: false,
      problem: {
        code: 'monitor.samples',
        detail: expect.stringMatching(
          /^Nothing from line 2002 on was stored, .* line 2502: power /,
        ) as string,
      },
    });
  });

  it.each([
    ['no header', `${T},1`, 'monitor.csv', /^Line 1 names no columns at and power/],
    ['a bad line', `at,power\n${T},1\n${T + 1},x`, 'monitor.samples', /line 3: power/],
    ['a number that is none', `at,power\n${T},0x10`, 'monitor.samples', /line 2: power/],
    ['a time without a zone', 'at,power\n2026-07-01 00:00,1', 'monitor.samples', /line 2: at/],
    ['a line without an end', `at,power\n${'1'.repeat(5000)}`, 'monitor.csv', /Line 2 is longer than 1000/],
  ])('with %s ends with a problem that names the line', async (_what, file, code, detail) => {
    const last = (await send(file)).at(-1);
    expect(last).toMatchObject({
      done: false,
      problem: { code, detail: expect.stringMatching(detail) as string },
    });
    expect(kept.store.last(1)).toBeUndefined();
  });

  it('is not for JSON, nor for an archived sensor', async () => {
    expect(await kept.ask('POST /sensors/1/samples.csv', [])).toMatchObject({ status: 415 });
    await kept.ask('PATCH /sensors/1', { archived: true });
    expect(await kept.ask('POST /sensors/1/samples.csv', 'at,power', CSV)).toMatchObject({ status: 409 });
  });
});
