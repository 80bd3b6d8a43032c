import { describe, expect, it } from 'vitest';
import { countOf, lines, readText } from '../made/intervals.ts';
import { datadis, greenButton, sdat } from '../made/operators.ts';

const WHOLE = '8716867000030';
const COMMUNITY = '2404050010123';
const GRID = '2404050010124';

describe('SDAT E66 (Switzerland)', () => {
  it('counts observations from the block’s start, which has no other time', () => {
    expect(
      lines(
        sdat([
          {
            product: WHOLE,
            values: [
              [1, '0.100'],
              [3, '0.300', '21'],
            ],
          },
        ]),
      ),
    ).toEqual([
      ['2026-01-05T23:00Z', 15, 100_000_000, null, 'measured'],
      ['2026-01-05T23:30Z', 15, 300_000_000, null, 'estimated'],
    ]);
    expect(
      readText(
        sdat([
          {
            product: WHOLE,
            values: [
              [1, '0.1'],
              [3, '0.3'],
            ],
          },
        ]),
      ).absent,
    ).toBe(1);
  });

  it('has what the community covers of a consumer, and the surplus of a producer; the rest follows', () => {
    const file = readText(
      sdat([
        { product: WHOLE, values: [[1, '0.100']] },
        { product: GRID, values: [[1, '0.060']] },
        { product: COMMUNITY, values: [[1, '0.040']] },
        { product: WHOLE, isProduction: true, values: [[1, '2.000']] },
        { product: GRID, isProduction: true, values: [[1, '1.500']] },
        { product: COMMUNITY, isProduction: true, values: [[1, '0.500']] },
      ]),
    );
    expect(file.intervals.map(({ direction, measure, energy }) => [direction, measure, energy])).toEqual([
      ['export', 'metered', 2_000_000_000n],
      ['export', 'surplus', 1_500_000_000n],
      ['import', 'covered', 40_000_000n],
      ['import', 'metered', 100_000_000n],
    ]);
  });

  it('is refused for another unit, a sequence twice, and sums of a whole community (E31)', () => {
    expect(() => readText(sdat([{ product: WHOLE, unit: 'K3', values: [[1, '1']] }]))).toThrow('KWH');
    expect(() =>
      readText(
        sdat([
          {
            product: WHOLE,
            values: [
              [1, '1'],
              [1, '2'],
            ],
          },
        ]),
      ),
    ).toThrow('twice');
    expect(() =>
      readText(sdat([]).replaceAll('ValidatedMeteredData_16', 'AggregatedMeteredData_13')),
    ).toThrow('E31');
  });
});

describe('Datadis (Spain)', () => {
  const hours = (date: string, ...times: readonly number[]) =>
    times.map((hour) => [date, `${String(hour).padStart(2, '0')}:00`, 1] as const);
  const all = Array.from({ length: 24 }, (_, index) => index + 1);

  it('names hours by their end, 24:00 is the midnight after, and has the surplus beside', () => {
    expect(
      lines(
        datadis([
          ['2023/12/01', '01:00', 0.979, 0],
          ['2023/12/01', '24:00', 0.5, 1.25, 'Estimada'],
        ]),
      ),
    ).toEqual([
      ['2023-11-30T23:00Z', 60, 979_000_000, 0, 'measured'],
      ['2023-12-01T22:00Z', 60, 500_000_000, 1_250_000_000, 'estimated'],
    ]);
  });

  it('has 23 rows on the day of 23 hours, without 02:00', () => {
    expect(countOf(datadis(hours('2024/03/31', ...all.filter((hour) => hour !== 2))))).toBe(2 * 23);
  });

  it('has 24 rows on the day of 25 hours, and says so', () => {
    const file = readText(datadis(hours('2023/10/29', ...all)));
    expect(file.intervals.filter(({ direction }) => direction === 'import')).toHaveLength(24);
    expect(file.notes.map(({ note }) => note).join()).toContain('repeated hour once');
  });
});

