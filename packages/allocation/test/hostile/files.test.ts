import { hostile, hostileBytes, torn } from '@daisee/fuzz';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { createIntervalAllocator, createTableReader, readShares, ruleNamed } from '../../src/index.ts';

const TABLES = [
  'start;consumer:A;consumer:B;producer:P\n2026-11-01T00:00Z;0,100;0,250;0,200\n2026-11-01T00:15Z;;1e-3;0,4\n',
  'start,consumer:A,producer:P\r\n2026-11-01 00:00+01:00,"0.5",1.000000001\r\n2026-11-01 00:15+01:00,0.25,\r\n',
  '\uFEFFZeit\tconsumer:b\tproducer:p\n25.10.2026 02:00\t1\t2\n25.10.2026 02:15\t3\t0.123456789\n',
];
const SHARES = [
  'point,share,factor,from,until\nA,0.25,50,2026-11-01,\nB,75 %,100,,2026-12-01\nproducer:P,,33,,\n',
  'point;producer;share;rank\nA;P;0,5;1\nB;P;0,25;2\n',
  'start,consumer:A,consumer:B\n2026-11-01T00:00Z,0.5,0.25\n',
  'A;0001;0,500000\r\nB;0001;0,500000\r\nA;0002;0,100000\r\nB;0002;0,900000',
  'A;0,500000\r\nB;0,500000',
];

describe('files of a community', () => {
  hostile('a table of energies is whole µWh, or refused', {
    input: fc.tuple(
      fc.oneof(
        { weight: 6, arbitrary: torn(...TABLES).map((text) => new Uint8Array(Buffer.from(text))) },
        { weight: 1, arbitrary: hostileBytes },
      ),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom('Europe/Vienna', undefined),
    ),
    feed: ([bytes, piece, zone]) => {
      let allocate: ReturnType<typeof createIntervalAllocator> | undefined;
      const reader = createTableReader({
        file: 'table.csv',
        zone,
        onColumns: (columns) => {
          allocate = createIntervalAllocator(ruleNamed('at/dynamic'), columns);
        },
        onRow: (row) => {
          expect(Number.isSafeInteger(row.start)).toBe(true);
          for (const energy of [...row.consumption, ...row.production])
            expect(Number.isNaN(energy) || (Number.isSafeInteger(energy) && energy >= 0)).toBe(true);
          allocate?.(row);
        },
      });
      for (let from = 0; from < bytes.length; from += piece) reader.push(bytes.subarray(from, from + piece));
      reader.end();
    },
  });

  hostile('a file of shares gives out no more than all, or is refused', {
    input: fc.tuple(
      torn(...SHARES),
      fc.constantFrom('fr/static', 'es/coefficients', 'fr/organiser', 'fr/full', 'priority', 'at/dynamic'),
    ),
    feed: ([text, name]) => {
      const columns = { consumers: ['A', 'B'], producers: ['P'] };
      const rule = ruleNamed(name);
      const source = readShares(text, { file: 'shares.csv', rule, columns, zone: 'Europe/Vienna' });
      const { shares } = source.at(Instant(Date.UTC(2026, 10, 1)));
      const sum = (values: Float64Array | undefined): number => values?.reduce((a, b) => a + b, 0) ?? 0;
      expect(sum(shares.coefficients)).toBeLessThanOrEqual(1_000_001);
      expect(sum(shares.pairs)).toBeLessThanOrEqual(1_000_001);
    },
  });
});
