import { Instant, messageOf } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  createIntervalAllocator,
  readShares,
  ruleNamed,
  spanishFileName,
  writeSpanishCoefficients,
} from '../src/index.ts';

const columns = { consumers: ['A', 'B'], producers: ['P', 'Q'] };
const at = (text: string): Instant => Instant(Date.parse(text));
const read = (rule: string, text: string, zone?: string) =>
  readShares(text, { file: 'shares.csv', rule: ruleNamed(rule), columns, zone });
const coefficients = (rule: string, text: string, when = '2026-11-01T00:00Z', zone?: string) => [
  ...(read(rule, text, zone).at(at(when)).shares.coefficients ?? []),
];
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return messageOf(error);
  }
  return 'not refused';
};

describe('a list of shares', () => {
  it.each([
    'point,share\nA,0.25\nB,0.75\n',
    '\uFEFFid;coefficient\r\nB;0,75\r\nA;0,25\r\n',
    'Point\tShare\nconsumer:A\t25%\nconsumer:B\t75 %',
    'consumer,share\n"A",".25"\n"B","7.5e-1"',
  ])('may be written %j', (text) => {
    expect(coefficients('fr/static', text)).toEqual([250_000, 750_000]);
  });

  it('has windows: who joins or leaves in between takes part in its own time only', () => {
    const source = read(
      'fr/static',
      'point,share,from,until\nA,0.5,,2026-11-15\nA,0.25,2026-11-15,\nB,0.5,2026-11-10,2026-11-20\n',
      'Europe/Paris',
    );
    const state = (when: string) => {
      const { shares, consumerFactors, producerFactors } = source.at(at(when));
      return [[...(shares.coefficients ?? [])], [...(consumerFactors ?? [])], [...(producerFactors ?? [])]];
    };
    expect(state('2026-11-09T22:45Z')).toEqual([
      [500_000, 0],
      [100, 0],
      [100, 100],
    ]);
    // Midnight in Paris.
    expect(state('2026-11-09T23:00Z')).toEqual([
      [500_000, 500_000],
      [100, 100],
      [100, 100],
    ]);
    expect(state('2026-11-14T23:00Z')).toEqual([
      [250_000, 500_000],
      [100, 100],
      [100, 100],
    ]);
    expect(state('2026-11-19T23:00Z')).toEqual([
      [250_000, 0],
      [100, 0],
      [100, 100],
    ]);
    expect(source.notes()).toEqual([
      "shares.csv: the coefficients from 2026-11-19T23:00:00.000Z on add up to 0.250000; the rest of the production is nobody's share and stays surplus.",
    ]);
  });

  it('brings each point in with its participation factor, and who is outside its window not at all', () => {
    const allocate = createIntervalAllocator(ruleNamed('at/dynamic'), columns);
    const source = read(
      'at/dynamic',
      'point,factor,from,until\nA,50,,\nB,100,2026-11-02,\nP,33,,\nQ,100,,2026-11-02\n',
    );
    const energies = {
      consumption: Float64Array.of(1_000_000_000, 1_000_000_000),
      production: Float64Array.of(1_000_000_000, 1_000_000_000),
    };
    const first = allocate(energies, source.at(at('2026-11-01T00:00Z')));
    expect([...first.consumption, ...first.production]).toEqual([5e8, 0, 3.3e8, 1e9]);
    const second = allocate(energies, source.at(at('2026-11-02T00:00Z')));
    expect([...second.consumption, ...second.production]).toEqual([5e8, 1e9, 3.3e8, 0]);
    expect([...second.allocation.covered]).toEqual([1.1e8, 2.2e8]);
  });

  it('has ranks for a priority, and coefficients by producer for a full key', () => {
    expect(read('priority', 'point,rank\nA,2\nB,1').at(at('2026-11-01T00:00Z')).shares.ranks).toEqual(
      Int32Array.of(2, 1),
    );
    expect(
      read('fr/full', 'point,producer,share\nA,P,1\nB,Q,0.25').at(at('2026-11-01T00:00Z')).shares.pairs,
    ).toEqual(Float64Array.of(1_000_000, 0, 0, 250_000));
  });

  it.each([
    ['fr/static', 'point,share\nA,0.25\n', 'shares.csv:1: Consumer B of the table is not in it.'],
    [
      'fr/static',
      'point,share\nA,0.25\nC,0.75\n',
      'shares.csv:3: "C" is no point of the table, which has A, B, P, Q.',
    ],
    ['fr/static', 'point,share\nA,0.25\nB,\n', 'shares.csv:3: share cannot be ""'],
    ['fr/static', 'point,share\nA,0.2500001\nB,0\n', 'shares.csv:2: share cannot be "0.2500001"'],
    ['fr/static', 'point,share\nA,-0.1\nB,0\n', 'shares.csv:2: share cannot be "-0.1"'],
    ['fr/static', 'point,rank\nA,1\nB,2\n', 'shares.csv:1: fr/static needs a column share.'],
    ['fr/static', 'point,quota\nA,1\n', 'shares.csv:1: Column 2 is named "quota"'],
    ['fr/static', 'point,share\nA,0.25,1\n', 'shares.csv:2: 3 columns, and the first line has 2.'],
    [
      'fr/static',
      'point,share\nA,0.2\nA,0.3\nB,0.5\n',
      'shares.csv:3: consumer:A is on line 2 for the same time already.',
    ],
    [
      'fr/static',
      'point,share,from,until\nA,0.2,2026-11-02,2026-11-01\n',
      'shares.csv:2: The window ends before',
    ],
    ['fr/static', 'point,share,from\nA,0.2,11/02/2026\n', 'shares.csv:2: from cannot be "11/02/2026"'],
    ['fr/full', 'point,share\nA,1\nB,0\n', 'shares.csv:1: fr/full needs a column producer'],
    [
      'priority',
      'point,rank\nA,0\nB,2\n',
      'shares.csv:2: rank cannot be "0": expected a whole number from 1',
    ],
    ['at/dynamic', 'point,factor\nA,50.5\nB,100\n', 'shares.csv:2: factor cannot be "50.5"'],
    ['at/dynamic', 'what is this', 'shares.csv:1: The first line "what is this" begins no file of shares'],
  ])('for %s refuses %j', (rule, text, message) => {
    expect(refusal(() => read(rule, text))).toContain(message);
  });

  it('never makes a factor that is missing 100 %', () => {
    expect(refusal(() => read('at/dynamic', 'point,factor\nA,50\nB,\nP,100\nQ,100\n'))).toContain(
      'shares.csv:3: factor cannot be "": expected a whole number from 1 to 100. It is never guessed.',
    );
    expect(refusal(() => read('at/dynamic', 'point,factor\nA,50\nB,100\nP,100\n'))).toContain(
      'Producer Q of the table has no factor',
    );
  });

  it('refuses coefficients of more than one, from the day on that they are', () => {
    const source = read('fr/static', 'point,share,from\nA,0.5,\nB,0.500002,2026-11-02\n');
    expect(source.at(at('2026-11-01T00:00Z')).shares.coefficients).toEqual(Float64Array.of(500_000, 0));
    expect(refusal(() => source.at(at('2026-11-02T00:00Z')))).toBe(
      'shares.csv:2: The coefficients from 2026-11-02T00:00:00.000Z on add up to 1.000002: more than is produced would be given. Make them 1.',
    );
  });
});

