import { describe, expect, it } from 'vitest';
import { createTableReader, FileRefused, type TableNotes } from '../src/index.ts';

interface Read {
  readonly consumers: readonly string[];
  readonly producers: readonly string[];
  readonly rows: readonly {
    readonly start: string;
    readonly consumption: readonly number[];
    readonly production: readonly number[];
  }[];
  readonly notes: TableNotes;
}

/** Reads a file in pieces of some bytes. */
const read = (content: string | Uint8Array, zone?: string, piece = 7): Read => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const rows: Read['rows'][number][] = [];
  let columns: Pick<Read, 'consumers' | 'producers'> = { consumers: [], producers: [] };
  const reader = createTableReader({
    file: 'table.csv',
    zone,
    onColumns: (found) => {
      columns = found;
    },
    onRow: ({ start, consumption, production }) => {
      rows.push({
        start: new Date(start).toISOString(),
        consumption: [...consumption],
        production: [...production],
      });
    },
  });
  for (let from = 0; from < bytes.length; from += piece) reader.push(bytes.subarray(from, from + piece));
  const notes = reader.end();
  return { ...columns, rows, notes };
};
const HEAD = 'start;consumer:A;consumer:B;producer:P\n';
const START = '2026-11-01T00:00Z';
const KWH = 1_000_000_000;

