import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTicDecoder } from '../../src/index.ts';
import { all, iso, only, problemsOf } from '../made/decoding.ts';
import { frame, fullStandard, historic, historicBase, standard } from '../made/tic.ts';

const read = (...groups: readonly string[]) => only(createTicDecoder(), frame(...groups));
const replaced = (groups: readonly string[], label: string, by: string): readonly string[] =>
  groups.map((group) => (new RegExp(`^\\n${label.replace('+', '\\+')}[\\t ]`).test(group) ? by : group));

describe('the standard mode', () => {
  it('gives registers, apparent power, phases, tariff and time of a three-phase producer, every label known', () => {
    const reading = read(...fullStandard());
    expect(reading.problems).toEqual([]);
    expect(reading).toMatchObject({
      variant: 'standard',
      meter: '041967000123',
      power: 1234,
      isApparent: true,
      imported: 1_500_000_000n,
      exported: 777_000_000n,
      tariff: '2',
      tariffName: 'HEURE  CREUSE',
      phases: [
        { phase: 1, power: 400, voltage: 231, current: 1 },
        { phase: 2, power: 400, voltage: 232, current: 2 },
        { phase: 3, power: 434, voltage: 233, current: 3 },
      ],
    });
    expect(iso(reading.at)).toBe('2024-07-01T10:34:56.000Z');
    expect(reading.registers).toMatchObject({ EASF01: 1_000_000_000n, EASF02: 500_000_000n });
  });

  it('counts what is injected as negative power', () => {
    const groups = replaced(
      replaced(fullStandard(), 'SINSTS', standard('SINSTS', '00000')),
      'SINSTI',
      standard('SINSTI', '02500'),
    );
    expect(read(...groups).power).toBe(-2500);
    // Without SINSTS a SINSTI of 0 does not mean that nothing is taken.
    expect(read(standard('SINSTI', '00000')).power).toBeUndefined();
    expect(read(standard('SINSTI', '00100')).power).toBe(-100);
  });

  it('has no export register where the meter is not set as a producer', () => {
    const groups = fullStandard().filter((group) => !group.startsWith('\nEAIT'));
    expect(read(...groups).exported).toBeUndefined();
  });

  it('takes a line whose checksum is a space', () => {
    const group = standard('EASD01', '000000000');
    expect(group.endsWith(' \r')).toBe(true);
    expect(read(group).problems).toEqual([]);
  });

  it('takes data that are empty (DATE) and data with spaces at both ends', () => {
    const reading = read(standard('DATE', 'H240115080000', ''), standard('LTARF', ' HP '));
    expect(reading.problems).toEqual([]);
    expect(iso(reading.at)).toBe('2024-01-15T07:00:00.000Z');
  });

  it.each([
    ['E240701120000', '2024-07-01T10:00:00.000Z', undefined],
    ['H240701120000', '2024-07-01T11:00:00.000Z', undefined],
    ['e240701120000', '2024-07-01T10:00:00.000Z', true],
    ['h240115120000', '2024-01-15T11:00:00.000Z', true],
    [' 240701120000', '2024-07-01T10:00:00.000Z', true],
    [' 240115120000', '2024-01-15T11:00:00.000Z', true],
    ['E241027023000', '2024-10-27T00:30:00.000Z', undefined],
    ['H241027023000', '2024-10-27T01:30:00.000Z', undefined],
  ])('places %j at %s, doubtful: %s', (date, at, doubtful) => {
    const reading = read(standard('DATE', date, ''));
    expect(iso(reading.at)).toBe(at);
    expect(reading.isClockDoubtful).toBe(doubtful);
  });

  it('does not place a time without season in the hour that comes twice, nor a date that is none', () => {
    for (const date of [' 241027023000', 'E240231120000']) {
      const reading = read(standard('DATE', date, ''));
      expect(reading.at).toBeUndefined();
      expect(problemsOf(reading)[0]).toContain('no time that can be placed');
    }
  });

  it('tells a degraded clock by bit 16 of the status word', () => {
    const clock = (status: string) => read(standard('DATE', 'E240701120000', ''), standard('STGE', status));
    expect(clock('003B0001').isClockDoubtful).toBe(true);
    expect(clock('003A0001').isClockDoubtful).toBeUndefined();
  });

  it('adds the ten registers where the total was damaged, and gives none where one of them is missing', () => {
    const without = fullStandard().filter((group) => !group.startsWith('\nEAST'));
    expect(read(...without).imported).toBe(1_500_000_000n);
    const fewer = without.filter((group) => !group.startsWith('\nEASF10'));
    expect(read(...fewer).imported).toBeUndefined();
  });
});