describe('Fluvius (Belgium)', () => {
  const value = (amount: number, state = 'READ', unit = 'kWh') => ({
    value: amount,
    unit,
    validationState: state,
  });
  const quarter = (...measurements: readonly object[]) => ({
    start: '2024-12-01T00:00:00Z',
    end: '2024-12-01T00:15:00Z',
    measurements,
  });
  const file = (headpoint: object) =>
    JSON.stringify({ data: { headpoint: { ean: '541440000000000001', energyType: 'E', ...headpoint } } });

  it('has offtake and injection, totals or tariffs, read or estimated', () => {
    expect(
      lines(
        file({
          quarterHourlyEnergy: [
            quarter(
              { offtake: { day: value(0.1), night: value(0.2, 'EST') } },
              { injection: { total: value(500, 'READ', 'Wh') } },
            ),
          ],
        }),
      ),
    ).toEqual([['2024-12-01T00:00Z', 15, 300_000_000, 500_000_000, 'estimated']]);
  });

  it('counts a headpoint once, not its meters again; reactive energy is none', () => {
    const series = {
      quarterHourlyEnergy: [
        quarter({ offtake: { total: value(0.009) } }, { injection: { reactive: value(9) } }),
      ],
    };
    const whole = readText(file({ ...series, physicalMeters: [{ meterID: 'M1', ...series }] }));
    expect(whole.intervals.map(({ point, energy }) => [point, energy])).toEqual([
      ['541440000000000001', 9_000_000n],
    ]);
    expect(readText(file({ physicalMeters: [{ meterID: 'M1', ...series }] })).intervals[0]?.point).toBe(
      '541440000000000001',
    );
    const two = readText(
      file({
        physicalMeters: [
          { meterID: 'M1', ...series },
          { meterID: 'M2', ...series },
        ],
      }),
    );
    expect(two.intervals.map(({ point }) => point)).toEqual(['M1', 'M2']);
  });
});

describe('Energinet (Denmark) and Fingrid (Finland)', () => {
  const energinet = (
    resolution: string,
    start: string,
    points: readonly (readonly [number, string, string])[],
    type = 'A04',
  ) =>
    JSON.stringify({
      result: [
        {
          MyEnergyData_MarketDocument: {
            createdDateTime: '2024-02-15T10:10:07Z',
            TimeSeries: [
              {
                businessType: type,
                'measurement_Unit.name': 'KWH',
                MarketEvaluationPoint: { mRID: { codingScheme: 'A10', name: '571313000000000001' } },
                Period: [
                  {
                    resolution,
                    timeInterval: { start },
                    Point: points.map(([position, quantity, quality]) => ({
                      position: String(position),
                      'out_Quantity.quantity': quantity,
                      'out_Quantity.quality': quality,
                    })),
                  },
                ],
              },
            ],
          },
        },
      ],
    });

  it('counts positions from 1, and days from local midnight', () => {
    expect(
      lines(
        energinet('PT1H', '2024-02-11T23:00:00Z', [
          [1, '0.13', 'A04'],
          [2, '0.11', 'A03'],
          [3, '', 'A02'],
        ]),
      ),
    ).toEqual([
      ['2024-02-11T23:00Z', 60, 130_000_000, null, 'measured'],
      ['2024-02-12T00:00Z', 60, 110_000_000, null, 'estimated'],
      ['2024-02-12T01:00Z', 60, null, null, 'missing'],
    ]);
    expect(
      lines(
        energinet(
          'P1D',
          '2024-03-30T23:00:00Z',
          [
            [1, '9', 'A04'],
            [2, '8', 'A04'],
          ],
          'A01',
        ),
      ),
    ).toEqual([
      ['2024-03-30T23:00Z', 23 * 60, null, 9_000_000_000, 'measured'],
      ['2024-03-31T22:00Z', 24 * 60, null, 8_000_000_000, 'measured'],
    ]);
  });

  it('says what the operator answered instead of data', () => {
    expect(() => readText('{"result":[{"success":false,"errorText":"NoCprConsent"}]}')).toThrow(
      'NoCprConsent',
    );
  });

  it('Fingrid: observations have their own start', () => {
    const text = JSON.stringify({
      RetrieveTimeSeriesData: {
        Header: { Creation: '2024-07-29T00:00:00.000+0000' },
        Transaction: {
          TimeSeries: [
            {
              MeteringPointEAN: '642502030400000001',
              ResolutionDuration: 'PT15M',
              UnitType: 'kWh',
              ReadingType: 'BN01',
              Observations: [
                { PeriodStartTime: '2024-07-27T21:00:00Z', Quantity: '1.509000', Quality: 'OK' },
              ],
            },
          ],
        },
      },
    });
    expect(lines(text)).toEqual([['2024-07-27T21:00Z', 15, 1_509_000_000, null, 'measured']]);
  });
});

