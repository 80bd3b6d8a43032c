import { describe, expect, it } from 'vitest';
import { IntervalFileWrong } from '../../src/index.ts';
import { countOf, lines, readText } from '../made/intervals.ts';
import { dataConnect, hdm, localTimes, r4q, r50 } from '../made/operators.ts';

/** A day of Data Connect: the ends of its half hours, the last of them the next midnight. */
const dayOf = (date: string, next: string, clock: Parameters<typeof localTimes>[1] = {}) => {
  const [, ...ends] = localTimes(30, clock);
  return [...ends.map((time) => `${date} ${time}:00`), `${next} 00:00:00`].map((at) => ({
    date: at,
    value: '100',
  }));
};

describe('Data Connect', () => {
  it('has mean watts as text at the end of their interval, in French local time', () => {
    expect(
      lines(
        dataConnect([
          { date: '2024-02-26 00:30:00', value: '100' },
          { date: '2024-02-26 01:00:00', value: '333' },
        ]),
      ),
    ).toEqual([
      ['2024-02-25T23:00Z', 30, 50_000_000, null, 'measured'],
      ['2024-02-25T23:30Z', 30, 166_500_000, null, 'measured'],
    ]);
  });

  it('does not say which way the energy went: that is told', () => {
    expect(
      lines(dataConnect([{ date: '2024-02-26 00:30:00', value: '100' }]), { direction: 'export' }),
    ).toEqual([['2024-02-25T23:00Z', 30, null, 50_000_000, 'measured']]);
  });

  it('may change its step inside a file', () => {
    expect(
      lines(
        dataConnect([
          { date: '2024-02-26 01:00:00', value: '60', length: 'PT60M' },
          { date: '2024-02-26 01:10:00', value: '60', length: 'PT10M' },
          { date: '2024-02-26 01:25:00', value: '60', length: 'PT15M' },
        ]),
      ).map(([start, minutes, energy]) => [start, minutes, energy]),
    ).toEqual([
      ['2024-02-25T23:00Z', 60, 60_000_000],
      ['2024-02-26T00:00Z', 10, 10_000_000],
      ['2024-02-26T00:10Z', 15, 15_000_000],
    ]);
  });

  it('has 46 half hours on the day of 23 hours and 50 on that of 25', () => {
    expect(countOf(dataConnect(dayOf('2024-03-31', '2024-04-01', { skip: 2 })))).toBe(46);
    // The half hour before the change may end at 02:00, which the clock does not show.
    const odd = dayOf('2024-03-31', '2024-04-01', { skip: 2 }).map((one) =>
      one.date.endsWith(' 03:00:00') ? { ...one, date: '2024-03-31 02:00:00' } : one,
    );
    expect(countOf(dataConnect(odd))).toBe(46);
    expect(countOf(dataConnect(dayOf('2024-10-27', '2024-10-28', { twice: 2 })))).toBe(50);
  });

  it('with 48 half hours on the day of 25 hours says that the repeated hour is there once', () => {
    const file = readText(dataConnect(dayOf('2024-10-27', '2024-10-28')));
    expect([file.intervals.length, file.absent]).toEqual([48, 2]);
    expect(file.notes.map(({ note }) => note).join()).toContain('repeated hour once');
  });

  it('has energies of whole days where the unit is Wh', () => {
    expect(
      lines(
        dataConnect(
          [
            { date: '2024-03-31', value: '9000' },
            { date: '2024-04-01', value: '8000' },
          ],
          'Wh',
        ),
      ),
    ).toEqual([
      ['2024-03-30T23:00Z', 23 * 60, 9_000_000_000, null, 'measured'],
      ['2024-03-31T22:00Z', 24 * 60, 8_000_000_000, null, 'measured'],
    ]);
  });

  it('is refused whole for a date or a value that is none', () => {
    expect(() => readText(dataConnect([{ date: '2024-02-31 00:30:00', value: '1' }]))).toThrow(
      IntervalFileWrong,
    );
    expect(() => readText(dataConnect([{ date: '2024-02-26 00:30:00', value: 'NaN' }]))).toThrow(
      'interval_reading[0]',
    );
    expect(() => readText('{"meter_reading":{}}')).toThrow('usage_point_id');
    expect(() => readText('{"meter_reading":')).toThrow('cut off');
  });
});

describe('R50 (households)', () => {
  it('has mean watts of half hours, the time is the end; a value may be blank or doubtful', () => {
    expect(
      lines(
        r50([
          ['2022-02-02T00:30:00+01:00', '476'],
          ['2022-02-02T01:00:00+01:00', ''],
          ['2022-02-02T01:30:00+01:00', '100', '1'],
        ]),
      ),
    ).toEqual([
      ['2022-02-01T23:00Z', 30, 238_000_000, null, 'measured'],
      ['2022-02-01T23:30Z', 30, null, null, 'missing'],
      ['2022-02-02T00:00Z', 30, 50_000_000, null, 'estimated'],
    ]);
  });
});

describe('R4Q (above 36 kVA)', () => {
  it('has mean kilowatts of ten minutes, the time is the start', () => {
    expect(
      lines(
        r4q([
          ['2022-02-02T00:00:00+01:00', '28'],
          ['2022-02-02T00:10:00+01:00', '30', 'E'],
        ]),
      ),
    ).toEqual([
      ['2022-02-01T23:00Z', 10, 4_666_666_667, null, 'measured'],
      ['2022-02-01T23:10Z', 10, 5_000_000_000, null, 'estimated'],
    ]);
  });
});

describe('HDM', () => {
  it('of a household has ends, of a larger point starts, and watts in both', () => {
    expect(lines(hdm(['2021-07-01T00:30:00+02:00;100', '2021-07-01T01:00:00+02:00;200']))).toEqual([
      ['2021-06-30T22:00Z', 30, 50_000_000, null, 'measured'],
      ['2021-06-30T22:30Z', 30, 100_000_000, null, 'measured'],
    ]);
    expect(lines(hdm(['2020-02-03T00:00:00+01:00;18000', '2020-02-03T00:10:00+01:00;'], ''))).toEqual([
      ['2020-02-02T23:00Z', 10, 3_000_000_000, null, 'measured'],
      ['2020-02-02T23:10Z', 10, null, null, 'missing'],
    ]);
  });

  it('may go from hours to half hours, and a missing row is a hole and no longer step', () => {
    const file = readText(
      hdm([
        '2021-02-06T01:00:00+01:00;100',
        '2021-02-06T02:00:00+01:00;100',
        '2021-02-06T04:00:00+01:00;100',
        '2021-02-06T05:00:00+01:00;100',
        '2021-02-06T05:30:00+01:00;100',
        '2021-02-06T06:00:00+01:00;100',
        '2021-02-06T07:00:00+01:00;100',
        '2021-02-06T07:30:00+01:00;100',
      ]),
    );
    expect(file.intervals.map(({ length }) => length / 60_000)).toEqual([60, 60, 60, 60, 30, 30, 30, 30]);
    expect(file.absent).toBe(2);
  });

  it('has the repeated hour with its offsets', () => {
    const times = ['02:00:00+02', '02:30:00+02', '02:00:00+01', '02:30:00+01', '03:00:00+01'];
    expect(countOf(hdm(times.map((time) => `2021-10-31T${time}:00;100`)))).toBe(5);
  });

  it('of registers is refused', () => {
    expect(() => readText(hdm([]).replace('Horodate;Valeur', 'Horodate;Type de releve;EAS F1'))).toThrow(
      'register',
    );
  });
});