describe('the historic mode', () => {
  it('gives the base tariff', () => {
    const reading = read(...historicBase());
    expect(reading.problems).toEqual([]);
    expect(reading).toMatchObject({
      variant: 'historique',
      meter: '812164417000',
      power: 730,
      isApparent: true,
      imported: 12_345_678_000_000n,
      phases: [{ phase: 1, current: 3 }],
      tariff: 'TH..',
      tariffName: 'base',
    });
    expect(reading.at).toBeUndefined();
  });

  it.each([
    ['HC..', ['HCHC', 'HCHP'], 'HP..', 'peak'],
    ['EJP.', ['EJPHN', 'EJPHPM'], 'PM..', 'mobile peak'],
    ['BBR(', ['BBRHCJB', 'BBRHPJB', 'BBRHCJW', 'BBRHPJW', 'BBRHCJR', 'BBRHPJR'], 'HPJR', 'peak, red day'],
  ])('adds the registers of the option %s', (option, labels, period, name) => {
    const groups = [
      historic('OPTARIF', option),
      ...labels.map((label, index) => historic(label, String(1000 + index).padStart(9, '0'))),
      historic('PTEC', period),
    ];
    const total = labels.reduce((sum, _label, index) => sum + 1000 + index, 0);
    const reading = read(...groups);
    expect(reading.problems).toEqual([]);
    expect(reading.imported).toBe(BigInt(total) * 1_000_000n);
    expect(reading).toMatchObject({ tariff: period, tariffName: name });
    // One of them missing: no partial sum.
    expect(read(...groups.filter((_group, index) => index !== 1)).imported).toBe(
      labels.length > 1 ? undefined : BigInt(total) * 1_000_000n,
    );
  });

  it('takes PTEC HP.., whose checksum is a space', () => {
    const group = historic('PTEC', 'HP..');
    expect(group).toBe('\nPTEC HP..  \r');
    expect(read(group)).toMatchObject({ tariff: 'HP..', problems: [] });
  });

  it('takes the short frames of a three-phase meter over its limit', () => {
    const reading = read(
      historic('ADIR1', '031'),
      historic('ADIR2', '001'),
      historic('ADIR3', '001'),
      historic('ADCO', '020000000000'),
      historic('IINST1', '031'),
      historic('IINST2', '000'),
      historic('IINST3', '001'),
    );
    expect(reading.problems).toEqual([]);
    expect(reading.phases.map((phase) => phase.current)).toEqual([31, 0, 1]);
    expect(reading.imported).toBeUndefined();
  });

  it('gives no power where the meter has none (CBEMM without PAPP)', () => {
    const reading = read(...historicBase().filter((group) => !group.startsWith('\nPAPP')));
    expect(reading.power).toBeUndefined();
    expect(reading.problems).toEqual([]);
  });
});

describe('what goes wrong on the line', () => {
  it('leaves out a group with a changed digit and says where', () => {
    const bytes = frame(...historicBase());
    const at = bytes.indexOf('012345678');
    bytes[at + 3] = '9'.charCodeAt(0);
    const reading = only(createTicDecoder(), bytes);
    expect(reading.imported).toBeUndefined();
    expect(reading.power).toBe(730);
    expect(reading.problems).toHaveLength(1);
    expect(reading.problems[0]?.offset).toBe(bytes.indexOf('BASE 012'));
    expect(reading.problems[0]?.problem).toContain('checksum');
  });

  it('leaves out a group of the right checksum and another form: digits lost or exchanged for letters', () => {
    expect(problemsOf(read(historic('BASE', '12345678')))[0]).toContain('is expected to be');
    expect(problemsOf(read(historic('PAPP', '00O30')))[0]).toContain('is expected to be');
    expect(problemsOf(read(historic('PAPQ', '00730')))[0]).toContain('no label');
  });

  it('believes neither of two groups of one label that differ', () => {
    const reading = read(historic('PAPP', '00730'), historic('PAPP', '00370'));
    expect(reading.power).toBeUndefined();
    expect(problemsOf(reading)[0]).toContain('comes twice');
  });

  it('tells a frame that was broken off (EOT), one without end and bytes before the first', () => {
    const whole = frame(...historicBase());
    const bytes = Buffer.concat([
      Buffer.from('23 4\r'),
      whole.subarray(0, 40),
      Buffer.of(0x04),
      whole,
      whole.subarray(0, 50),
      whole,
      whole.subarray(0, 20),
    ]);
    const readings = all(createTicDecoder(), bytes);
    expect(readings.map((reading) => problemsOf(reading)[0] ?? 'right')).toEqual([
      '5 bytes that belong to no frame',
      'a frame that the meter broke off (EOT)',
      'right',
      'a frame without its end (ETX)',
      'right',
      'a frame without its end (ETX)',
    ]);
    expect(readings.map(({ offset }) => offset)).toEqual([
      0,
      5,
      46,
      46 + whole.length,
      96 + whole.length,
      96 + 2 * whole.length,
    ]);
  });

  it('reads a line that was captured with its parity bits', () => {
    const even = Buffer.from(
      frame(...historicBase()).map((byte) => {
        let ones = 0;
        for (let bit = 0; bit < 7; bit++) ones += (byte >> bit) & 1;
        return ones % 2 === 1 ? byte | 0x80 : byte;
      }),
    );
    expect(only(createTicDecoder(), even)).toMatchObject({ power: 730, problems: [] });
  });

  it('gives the same readings whatever the pieces are that the bytes come in', () => {
    const bytes = Buffer.concat([
      frame(...fullStandard()),
      frame(...historicBase()),
      frame(...fullStandard()),
    ]);
    const whole = all(createTicDecoder(), bytes);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (size) => {
        expect(all(createTicDecoder(), bytes, size)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('never gives another number for a damaged one: any single byte changed', () => {
    const bytes = frame(...fullStandard());
    const right = only(createTicDecoder(), bytes);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 127 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        for (const reading of all(createTicDecoder(), damaged)) {
          // Six bits of sum: a change of 64 in one character is not seen by it, but no digit is one then.
          if (reading.imported !== undefined) expect(reading.imported).toBe(right.imported);
          if (reading.power !== undefined) expect(reading.power).toBe(right.power);
          if (reading.exported !== undefined) expect(reading.exported).toBe(right.exported);
        }
      }),
      { numRuns: 500 },
    );
  });
});