describe('coefficients whose sum is 0.999999', () => {
  const text = 'point,share\nA,0.333333\nB,0.666666\n';

  it('are taken in Spain, where 6 decimals leave that, and the millionth is told', () => {
    const source = read('es/coefficients', text);
    expect([...(source.at(at('2026-11-01T00:00Z')).shares.coefficients ?? [])]).toEqual([333_333, 666_666]);
    expect(source.notes()).toEqual([
      "shares.csv: the coefficients add up to 0.999999; the rest of the production is nobody's share and stays surplus.",
    ]);
  });

  it('are refused there at 0.999998', () => {
    const source = read('es/coefficients', text.replace('0.666666', '0.666665'));
    expect(refusal(() => source.at(at('2026-11-01T00:00Z')))).toBe(
      'shares.csv:2: The coefficients add up to 0.999998: es/coefficients needs 1 (within 0.000001).',
    );
  });
});

describe('a table of coefficients by interval', () => {
  it('gives those of the interval', () => {
    const text = 'start;consumer:B;consumer:A\n2026-11-01T00:00Z;0,75;0,25\n2026-11-01T00:15Z;0;1\n';
    expect(coefficients('fr/organiser', text)).toEqual([250_000, 750_000]);
    expect(coefficients('fr/organiser', text, '2026-11-01T00:15Z')).toEqual([1_000_000, 0]);
    expect(refusal(() => coefficients('fr/organiser', text, '2026-11-01T00:30Z'))).toBe(
      'shares.csv:1: There are no coefficients of 2026-11-01T00:30:00.000Z: add a line for it.',
    );
  });

  it('goes by producer for a full key', () => {
    const text =
      'start,consumer:A/producer:P,consumer:B/producer:P,consumer:A/producer:Q,consumer:B/producer:Q\n2026-11-01T00:00Z,0.1,0.2,0.3,0.4\n';
    expect(read('fr/full', text).at(at('2026-11-01T00:00Z')).shares.pairs).toEqual(
      Float64Array.of(100_000, 200_000, 300_000, 400_000),
    );
  });

  it.each([
    ['start,consumer:A\n2026-11-01T00:00Z,1', 'There is no column for consumer B.'],
    ['start,consumer:A,consumer:C\n2026-11-01T00:00Z,1,0', 'Column consumer:C is no consumer of the table'],
    [
      'start,consumer:A,consumer:B\n2026-11-01T00:00Z,1,',
      'shares.csv:2: The coefficient in column 3 is blank',
    ],
    ['start,consumer:A,consumer:B\n2026-11-01T00:00Z,0.9,0.2', 'add up to 1.100000'],
  ])('refuses %j', (text, message) => {
    expect(refusal(() => coefficients('fr/organiser', text))).toContain(message);
  });
});

