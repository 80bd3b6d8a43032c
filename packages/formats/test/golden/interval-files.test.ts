import { describe, expect, it } from 'vitest';
import { fileRecord, intervalRecords, readIntervalFile } from '../../src/index.ts';
import { golden, goldenFolder } from './files.ts';

describe.skipIf(goldenFolder === undefined)(
  'golden operators’ files (left out unless DAISEE_GOLDEN is set)',
  () => {
    it.each([
      [
        'at-dso/KaerntenNetz_with_values_missing.csv',
        'at-dso',
        'start',
        96,
        '2023-11-15T23:00:00.000Z',
        '2023-11-16T23:00:00.000Z',
        8.481,
        0,
      ],
      [
        'at-dso/LinzAG.csv',
        'at-dso',
        'both',
        7,
        '2023-02-28T23:00:00.000Z',
        '2023-03-01T00:45:00.000Z',
        0.272,
        0,
      ],
      [
        'at-dso/stromnetz.graz.v2.csv',
        'at-dso',
        'end',
        4,
        '2024-03-31T22:00:00.000Z',
        '2024-03-31T23:00:00.000Z',
        1.164,
        0,
      ],
      [
        'datadis/consumptionKWh-withSurplus.json',
        'datadis',
        'end',
        48,
        '2023-11-30T23:00:00.000Z',
        '2023-12-01T23:00:00.000Z',
        71.138,
        36.256,
      ],
      [
        'eda/consumptionrecord_01p41_daily.xml',
        'eda',
        'both',
        1,
        '2024-03-29T23:00:00.000Z',
        '2024-03-30T23:00:00.000Z',
        0,
        36.77,
      ],
      [
        'eda/consumptionrecord_01p41_qh.xml',
        'eda',
        'both',
        96,
        '2024-03-31T22:00:00.000Z',
        '2024-04-01T22:00:00.000Z',
        0,
        0.719,
      ],
      [
        'enedis/dataconnect_daily.json',
        'enedis-json',
        'start',
        7,
        '2024-01-31T23:00:00.000Z',
        '2024-02-07T23:00:00.000Z',
        0,
        0,
      ],
      [
        'enedis/dataconnect_load_curve_changing_resolution.json',
        'enedis-json',
        'end',
        28,
        '2024-02-25T23:00:00.000Z',
        '2024-02-26T22:00:00.000Z',
        0,
        0,
      ],
      [
        'energinet/short_timeseries.json',
        'energinet',
        'start',
        2,
        '2024-02-11T23:00:00.000Z',
        '2024-02-12T01:00:00.000Z',
        0.24,
        0,
      ],
      [
        'fluvius/headpoints_and_meters_qh.json',
        'fluvius',
        'both',
        2,
        '2024-12-01T00:00:00.000Z',
        '2024-12-01T00:30:00.000Z',
        0.019,
        0,
      ],
    ])(
      '%s is read whole',
      (name, format, stamps, intervals, first, last, kilowattHoursIn, kilowattHoursOut) => {
        const file = readIntervalFile(golden(name));
        expect(fileRecord(file)).toMatchObject({
          format,
          stamps,
          intervals,
          first,
          last,
          blank: 0,
          absent: 0,
          repeated: 0,
          corrected: 0,
        });
        const records = intervalRecords(file);
        const sum = (of: 'in' | 'out') =>
          records.reduce((total, record) => total + (record[of] ?? 0), 0) / 1e9;
        expect(sum('in')).toBeCloseTo(kilowattHoursIn, 9);
        expect(sum('out')).toBeCloseTo(kilowattHoursOut, 9);
      },
    );

    it('the load curve that changes its step has intervals of 30, 10, 15 and 60 minutes, without a hole', () => {
      const { intervals } = readIntervalFile(
        golden('enedis/dataconnect_load_curve_changing_resolution.json'),
      );
      expect([...new Set(intervals.map(({ length }) => length / 60_000))]).toEqual([30, 10, 15, 60]);
    });

    it('the list of metering points has its open end', () => {
      expect(readIntervalFile(golden('eda/ecmplist_01p10.xml')).memberships).toEqual([
        {
          point: 'AT0000000000000000000000000000000',
          community: 'ATCC0000DYNAMCC000000000000000000',
          from: '2025-10-06',
          until: undefined,
          direction: 'import',
          factor: 100,
          share: '0.0000',
          model: 'dynamic',
        },
      ]);
    });
  },
);