describe('a table of interval energies', () => {
  it('is read with its points in ascending order, in whole µWh', () => {
    const { consumers, producers, rows } = read(
      `start,consumer:b,producer:p,consumer:a\n${START},0.25,1,0.000000001\n2026-11-01T00:15Z,0,0,3\n`,
    );
    expect(consumers).toEqual(['a', 'b']);
    expect(producers).toEqual(['p']);
    expect(rows).toEqual([
      { start: '2026-11-01T00:00:00.000Z', consumption: [1, 0.25 * KWH], production: [KWH] },
      { start: '2026-11-01T00:15:00.000Z', consumption: [3 * KWH, 0], production: [0] },
    ]);
  });

  it.each([
    ['LF', `${HEAD}${START};0,1;0,2;0,3\n`],
    ['CR LF', `${HEAD}${START};0,1;0,2;0,3\n`.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${HEAD}${START};0,1;0,2;0,3`],
    ['points beside semicolons', `${HEAD}${START};0.1;0.2;0.3`],
    ['tabs', `${HEAD}${START};0,1;0,2;0,3`.replaceAll(';', '\t')],
    ['commas', `${HEAD}${START};0.1;0.2;0.3`.replaceAll(';', ',')],
    ['quotes', `"start","consumer:A","consumer:B","producer:P"\n"${START}","0.1","0.2","0.3"`],
    ['decimal commas in quotes', `start;consumer:A;consumer:B;producer:P\n"${START}";"0,1";"0,2";"0,3"`],
    ['a separator at the end of lines', `start;consumer:A;consumer:B;producer:P;\n${START};0,1;0,2;0,3;\n`],
    ['spaces and blank lines', `start ; consumer: A ;consumer:B;producer:P\n${START}; 0,1 ;0,2;0,3\n\n;;;\n`],
    ['exponents', `${HEAD}${START};1e-1;2E-01;30.0e-2`],
    ['other words for the roles’ case', `Start;Consumer:A;CONSUMER:B;Producer:P\n${START};0,1;0,2;0,3`],
  ])('may have %s', (_, content) => {
    for (const piece of [1, 3, 1000])
      expect(read(content, undefined, piece).rows).toEqual([
        { start: '2026-11-01T00:00:00.000Z', consumption: [0.1 * KWH, 0.2 * KWH], production: [0.3 * KWH] },
      ]);
  });

  it('may be in the code page of Windows', () => {
    const bytes = Uint8Array.from(Buffer.from(`start;consumer:Müller;producer:P\n${START};1;2`, 'latin1'));
    expect(read(bytes).consumers).toEqual(['Müller']);
  });

  it.each([
    '2026-11-01T00:00:00Z',
    '2026-11-01T00:00:00.000Z',
    '2026-11-01 00:00Z',
    '2026-11-01T01:00+01:00',
    '2026-11-01T01:00:00+0100',
    '2026-11-01 01:00 +01',
    '2026-10-31T22:30-01:30',
    '2026-11-01 00:00',
    '2026/11/01 00:00',
    '01.11.2026 00:00',
    '1.11.2026 0:00:00',
    '2026-11-01',
  ])('has starts like %s', (start) => {
    expect(read(`${HEAD}${start};1;1;1`).rows[0]?.start).toBe('2026-11-01T00:00:00.000Z');
  });

  it('says that starts without an offset were taken as UTC', () => {
    expect(read(`${HEAD}2026-11-01 00:00;1;1;1`).notes.notes).toEqual([
      'table.csv:2: the starts say neither zone nor offset and were taken as UTC; --zone NAME says otherwise.',
    ]);
    expect(read(`${HEAD}2026-11-01 00:00Z;1;1;1`).notes.notes).toEqual([]);
  });

  it('tells what is missing from zero, and says so', () => {
    const { rows, notes } = read(`${HEAD}${START};;0;1`);
    expect(rows[0]?.consumption).toEqual([Number.NaN, 0]);
    expect(notes).toMatchObject({ rows: 1, blanks: 1 });
    expect(notes.notes).toEqual([
      'table.csv:2: 1 fields are blank: those points took no part in those intervals.',
    ]);
  });

  it('rounds the noise of floats to the µWh, and says so', () => {
    const { rows, notes } = read(`${HEAD}${START};0.23499999999999999;0.30000000000000004;5.6e-05`);
    expect(rows[0]).toMatchObject({ consumption: [235_000_000, 300_000_000], production: [56_000] });
    expect(notes.notes).toEqual(['table.csv:2: 2 values had digits below the µWh and were rounded to it.']);
  });

  describe('on the days when clocks change', () => {
    const quarters = (from: string, hours: number): readonly string[] =>
      Array.from({ length: hours * 4 }, (_, i) => {
        const at = Temporal.Instant.from(from).add({ minutes: 15 * i });
        return at
          .toZonedDateTimeISO('Europe/Vienna')
          .toPlainDateTime()
          .toString()
          .replace('T', ' ')
          .slice(0, 16);
      });
    const table = (stamps: readonly string[]): string =>
      HEAD + stamps.map((stamp) => `${stamp};0,1;0,1;0,1\n`).join('');

    it('has 92 quarters in spring', () => {
      const { rows } = read(table(quarters('2026-03-28T23:00Z', 23)), 'Europe/Vienna');
      expect(rows).toHaveLength(92);
      expect(rows.at(-1)?.start).toBe('2026-03-29T21:45:00.000Z');
    });

    it('has 100 in autumn, of which four stamps come twice', () => {
      const { rows } = read(table(quarters('2026-10-24T22:00Z', 25)), 'Europe/Vienna');
      expect(rows).toHaveLength(100);
      expect(new Set(rows.map(({ start }) => start)).size).toBe(100);
      expect(rows.at(-1)?.start).toBe('2026-10-25T22:45:00.000Z');
    });

    it('refuses the hour that there is not in spring, rather than move it', () => {
      expect(() => read(`${HEAD}2026-03-29 02:15;1;1;1`, 'Europe/Vienna')).toThrow(
        'table.csv:2: "2026-03-29 02:15" is no time in Europe/Vienna: clocks go forward over it.',
      );
    });

    it('refuses a stamp that comes twice where no zone tells the two apart', () => {
      expect(() => read(table(quarters('2026-10-24T22:00Z', 25)))).toThrow(
        /table.csv:14: The interval 2026-10-25 02:00 is on line 10 already. Keep one of them; where clocks went back, give the zone/,
      );
    });
  });

  it.each([
    ['', /table.csv:1: There is no interval/],
    ['start;kWh\n', /table.csv:1: The first line names no point: "start;kWh". Expected a line like/],
    [
      `start;consumer:A;GENERATON:P\n${START};1;1`,
      /table.csv:1: Column 3 is named "GENERATON:P": expected consumer:ID or producer:ID/,
    ],
    ['start;consumer:A;producer:\n', /Column 3 is named "producer:"/],
    ['start;consumer:A;consumer:A\n', /Columns 2 and 3 are both consumer:A/],
    ['consumer:A;consumer:B\n', /The first column is "consumer:A": expected the start/],
    ['Ende;consumer:A\n', /named "Ende": intervals are named by their start/],
    [HEAD, /There is no interval in it/],
    [`${HEAD}${START};1;1`, /table.csv:2: 3 columns, and the first line has 4/],
    [`${HEAD}${START};1;1;1;1`, /table.csv:2: 5 columns, and the first line has 4/],
    [
      `start,consumer:A,producer:P\n${START},0,1,0,2`,
      /table.csv:2: 5 columns, and the first line has 3. Decimal commas cannot stand where commas separate/,
    ],
    [`${HEAD}${START};0,1;0.1;1`, /table.csv:2: A decimal point, but line 2 has a decimal comma/],
    [
      `${HEAD}${START};0.1;1;1\n2026-11-01T00:15Z;0,1;1;1`,
      /table.csv:3: A decimal comma, but line 2 has a decimal point/,
    ],
    [`${HEAD}${START};1.234,5;1;1`, /consumer:A cannot be "1.234,5": expected kilowatt-hours/],
    [`${HEAD}${START};-0,1;1;1`, /consumer:A cannot be "-0,1"/],
    [`${HEAD}${START};1;1;NaN`, /producer:P cannot be "NaN": .* Leave a value that is missing blank/],
    [`${HEAD}${START};1;1;1 000`, /producer:P cannot be "1 000"/],
    [`${HEAD}${START};9999999999;1;1`, /consumer:A has 9999999999 kWh in one interval.*Check the unit/],
    [
      `${HEAD}01/11/2026 00:00;1;1;1`,
      /The start "01\/11\/2026 00:00" is no date and time that has one meaning/,
    ],
    [`${HEAD}31.02.2026 00:00;1;1;1`, /is no date and time/],
    [`${HEAD}1793491200;1;1;1`, /is no date and time/],
    [
      `${HEAD}${START};1;1;1\n${START};1;1;1`,
      /table.csv:3: The interval 2026-11-01T00:00Z is on line 2 already/,
    ],
  ])('refuses %j', (content, message) => {
    expect(() => read(content)).toThrow(FileRefused);
    expect(() => read(content)).toThrow(message);
  });

  it('refuses UTF-16, which spreadsheets call Unicode text', () => {
    const bytes = Uint8Array.from(Buffer.from(`\uFEFF${HEAD}`, 'utf16le'));
    expect(() => read(bytes, undefined, 1000)).toThrow('table.csv:1: The file is UTF-16. Save it as UTF-8.');
  });
});