describe('the file of coefficients of Spain', () => {
  it('is read, the same all year', () => {
    expect(coefficients('es/coefficients', 'A;0,250000\r\nB;0,750000')).toEqual([250_000, 750_000]);
  });

  it('is read by hours of the year, in winter time', () => {
    const hours = (first: number) =>
      [...Array(8760).keys()]
        .flatMap((hour) => [
          `A;${String(hour + first).padStart(4, '0')};${hour % 2 ? '1,000000' : '0,400000'}`,
          `B;${String(hour + first).padStart(4, '0')};${hour % 2 ? '0,000000' : '0,600000'}`,
        ])
        .join('\r\n');
    for (const first of [0, 1]) {
      const text = hours(first);
      // The first hour of the year in Madrid, the second, and one in summer.
      expect(coefficients('es/coefficients', text, '2025-12-31T23:00Z')).toEqual([400_000, 600_000]);
      expect(coefficients('es/coefficients', text, '2026-01-01T00:59Z')).toEqual([1_000_000, 0]);
      expect(coefficients('es/coefficients', text, '2026-07-01T10:00Z')).toEqual([1_000_000, 0]);
    }
  });

  it.each([
    ['A;0,250000\r\nB;0,75', undefined],
    ['A;0,250000\r\nB;0.750000', 'shares.csv:2: "B;0.750000": expected CUPS;0,123456.'],
    ['A;0,250000\r\nB;0001;0,750000', 'shares.csv:2: Lines with and without an hour.'],
    ['A;0,250000\r\nC;0,750000', 'shares.csv:2: C is no consumer of the table.'],
    ['A;0,250000\r\nA;0,750000', 'shares.csv:2: A has a coefficient already.'],
    ['A;1,000000', 'shares.csv:1: Consumer B has no coefficient.'],
    ['A;0001;1,000000', 'Consumer B has no coefficient for hour 0001.'],
    ['A;0,250000\r\nB;0,650000', 'add up to 0.900000: es/coefficients needs 1'],
  ])('%j', (text, message) => {
    expect(refusal(() => read('es/coefficients', text))).toContain(message ?? 'not refused');
  });

  it('is written as the distributor takes it', () => {
    const fixed = [
      { cups: 'ES0021', coefficient: 333_333 },
      { cups: 'ES0022', coefficient: 666_667 },
    ];
    expect(writeSpanishCoefficients(fixed)).toBe('ES0021;0,333333\r\nES0022;0,666667');
    expect(
      writeSpanishCoefficients([
        { cups: 'ES0021', hour: 2, coefficient: 1_000_000 },
        { cups: 'ES0021', hour: 1, coefficient: 500_000 },
        { cups: 'ES0022', hour: 1, coefficient: 500_000 },
      ]),
    ).toBe('ES0021;0001;0,500000\r\nES0022;0001;0,500000\r\nES0021;0002;1,000000');
    expect(spanishFileName('ES0021A000', 2026)).toBe('ES0021A000_2026.txt');
    expect(() => writeSpanishCoefficients(fixed.slice(1))).toThrow(
      'add up to 0.666667: the distributor takes 1.000000',
    );
  });
});
