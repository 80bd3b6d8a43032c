import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createP1Decoder, ZoneUnknown } from '../../src/index.ts';
import { all, iso, only, problemsOf } from '../made/decoding.ts';
import {
  crc16,
  DUTCH,
  enciphered,
  LUXEMBOURG_KEY,
  PUBLIC_AUTHENTICATION,
  plainTelegram,
  telegram,
} from '../made/p1.ts';

const read = (bytes: Uint8Array, zone?: string) => only(createP1Decoder({ zone }), bytes);

describe('a telegram', () => {
  it('of the Netherlands gives power with its sign, sums over tariffs, phases and the gas meter', () => {
    const reading = read(telegram('/ISK5\\2M550T-1012', ...DUTCH));
    expect(reading).toMatchObject({
      variant: 'DSMR 50',
      meter: 'E0012345',
      power: -1234,
      imported: 300_003_000_000n,
      exported: 70_000_000_000n,
      tariff: '2',
      tariffName: 'day',
      phases: [{ phase: 1, power: -1234, voltage: 230.1, current: 5 }],
      attached: [{ channel: 1, kind: 'gas', meter: 'G0001', value: 12.345, unit: 'm3' }],
      problems: [],
    });
    expect(iso(reading.at)).toBe('2024-07-01T10:34:56.000Z');
  });

  it('of Belgium has day and night the other way round, and quarter-hour peaks', () => {
    const reading = read(
      telegram(
        '/FLU5\\253769484_A',
        '0-0:96.1.4(50217)',
        '0-0:1.0.0(240115080000W)',
        '1-0:1.8.1(000001.000*kWh)',
        '1-0:1.8.2(000002.000*kWh)',
        '1-0:1.4.0(02.351*kW)',
        '1-0:1.6.0(240109134500W)(02.589*kW)',
        '0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(240101000000W)(231223192500W)(03.695*kW)(231201000000W)(632525252525W)(00.000*kW)',
        '0-0:96.14.0(0001)',
        '0-1:24.1.0(003)',
        '0-1:96.1.1(37464C4F32313139303333373333)',
        '0-1:24.2.3(240115075500W)(00112.384*m3)',
        '0-2:24.1.0(007)',
        '0-2:24.2.1(240115075500W)(00872.234*m3)',
      ),
    );
    expect(reading.problems).toEqual([]);
    expect(reading).toMatchObject({
      variant: 'eMUCS 50217',
      tariff: '1',
      tariffName: 'day',
      imported: 3_000_000_000n,
    });
    expect(reading.peaks).toEqual({
      current: 2351,
      month: { at: Date.parse('2024-01-09T12:45:00Z'), power: 2589 },
      months: [
        { at: Date.parse('2023-12-23T18:25:00Z'), power: 3695 },
        { at: undefined, power: 0 },
      ],
    });
    // A water meter is water on whatever channel it is.
    expect(reading.attached?.map(({ kind, value }) => [kind, value])).toEqual([
      ['gas', 112.384],
      ['water', 872.234],
    ]);
  });

  it('of DSMR 2.2 and 3 has no checksum, no time of its own and the gas on a line of its own', () => {
    const reading = read(
      plainTelegram(
        '/ISk5\\2MT382-1004',
        '1-0:1.8.1(00001.001*kWh)',
        '1-0:1.8.2(00001.001*kWh)',
        '1-0:1.7.0(0001.01*kW)',
        '0-1:24.1.0(3)',
        '0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00001.001)',
      ),
    );
    expect(reading.problems).toEqual([]);
    expect(reading.at).toBeUndefined();
    expect(reading).toMatchObject({ power: 1010, imported: 2_002_000_000n });
    expect(reading.attached).toEqual([
      {
        channel: 1,
        kind: 'gas',
        meter: undefined,
        at: Date.parse('2016-11-07T18:00:00Z'),
        value: 1.001,
        unit: 'm3',
      },
    ]);
  });

  it('of EasyMeter has codes with *255, watts, seven decimals, and a gateway’s lines behind it', () => {
    const bytes = Buffer.concat([
      plainTelegram(
        '/ESY5Q3DB1024 V3.04',
        '1-0:0.0.0*255(0272031312565)',
        '1-0:1.8.0*255(00052185.7825309*kWh)',
        '1-0:2.8.0*255(00019949.3221493*kWh)',
        '1-0:1.7.0*255(-00124.86*W)',
      ),
      Buffer.from(`  25803103\r\nDE${'0'.repeat(30)}3\r\n${'\xff'.repeat(9)}\r\n`, 'latin1'),
    ]);
    expect(read(bytes)).toMatchObject({
      power: -124.86,
      imported: 52_185_782_530_900n,
      exported: 19_949_322_149_300n,
      problems: [],
    });
  });

  it('of Hungary and Sweden has a register over all tariffs, which counts once', () => {
    const lines = ['1-0:1.8.0(000173.640*kWh)', '1-0:1.8.1(000047.719*kWh)', '1-0:1.8.2(000125.921*kWh)'];
    expect(read(telegram('/SAG5SAG-METER', ...lines, '1-0:1.8.3(000000.000*kWh)')).imported).toBe(
      173_640_000_000n,
    );
    expect(read(telegram('/ELL5\\253833635_A', '1-0:1.8.0(00006678.394*kWh)')).imported).toBe(
      6_678_394_000_000n,
    );
  });

  it('of Austria is in watt-hours', () => {
    expect(
      read(
        telegram('/EST5\\253710000_A', '1-3:0.2.8(50)', '1-0:1.8.0(006545766*Wh)', '1-0:1.7.0(000000286*W)'),
      ),
    ).toMatchObject({ imported: 6_545_766_000_000n, power: 286, tariffName: undefined });
  });

  it('is placed by its season letter in the hour that comes twice, and by its country', () => {
    const at = (stamp: string, zone?: string, name = '/ISK5') =>
      iso(read(telegram(name, `0-0:1.0.0(${stamp})`), zone).at);
    expect(at('241027021500S')).toBe('2024-10-27T00:15:00.000Z');
    expect(at('241027021500W')).toBe('2024-10-27T01:15:00.000Z');
    // A meter that stays on winter time says W in July.
    expect(at('240701120000W')).toBe('2024-07-01T11:00:00.000Z');
    expect(at('240701120000S', 'Europe/Vilnius')).toBe('2024-07-01T09:00:00.000Z');
    expect(at('240701120000S', undefined, '/ISk5\\2MIE5T-200')).toBe('2024-07-01T11:00:00.000Z');
    expect(() => at('240701120000S', 'Europe/Nowhere')).toThrow(ZoneUnknown);
  });

  it('tells a stamp, a number or a line that is none, and leaves it out', () => {
    const reading = read(
      plainTelegram(
        '/ISK5',
        '0-0:1.0.0(249901123456S)',
        '1-0:1.7.0(00.24x*kW)',
        'garbage',
        '1-0:1.8.1(000001.000*kWh)',
      ),
    );
    expect(problemsOf(reading)).toEqual([
      expect.stringContaining('"garbage" is no line'),
      expect.stringContaining('a time like'),
      expect.stringContaining('a power like'),
    ]);
    // A line that could not be read may have been another tariff: no partial sum.
    expect(reading.imported).toBeUndefined();
    expect(reading.at).toBeUndefined();
    expect(reading.power).toBeUndefined();
  });
});

