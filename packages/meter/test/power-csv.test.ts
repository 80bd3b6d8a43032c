import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PowerCsvError, type PowerSeries, powerAt, readPowerCsv } from '../src/index.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'daisee-csv-'));
});
afterAll(() => rm(directory, { recursive: true }));

const read = async (text: string): Promise<PowerSeries> => {
  const file = path.join(directory, 'power.csv');
  await writeFile(file, text);
  return readPowerCsv(file);
};
const rows = async (text: string): Promise<[string, number][]> => {
  const series = await read(text);
  return [...series.instants].map((at, index) => [
    new Date(at).toISOString(),
    series.watts[index] ?? Number.NaN,
  ]);
};
const errorOf = async (text: string): Promise<PowerCsvError> => {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof PowerCsvError) return error;
    throw error;
  }
  throw new PowerCsvError('power.csv', undefined, 'a file that was read', 'an error');
};

const NOON = '2024-06-01T12:00:00.000Z';
const LATER = '2024-06-01T12:01:00.000Z';
const expected = [
  [NOON, 123.5],
  [LATER, -2],
];

describe('a power CSV', () => {
  it.each([
    ['ISO with Z and no header', '2024-06-01T12:00:00Z,123.5\n2024-06-01T12:01:00Z,-2\n'],
    [
      'a header, CR LF, BOM, blank and # lines',
      '\uFEFF# lab\r\ntimestamp,watts\r\n\r\n2024-06-01T12:00:00Z,123.5\r\n# x\r\n2024-06-01T12:01Z,-2',
    ],
    ['an offset', '2024-06-01T14:00:00+02:00,123.5\n2024-06-01T07:01:00-0500,-2\n'],
    ['a local time, which counts as UTC', '2024-06-01 12:00,123.5\n2024-06-01 12:01,-2\n'],
    ['fractions of seconds', '2024-06-01T12:00:00.000,123.5\n2024-06-01T12:01:00.000Z,-2\n'],
    ['Unix seconds', '1717243200,123.5\n1717243260,-2\n'],
    ['Unix seconds with decimals', '1717243200.0,123.5\n1717243260.0,-2\n'],
    ['Unix milliseconds', 'time,power\n1717243200000,123.5\n1717243260000,-2\n'],
    [
      'semicolons with decimal commas',
      'Timestamp;Power (W)\n2024-06-01T12:00:00Z;123,5\n2024-06-01T12:01:00Z;-2,0\n',
    ],
    ['semicolons with decimal points', '2024-06-01T12:00:00Z;123.5\n2024-06-01T12:01:00Z;-2\n'],
    ['tabs', 'date\tW\n2024-06-01T12:00:00Z\t123,5\n2024-06-01T12:01:00Z\t-2\n'],
    ['kilowatts', 'datetime,power_kW\n2024-06-01T12:00:00Z,0.1235\n2024-06-01T12:01:00Z,-0.002\n'],
    [
      'columns in another order among others',
      'id,Watts,soc,Time\n1,123.5,80,2024-06-01T12:00:00Z\n2,-2,79,2024-06-01T12:01:00Z\n',
    ],
    [
      'a date and a time column',
      'Date;Time;P [W];Energy kWh\n2024-06-01;12:00;123,5;1\n2024-06-01;12:01;-2;2\n',
    ],
    ['two columns with other names', 'when,house\n2024-06-01T12:00:00Z,123.5\n2024-06-01T12:01:00Z,-2\n'],
    ['quotes', '"timestamp","watts"\n"2024-06-01T12:00:00Z","123.5"\n"2024-06-01T12:01:00Z","-2"\n'],
    ['more columns than the header needs', '2024-06-01T12:00:00Z,123.5,ok\n2024-06-01T12:01:00Z,-2,ok\n'],
  ])('is read with %s', async (_, text) => {
    expect(await rows(text)).toEqual(expected);
  });

  it.each([
    [
      'a bad instant',
      'timestamp,watts\n2024-06-01T12:00:00Z,1\nyesterday,2\n',
      'line 3: found "yesterday" as the time; expected an ISO 8601',
    ],
    ['a day that is not', '2024-06-31T12:00:00Z,1\n', 'line 1: found "2024-06-31T12:00:00Z" as the time'],
    [
      'a bad number',
      '2024-06-01T12:00:00Z,1\n\n2024-06-01T12:01:00Z,n/a\n',
      'line 3: found "n/a" as the power; expected a number of watts',
    ],
    ['an empty cell', '2024-06-01T12:00:00Z,\n', 'line 1: found "" as the power'],
    ['a missing cell', '2024-06-01T12:00:00Z,1\n2024-06-01T12:01:00Z\n', 'line 2: found "" as the power'],
    ['a thousand or a decimal', '2024-06-01T12:00:00Z,"1,234"\n', 'line 1: found "1,234" as the power'],
    ['Infinity', '2024-06-01T12:00:00Z,Infinity\n', 'line 1: found "Infinity" as the power'],
    [
      'a repeated time',
      '1717243200,1\n1717243200,2\n',
      'line 2: found "1717243200", the same time as the row before; expected rows in order of time',
    ],
    [
      'rows out of order',
      '1717243200,1\n1717243140,2\n',
      'line 2: found "1717243140", earlier than the row before',
    ],
    ['one column', 'hello\n', 'line 1: found "hello"; expected two columns'],
    ['an unknown header', 'time,a,b\n', 'line 1: found the header "time,a,b"; expected a column of instants'],
    ['two columns of power', 'time,power,watts\n', 'expected one column of power, not "power" and "watts"'],
    ['no rows', 'timestamp,watts\n', 'found 0 rows; expected at least two rows like'],
    ['nothing', '', 'found 0 rows'],
  ])('says file, line, what was found and what was expected for %s', async (_, text, message) => {
    const error = await errorOf(text);
    expect(error.message).toContain(path.join(directory, 'power.csv'));
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('\n');
    expect(error.code).toBe('meter.csv');
    expect(error.retryable).toBe(false);
  });

  it('names the file that is not there', async () => {
    await expect(readPowerCsv(path.join(directory, 'none.csv'))).rejects.toThrow(/none\.csv: found ENOENT/);
  });

  it('holds a year of minutes', async () => {
    const lines = Array.from(
      { length: 525_600 },
      (_, minute) => `${new Date(1.7e12 + minute * 60_000).toISOString()},${(minute % 977) / 10}`,
    );
    const series = await read(`timestamp,watts\n${lines.join('\n')}\n`);
    expect(series.instants).toHaveLength(525_600);
    expect(series.step).toBe(60_000);
  });

  it('reads back what was written, in every separator', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 4e9 }), { minLength: 2, maxLength: 20 }),
        fc.constantFrom(',', ';', '\t'),
        fc.boolean(),
        async (seconds, separator, iso) => {
          const ordered = seconds.sort((a, b) => a - b);
          const text = ordered.map(
            (at) => `${iso ? new Date(at * 1000).toISOString() : at}${separator}${at / 100}`,
          );
          const series = await read(text.join('\n'));
          expect([...series.instants]).toEqual(ordered.map((at) => at * 1000));
          expect([...series.watts]).toEqual(ordered.map((at) => at / 100));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the power at an instant', () => {
  it('is linear between rows and stays at the ends', async () => {
    const series = await read('100,10\n200,20\n400,0\n');
    const at = (seconds: number) => powerAt(series, Instant(seconds * 1000));
    expect([50, 100, 150, 200, 250, 400, 900].map(at)).toEqual([10, 10, 15, 20, 15, 0, 0]);
  });
});