describe('Green Button', () => {
  it('has starts in Unix seconds and values with a power of ten; 19 is what was fed in', () => {
    const values = [
      [1_725_321_600, '10000'],
      [1_725_322_500, '2', '8'],
    ] as const;
    expect(lines(greenButton({ values }))).toEqual([
      ['2024-09-03T00:00Z', 15, 10_000_000, null, 'measured'],
      ['2024-09-03T00:15Z', 15, 2000, null, 'estimated'],
    ]);
    expect(lines(greenButton({ flow: 19, multiplier: 3, values: [[1_725_321_600, '2']] }))).toEqual([
      ['2024-09-03T00:00Z', 15, null, 2_000_000_000, 'measured'],
    ]);
    // Mean watts of a quarter of an hour.
    expect(lines(greenButton({ uom: 38, multiplier: 0, values: [[1_725_321_600, '100']] }))[0]?.[2]).toBe(
      25_000_000,
    );
    // Net: below zero is fed in.
    expect(lines(greenButton({ flow: 4, values: [[1_725_321_600, '-5']] }))[0]?.[3]).toBe(5000);
  });

  it('leaves out gas and reactive energy', () => {
    for (const other of [{ commodity: 7 }, { uom: 73 }]) {
      const file = readText(greenButton({ ...other, values: [[1_725_321_600, '1']] }));
      expect([file.intervals.length, file.notes.length]).toEqual([0, 1]);
    }
  });
});

describe('a table by its columns', () => {
  const rows = ['2024-07-01T00:00:00Z,0.5,0', '2024-07-01T00:15:00Z,0.25,1.5'];

  it('is read by headers that say their role and unit', () => {
    expect(lines(`start,consumption (kWh),production (kWh)\n${rows.join('\n')}\n`)).toEqual([
      ['2024-07-01T00:00Z', 15, 500_000_000, 0, 'measured'],
      ['2024-07-01T00:15Z', 15, 250_000_000, 1_500_000_000, 'measured'],
    ]);
  });

  it('is read by the columns that are named, by header or number, with power, zone and length', () => {
    expect(
      lines('when;P;who\n01.07.2024 02:15;100;A\n', {
        columns: { end: 'when', in: 'P', point: 'who' },
        unit: 'W',
        zone: 'Europe/Vienna',
        length: 900_000,
      }),
    ).toEqual([['2024-07-01T00:00Z', 15, 25_000_000, null, 'measured']]);
    expect(
      lines(rows.join('\n'), { columns: { start: '1', in: '2', out: '3' }, unit: 'kWh' }).map(
        ([, , energy]) => energy,
      ),
    ).toEqual([500_000_000, 250_000_000]);
  });

  it('has several points, each with its own hours', () => {
    const file = readText(
      'start,point,energy (Wh)\n2024-07-01T00:00Z,A,1\n2024-07-01T00:00Z,B,2\n2024-07-01T00:15Z,A,3\n2024-07-01T00:15Z,B,4\n',
    );
    expect(file.intervals.map(({ point, energy }) => [point, energy])).toEqual([
      ['A', 1_000_000n],
      ['A', 3_000_000n],
      ['B', 2_000_000n],
      ['B', 4_000_000n],
    ]);
  });

  it('is refused without a unit, with two columns of one role, or without times', () => {
    expect(() => readText(`start,consumption\n${rows[0]}\n`)).toThrow('--unit');
    expect(() => readText('start,import (kWh),consumption (kWh)\n1,2,3\n')).toThrow('may both be in');
    expect(() => readText('a,b\n1,2\n')).toThrow('--columns');
    expect(() => readText('start,energy (kWh)\nyesterday,2\n2024-07-01,3\n')).toThrow('line 2');
  });

  it('is refused where intervals overlap', () => {
    expect(() =>
      readText(
        'start,end,energy (Wh)\n2024-07-01T00:00Z,2024-07-01T00:20Z,1\n2024-07-01T00:15Z,2024-07-01T00:35Z,1\n',
      ),
    ).toThrow('overlap');
  });
});