describe('the checksum', () => {
  it('covers every byte from / to !, and may come without its leading zeros', () => {
    let found = false;
    for (let value = 0; value < 200 && !found; value++) {
      const bytes = telegram('/ISK5', '1-3:0.2.8(50)', `1-0:1.7.0(00.${String(value).padStart(3, '0')}*kW)`);
      const [, crc = ''] = /!(0[0-9A-F]{3})\r\n$/.exec(bytes.toString('latin1')) ?? [];
      if (crc === '') continue;
      found = true;
      const unpadded = Buffer.from(
        bytes.toString('latin1').replace(`!${crc}`, `!${crc.replace(/^0+/, '')}`),
        'latin1',
      );
      expect(read(unpadded)).toMatchObject({ power: value, problems: [] });
    }
    expect(found).toBe(true);
  });

  it('that is wrong takes nothing, and one that a version must have and has not is told', () => {
    const bytes = telegram('/ISK5\\2M550T-1012', ...DUTCH);
    bytes[bytes.indexOf('01.234')] = '9'.charCodeAt(0);
    const reading = read(bytes);
    expect([reading.power, reading.imported]).toEqual([undefined, undefined]);
    expect(reading.problems).toHaveLength(1);
    expect(reading.problems[0]?.offset).toBe(bytes.indexOf('!') + 1);
    expect(problemsOf(read(plainTelegram('/ISK5', '1-3:0.2.8(50)', '1-0:1.7.0(00.100*kW)')))[0]).toContain(
      'has none',
    );
    expect(read(plainTelegram('/ISK5', '1-3:0.2.8(22)')).problems).toEqual([]);
  });

  it('still proves a capture whose line ends an editor changed', () => {
    const bytes = Buffer.from(
      telegram('/ISK5', ...DUTCH)
        .toString('latin1')
        .replaceAll('\r\n', '\n'),
      'latin1',
    );
    expect(read(bytes)).toMatchObject({ power: -1234, problems: [] });
  });

  it('is CRC-16/ARC (check value BB3D)', () => {
    expect(crc16(Buffer.from('123456789')).toString(16)).toBe('bb3d');
  });
});

