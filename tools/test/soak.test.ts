import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chart, judge, type Point, type Quantity, slopeOf } from '../soak/trend.ts';

const DAYS = 30;
const hourly = (value: (day: number) => number): readonly Point[] =>
  Array.from({ length: DAYS * 24 }, (_, hour) => ({ day: hour / 24, value: value(hour / 24) }));
const memory: Quantity = { name: 'memory', unit: 'MB', share: 0.1, floor: 5 };

describe('the verdict of a soak', () => {
  it('is flat for a sawtooth of garbage that is collected', () => {
    expect(
      judge(
        memory,
        hourly((day) => 200 + ((day * 7) % 1) * 80),
      ).kind,
    ).toBe('flat');
  });

  it('is flat for what fills a cache in the first day and stays', () => {
    expect(
      judge(
        memory,
        hourly((day) => 100 + 150 * Math.min(1, day)),
      ).kind,
    ).toBe('flat');
  });

  it('finds a slow leak under a sawtooth, and its rate', () => {
    const verdict = judge(
      memory,
      hourly((day) => 200 + ((day * 7) % 1) * 80 + 2 * day),
    );
    expect(verdict.kind).toBe('grows');
    expect(verdict.slope).toBeCloseTo(2, 0);
  });

  it('takes a row for each sample as explained, and two for each as more than that', () => {
    const store: Quantity = {
      ...memory,
      grows: { with: 'sample', perDay: 10_800, most: 1e-4, because: 'a row each' },
    };
    expect(
      judge(
        store,
        hourly((day) => 1 + day),
      ).kind,
    ).toBe('explained');
    expect(
      judge(
        store,
        hourly((day) => 1 + 2 * day),
      ).kind,
    ).toBe('grows');
  });

  it('is not moved by a single outlier', () => {
    const points = hourly((day) => (day === 20 ? 1e6 : 3 * day));
    expect(slopeOf(points.filter((_, hour) => hour % 24 === 0))).toBeCloseTo(3, 6);
  });

  it('says so when a run was too short to tell', () => {
    expect(judge(memory, [{ day: 0, value: 1 }]).kind).toBe('too short');
  });
});

describe('the chart of a soak', () => {
  it('stands on zero, so that what is flat looks flat', () => {
    const [top = '', bottom = ''] = chart(hourly(() => 500));
    expect([...new Set(top)]).toEqual(['█']);
    expect([...new Set(bottom)]).toEqual(['█']);
  });

  it('shows a rise from nothing as one', () => {
    const [top = '', bottom = ''] = chart(hourly((day) => day));
    expect([bottom.at(0), bottom.at(-1), top.at(0), top.at(-1)]).toEqual(['▁', '█', ' ', '█']);
  });
});

describe('npm run soak', () => {
  it('watches a lab for an hour of its time and gives a verdict of each quantity', async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../soak/main.ts'), '--days', '0.06', '--no-page', '--json'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    const lines = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; failed?: unknown; verdicts?: { name: string }[] });
    expect(lines.at(-1)).toMatchObject({ type: 'soak', failed: [], summary: { gaps: [] } });
    expect(lines.at(-1)?.verdicts?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['memory of node', 'memory of anvil', 'open files of node', 'monitors’ stores']),
    );
    expect(lines.filter(({ type }) => type === 'sample').length).toBeGreaterThan(0);
    expect(code).toBe(0);
  }, 300_000);
});
