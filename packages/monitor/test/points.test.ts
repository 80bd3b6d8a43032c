/** A window as few points for a chart. */
import { Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METHODS, pointsOf } from '../src/http/measured/points.ts';
import type { PowerAt } from '../src/store/store.ts';
import { type Kept, serveKept } from './kept.ts';
import { every } from './samples.ts';

const inPages = async function* (samples: readonly PowerAt[]): AsyncGenerator<readonly PowerAt[]> {
  for (let start = 0; start < samples.length; start += 7) yield samples.slice(start, start + 7);
};

const powers = fc
  .array(
    fc.record({
      wait: fc.integer({ min: 1, max: 1_000_000 }),
      power: fc.integer({ min: -3000, max: 3000 }),
    }),
    { minLength: 1, maxLength: 300 },
  )
  .map((steps) => {
    let at = 0;
    return steps.map(({ wait, power }, id): PowerAt => {
      at += wait;
      return { id, at: Instant(at), power: Watts(power) };
    });
  });
const wanted = fc.integer({ min: 4, max: 60 });
const method = fc.constantFrom(...METHODS);

const few = (samples: readonly PowerAt[], points: number, by: (typeof METHODS)[number]) =>
  pointsOf(inPages(samples), {
    from: samples[0]?.at ?? 0,
    to: (samples.at(-1)?.at ?? 0) + 1,
    points,
    method: by,
  });

describe('the points of a window', () => {
  it('are at most as many as asked for, of its samples, ascending, the first and the last among them', () =>
    fc.assert(
      fc.asyncProperty(powers, wanted, method, async (samples, points, by) => {
        const found = await few(samples, points, by);
        expect(found.samples).toBe(samples.length);
        expect(found.points.length).toBeLessThanOrEqual(points);
        expect(found.points[0]).toBe(samples[0]);
        expect(found.points.at(-1)).toBe(samples.at(-1));
        const places = found.points.map((point) => samples.indexOf(point));
        expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b));
        expect(places).not.toContain(-1);
      }),
    ));

  it('are all of its samples when there are no more than asked for', () =>
    fc.assert(
      fc.asyncProperty(powers, method, async (samples, by) => {
        expect((await few(samples, Math.max(4, samples.length), by)).points).toEqual(samples);
      }),
    ));

  it('by minmax keep the lowest and the highest of all', () =>
    fc.assert(
      fc.asyncProperty(powers, wanted, async (samples, points) => {
        const found = (await few(samples, points, 'minmax')).points.map(({ power }) => power);
        const all = samples.map(({ power }) => power);
        expect(Math.min(...found)).toBe(Math.min(...all));
        expect(Math.max(...found)).toBe(Math.max(...all));
      }),
    ));

  it('by largest triangles show a peak that stands alone', async () => {
    const flat = Array.from({ length: 5000 }, (_, id) => ({
      id,
      at: Instant(id * 8000),
      power: Watts(id === 3333 ? 2500 : 100),
    }));
    const { points } = await few(flat, 50, 'lttb');
    expect(points).toHaveLength(50);
    expect(points.some(({ power }) => power === 2500)).toBe(true);
  });
});

describe('GET /api/v1/sensors/ID/points', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await serveKept({
      before: (store) => {
        store.append(
          1,
          every(8, 10_800, (n) => (n === 5000 ? 3000 : 100 + (n % 50))),
        );
      },
    });
  });
  afterAll(() => kept.end());

  it.each(METHODS)('gives a day as a chart needs it, by %s', async (by) => {
    const { status, body } = await kept.ask(`GET /sensors/1/points?points=200&method=${by}`);
    const { points, samples } = body as { points: { at: number; power: number }[]; samples: number };
    expect(status).toBe(200);
    expect(samples).toBe(10_800);
    expect(points.length).toBeLessThanOrEqual(200);
    expect(points.length).toBeGreaterThan(100);
    expect(Math.max(...points.map(({ power }) => power))).toBe(3000);
  });

  it('gives those of a part, and none where nothing was measured', async () => {
    const first = await kept.ask('GET /sensors/1/samples?limit=10');
    const { samples } = first.body as { samples: { at: number; power: number }[] };
    const [from, to] = [samples[2]?.at, samples[6]?.at];
    expect(await kept.ask(`GET /sensors/1/points?from=${from}&to=${to}`)).toMatchObject({
      body: { samples: 4, points: samples.slice(2, 6).map(({ at, power }) => ({ at, power })) },
    });
    expect(await kept.ask(`GET /sensors/1/points?from=1&to=2`)).toMatchObject({
      body: { samples: 0, points: [] },
    });
  });

  it.each(['points=3', 'points=10001', 'method=mean', 'step=5', 'points=x'])('refuses %s', async (query) => {
    expect(await kept.ask(`GET /sensors/1/points?${query}`)).toMatchObject({ status: 400 });
  });

  it('knows no sensor that is not there', async () => {
    expect(await kept.ask('GET /sensors/9/points')).toMatchObject({ status: 404 });
  });
});
