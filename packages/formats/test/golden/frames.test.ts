import { describe, expect, it } from 'vitest';
import { decodeCapture, readingRecord } from '../../src/index.ts';
import { golden, goldenFolder } from './files.ts';

const decoded = (name: string) => [...decodeCapture(golden(name))].map(readingRecord);

describe.skipIf(goldenFolder === undefined)('golden frames (left out unless DAISEE_GOLDEN is set)', () => {
  it.each([
    [
      'tic/ticFrameHistoric.txt',
      {
        format: 'tic',
        variant: 'historique',
        meter: '812164417227',
        at: null,
        power: 0,
        apparent: true,
        import: 104,
        export: null,
        tariff: 'TH..',
        problems: [],
      },
    ],
    [
      'tic/ticFrameStandard.txt',
      {
        format: 'tic',
        variant: 'standard',
        meter: '031664001115',
        at: '2017-09-15T08:16:01.000Z',
        power: 0,
        import: 0,
        export: null,
        phases: [{ phase: 1, voltage: 230, current: 0 }],
        tariff: '2',
        tariffName: 'INDEX INACTIF 2',
        problems: [],
      },
    ],
    [
      'p1/TELEGRAM_V3.txt',
      {
        format: 'p1',
        at: null,
        power: 1190,
        import: 24_691_356,
        export: 24_691_356,
        tariff: '2',
        tariffName: 'day',
        problems: [],
      },
    ],
    [
      'p1/TELEGRAM_V4_2.txt',
      {
        at: '2016-11-13T19:57:57.000Z',
        power: 2027,
        import: 3_016_829,
        export: 0,
        tariff: '2',
        problems: [],
      },
    ],
    [
      'p1/TELEGRAM_V5.txt',
      {
        at: '2017-01-02T18:20:02.000Z',
        power: 244,
        import: 6825,
        export: 2444,
        tariff: '2',
        tariffName: 'day',
        problems: [],
      },
    ],
    [
      'p1/TELEGRAM_FLUVIUS_V171.txt',
      {
        at: '2020-05-12T11:54:09.000Z',
        power: 0,
        import: 15_792,
        export: 11,
        tariff: '1',
        tariffName: 'day',
        problems: [],
      },
    ],
    [
      'p1/TELEGRAM_ISKRA_IE.txt',
      { at: '2023-02-02T12:27:47.000Z', power: -100, import: 20_363, export: 20_563, problems: [] },
    ],
    [
      'p1/TELEGRAM_SAGEMCOM_T210_D_R.txt',
      { at: '2022-10-06T13:50:14.000Z', power: 286, import: 6_545_766, export: 58, problems: [] },
    ],
  ])('%s is understood whole', (name, expected) => {
    const [first, ...others] = decoded(name);
    expect(others).toEqual([]);
    expect(JSON.parse(JSON.stringify(first))).toMatchObject(expected);
  });

  it('a group with a wrong checksum is left out of a TIC frame, and told by its byte', () => {
    const file = 'tic/ticFrameStandard_PCOUP_Invalid.txt';
    expect(decoded(file)[0]).toMatchObject({
      power: 0,
      import: 0,
      problems: [{ offset: golden(file).indexOf('PCOUP') }],
    });
  });

  it('mbus/eastron_sdm630.hex gives the values of its .norm.xml', () => {
    const norm = golden('mbus/eastron_sdm630.norm.xml').toString('latin1');
    const [reading] = decoded('mbus/eastron_sdm630.hex');
    const values = [...norm.matchAll(/<Value>([^<]*)<\/Value>/g)].map((match) => Number(match[1]));
    const records = (reading?.['records'] ?? []) as readonly {
      readonly value: number;
      readonly unit: string;
    }[];
    expect(records).toHaveLength(values.length);
    // Records of the table FD without unit ("Dimensionless") are numbers as they stand.
    for (const [index, value] of values.entries()) expect(records[index]?.value).toBeCloseTo(value, 6);
    expect(reading).toMatchObject({ meter: 'PAD 21346578', power: 12_345.6, problems: [] });
  });

  it('ocmf/OCMF_Test_Data_00.xml verifies, both signatures high-s', () => {
    const readings = decoded('ocmf/OCMF_Test_Data_00.xml');
    expect(readings).toMatchObject([
      {
        at: '2021-10-26T08:20:52.000Z',
        import: 9038,
        problems: [],
        signature: { state: 'valid', lowS: expect.any(String) as string },
      },
      {
        at: '2021-10-26T08:21:22.000Z',
        import: 9038,
        problems: [],
        signature: { state: 'valid', lowS: expect.any(String) as string },
      },
    ]);
  });

  it('ocmf/second_key_fail_ocmf.xml: the first record verifies, the second has a key of another curve', () => {
    expect(decoded('ocmf/second_key_fail_ocmf.xml')).toMatchObject([
      { import: 48_542, problems: [], signature: { state: 'valid' } },
      {
        import: null,
        signature: { state: 'invalid' },
        problems: [{ problem: expect.stringContaining('another curve') as string }],
      },
    ]);
  });

  it('a telegram whose checksum is wrong gives nothing (the example of the standard, as it is copied)', () => {
    const file = 'p1/lvzon_p1-example-5.0.txt';
    expect(decoded(file)[0]).toMatchObject({
      power: null,
      import: null,
      problems: [{ offset: golden(file).indexOf('!') + 1 }],
    });
  });
});
