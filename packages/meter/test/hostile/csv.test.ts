import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostile, hostileBytes, torn } from '@daisee/fuzz';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { powerAt, readPowerCsv, spanOf } from '../../src/index.ts';

const FILES = [
  'timestamp,watts\n2024-06-01T12:00:00Z,123.4\n2024-06-01T12:15:00Z,-5\n2024-06-01T12:30:00Z,1e3\n',
  '# curve\n1717243200;12,5\n1717243260;13\n1717243320;-1e308\n1717243380;1e308\n',
  'date\ttime\tpower (kW)\n2024-06-01\t12:00\t0.5\n2024-06-01\t13:00\t1.5\n',
  '"time","P"\n"2024-06-01 00:00:00+02:00","1,5"\n"2024-06-01 01:00:00+02:00","2,25"\n',
];

describe('a file of measured power', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'daisee-csv-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  hostile('is a curve with a power at every instant, or refused', {
    input: fc.tuple(
      fc.oneof(
        { weight: 6, arbitrary: torn(...FILES).map((text) => new Uint8Array(Buffer.from(text))) },
        { weight: 1, arbitrary: hostileBytes },
      ),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    feed: async ([bytes, share]) => {
      const file = join(directory, 'power.csv');
      writeFileSync(file, bytes);
      const series = await readPowerCsv(file);
      const { from, to } = spanOf(series);
      expect(Number.isFinite(powerAt(series, Instant(from + (to - from) * share)))).toBe(true);
      expect(series.step).toBeGreaterThan(0);
    },
  });
});
