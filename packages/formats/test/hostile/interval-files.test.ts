import { hostile, hostileText, nearly, torn } from '@daisee/fuzz';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { fileRecord, intervalRecords, readIntervalFile } from '../../src/index.ts';
import {
  consumptionRecord,
  dataConnect,
  datadis,
  ecmpList,
  greenButton,
  hdm,
  r4q,
  r50,
  sdat,
} from '../made/operators.ts';

const HALF_HOURS = [
  { date: '2024-10-27 02:00:00', value: '100' },
  { date: '2024-10-27 02:30:00', value: '100' },
  { date: '2024-10-27 02:00:00', value: '100', length: 'PT10M' },
];
const XML = [
  r50([['2022-02-02T00:30:00+01:00', '476']]),
  r4q([['2022-02-02T00:00:00+01:00', '28']]),
  consumptionRecord([
    { code: '1-1:1.9.0 G.01T', values: [['2024-04-01T00:00:00+02:00', '2024-04-01T00:15:00+02:00', '0.25']] },
  ]),
  ecmpList([['2025-10-06', '9999-12-31', '100']]),
  sdat([
    {
      product: '8716867000030',
      values: [
        [1, '0.1'],
        [2, '0.2', '21'],
      ],
    },
  ]),
  greenButton({ values: [[1_725_321_600, '10000', '8']] }),
];
const JSONS: readonly unknown[] = [
  JSON.parse(dataConnect(HALF_HOURS)),
  JSON.parse(
    datadis([
      ['2023/10/29', '02:00', 1],
      ['2023/10/29', '24:00', 1, 2],
    ]),
  ),
  {
    data: {
      headpoint: {
        ean: '54144',
        quarterHourlyEnergy: [
          {
            start: '2024-12-01T00:00:00Z',
            end: '2024-12-01T00:15:00Z',
            measurements: [{ offtake: { total: { value: 0.009, unit: 'kWh', validationState: 'EST' } } }],
          },
        ],
        physicalMeters: [{ meterID: 'M' }],
      },
    },
  },
  {
    result: [
      {
        MyEnergyData_MarketDocument: {
          createdDateTime: '2024-02-15T10:10:07Z',
          TimeSeries: [
            {
              'measurement_Unit.name': 'KWH',
              MarketEvaluationPoint: { mRID: { name: '57' } },
              Period: [
                {
                  resolution: 'P1D',
                  timeInterval: { start: '2024-02-11T23:00:00Z' },
                  Point: [{ position: '1', 'out_Quantity.quantity': '0.13', 'out_Quantity.quality': 'A04' }],
                },
              ],
            },
          ],
        },
      },
    ],
  },
];
const TABLES = [
  hdm(['2021-01-07T01:00:00+01:00;1', '2021-01-07T02:00:00+01:00;', '2021-01-07T02:30:00+01:00;7']),
  '\ufeffMesszeitpunkt;Verbrauch (kWh);Qualität;\n01.01.2024 00:15;0,938000;G;\n01.01.2024 00:30;1,788000;L2;\n',
  'Datum;Zeit von;Zeit bis;AT0010000000000000001000012345678 - Verbrauch [kWh]\n29.10.2023;02:45:00;02:00:00;0,1\n29.10.2023;02:00:00;02:15:00;0,1\n',
  'DATE_FROM;DATE_TO;VALUE;DATE_FROM;DATE_TO;VALUE\n01.11.2023 00:00;01.11.2023 23:59;1,5;01.11.2023 00:00;01.11.2023 00:14;0,1\n',
  'Ablesezeitpunkt;Zaehlerstand Gesamt - 1.8.0;Verbrauch Gesamt - 1.8.0;Status Gesamt - 1.8.0\n2026-03-29T01:45:00.000+01:00;11795,49;0,032;VAL\n2026-03-29T03:00:00.000+02:00;11795,509;;\n',
  'start,end,energy (kWh),quality\n2024-07-01T00:00Z,2024-07-01T00:15Z,1e-3,E\n2024-07-01T00:15Z,2024-07-01T00:30Z,2,M\n',
];

/** Whatever is read is whole: no interval overlaps another of its kind, none is below zero. */
const feed = (text: string): void => {
  const file = readIntervalFile(Buffer.from(text));
  for (const { start, length, energy } of file.intervals) {
    expect(length).toBeGreaterThan(0);
    expect(Number.isSafeInteger(start)).toBe(true);
    expect(energy === undefined || energy >= 0n).toBe(true);
  }
  expect(JSON.stringify(intervalRecords(file)).length).toBeLessThan(1_000_000);
  expect(JSON.stringify(fileRecord(file)).length).toBeLessThan(1_000_000);
};

describe('operators’ files', () => {
  hostile('in XML', { input: torn(...XML), feed });
  hostile('in JSON', { input: nearly(...JSONS), feed });
  hostile('in tables', {
    input: fc.oneof({ weight: 8, arbitrary: torn(...TABLES) }, { weight: 1, arbitrary: hostileText }),
    feed,
  });
});