describe('an enciphered telegram', () => {
  const luxembourg = telegram(
    '/Lux5\\253663629_D',
    '1-3:0.2.8(42)',
    '0-0:1.0.0(240701123456S)',
    '0-0:42.0.0(53414731303331323334353637)',
    '1-0:1.8.0(000288.938*kWh)',
    '1-0:2.8.0(000001.000*kWh)',
    '1-0:1.7.0(00.500*kW)',
  );
  const keys = { encryption: LUXEMBOURG_KEY };

  it('of Luxembourg opens with the customer’s key alone', () => {
    const reading = only(createP1Decoder({ keys }), enciphered(luxembourg));
    expect(reading).toMatchObject({
      power: 500,
      imported: 288_938_000_000n,
      exported: 1_000_000_000n,
      problems: [],
    });
  });

  it('of Austria opens with both keys, or without authentication where it has none', () => {
    const authentication = Buffer.from('ff'.repeat(16), 'hex');
    expect(
      only(
        createP1Decoder({ keys: { ...keys, authentication } }),
        enciphered(luxembourg, { authentication }),
      ),
    ).toMatchObject({ power: 500, problems: [] });
    expect(only(createP1Decoder({ keys }), enciphered(luxembourg, { control: 0x20 }))).toMatchObject({
      power: 500,
    });
  });

  it('says what is missing without a key and with a wrong one, and takes nothing', () => {
    const without = only(createP1Decoder(), enciphered(luxembourg));
    expect(problemsOf(without)).toEqual([expect.stringContaining('--key-file')]);
    for (const wrong of [
      { encryption: PUBLIC_AUTHENTICATION },
      { encryption: LUXEMBOURG_KEY, authentication: LUXEMBOURG_KEY },
    ]) {
      const reading = only(createP1Decoder({ keys: wrong }), enciphered(luxembourg));
      expect(reading.power).toBeUndefined();
      expect(problemsOf(reading)).toEqual([expect.stringContaining('authentication tag')]);
    }
  });

  it('that was damaged takes nothing', () => {
    const bytes = enciphered(luxembourg);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    expect(only(createP1Decoder({ keys }), bytes).power).toBeUndefined();
  });

  it('comes in pieces like a plain one', () => {
    const bytes = Buffer.concat([enciphered(luxembourg), enciphered(luxembourg, { counter: 8 })]);
    for (const size of [1, 7, 100])
      expect(all(createP1Decoder({ keys }), bytes, size).map(({ power }) => power)).toEqual([500, 500]);
  });
});

describe('a line', () => {
  it('that begins in the middle and loses an end is told, and the telegrams on it are read', () => {
    const one = telegram('/ISK5', ...DUTCH);
    const bytes = Buffer.concat([
      one.subarray(200),
      one,
      one.subarray(0, 150),
      Buffer.from('\r\n'),
      one,
      one.subarray(0, 99),
    ]);
    const readings = all(createP1Decoder(), bytes);
    expect(readings.map((reading) => problemsOf(reading)[0] ?? reading.power)).toEqual([
      expect.stringContaining('belong to no telegram'),
      -1234,
      'a telegram without its end ("!")',
      -1234,
      'a telegram without its end ("!")',
    ]);
  });

  it('gives the same readings whatever the pieces are', () => {
    const bytes = Buffer.concat([
      telegram('/ISK5', ...DUTCH),
      plainTelegram('/ISK5', '1-0:1.7.0(00.100*kW)'),
      telegram('/ISK5', ...DUTCH),
    ]);
    const whole = all(createP1Decoder(), bytes);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (size) => {
        expect(all(createP1Decoder(), bytes, size)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('never gives another number for a damaged telegram', () => {
    const bytes = telegram('/ISK5', ...DUTCH);
    fc.assert(
      fc.property(fc.nat(bytes.length - 3), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        for (const reading of all(createP1Decoder(), damaged))
          if (reading.power !== undefined && reading.problems.length === 0) expect(reading.power).toBe(-1234);
      }),
      { numRuns: 500 },
    );
  });
});
