import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch } from './support/daisee.ts';

const file = (name: string, content: string): string => {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
};

const TABLE =
  'start,consumption (kWh),production (kWh)\n2024-07-01T00:00:00Z,0.5,0\n2024-07-01T00:15:00Z,0.25,1.5\n2024-07-01T00:45:00Z,,\n';

describe('daisee interval read', () => {
  it('prints a line an interval: point, start in UTC, length, µWh in and out, quality', async () => {
    const { code, stdout, stderr } = await daisee([
      'interval',
      'read',
      file('a.csv', TABLE),
      '--point',
      'P1',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(records(stdout)).toEqual([
      {
        point: 'P1',
        start: '2024-07-01T00:00:00.000Z',
        length: 900,
        in: 500_000_000,
        out: 0,
        quality: 'measured',
      },
      {
        point: 'P1',
        start: '2024-07-01T00:15:00.000Z',
        length: 900,
        in: 250_000_000,
        out: 1_500_000_000,
        quality: 'measured',
      },
      {
        point: 'P1',
        start: '2024-07-01T00:45:00.000Z',
        length: 900,
        in: null,
        out: null,
        quality: 'missing',
      },
    ]);
    expect(stderr).toContain('are not there');
  });

  it('prints what the file holds with --report', async () => {
    const { code, stdout } = await daisee(['interval', 'read', file('a.csv', TABLE), '--report', '--json']);
    expect(code).toBe(0);
    expect(records(stdout)).toMatchObject([
      {
        format: 'columns',
        points: ['unknown'],
        intervals: 6,
        blank: 2,
        absent: 2,
        first: '2024-07-01T00:00:00.000Z',
      },
    ]);
  });

  it('takes columns, unit, zone and length of a table from its options', async () => {
    const table = file('b.csv', 'Datum;P\n01.07.2024 02:15;100\n');
    const options = [
      '--columns',
      'end=Datum,in=P',
      '--unit',
      'W',
      '--zone',
      'Europe/Vienna',
      '--length',
      '15m',
      '--point',
      'x',
    ];
    const { code, stdout } = await daisee(['interval', 'read', table, ...options, '--json']);
    expect(code).toBe(0);
    expect(records(stdout)).toMatchObject([{ start: '2024-07-01T00:00:00.000Z', in: 25_000_000 }]);
  });

  it('reads nothing of a file with a fault, and says in one line what, where and what was expected', async () => {
    const wrong = file('c.csv', TABLE.replace('0.25', 'x.25'));
    const { code, stdout, stderr } = await daisee(['interval', 'read', wrong, '--json']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^.*c\.csv: line 3: found "x\.25" as a value; expected a number of kWh.*\n$/);
    const zone = await daisee(['interval', 'read', file('d.csv', TABLE), '--zone', 'Mars/Olympus']);
    expect([zone.code, zone.stderr]).toEqual([1, expect.stringContaining('no time zone')]);
  });

  it('has help with an example', async () => {
    const { code, stdout } = await daisee(['interval', 'read', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Example: daisee interval read');
  });
});
