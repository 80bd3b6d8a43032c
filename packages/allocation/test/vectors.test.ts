/** Known results, by country: of the law's own examples and by hand. Energies in kWh. */
import { formatKilowattHours, parseKilowattHours } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { allocate, participating, ruleNamed, type Shares } from '../src/index.ts';

type Amounts = Readonly<Record<string, string>>;

const energies = (amounts: Amounts): Float64Array =>
  Float64Array.from(Object.values(amounts), (text) => Number(parseKilowattHours(text)));
const named = (ids: readonly string[], values: Float64Array): Amounts =>
  Object.fromEntries(ids.map((id, i) => [id, formatKilowattHours(values[i] ?? 0)]));

/** One interval by a rule; names must be ascending. */
const share = (rule: string, consumers: Amounts, producers: Amounts, shares: Shares = {}) => {
  const block = {
    intervals: 1,
    consumers: Object.keys(consumers),
    producers: Object.keys(producers),
    consumption: energies(consumers),
    production: energies(producers),
  };
  const result = allocate(ruleNamed(rule), block, shares);
  return {
    share: named(block.consumers, result.share),
    covered: named(block.consumers, result.covered),
    surplus: named(block.producers, result.surplus),
  };
};
const parts = (...values: readonly number[]): Float64Array =>
  Float64Array.from(values, (value) => Math.round(value * 1e6));

describe('at/dynamic', () => {
  it('does not cap the theoretical share, only what is covered', () => {
    expect(share('at/dynamic', { a: '0.1', b: '0.4' }, { p: '5' })).toEqual({
      share: { a: '1.000000', b: '4.000000' },
      covered: { a: '0.100000', b: '0.400000' },
      surplus: { p: '4.500000' },
    });
  });

  it('rounds each share alone: what is missing to the production is surplus', () => {
    expect(share('at/dynamic', { a: '0.3', b: '0.3', c: '0.3' }, { p: '0.1' })).toEqual({
      share: { a: '0.033333', b: '0.033333', c: '0.033333' },
      covered: { a: '0.033333', b: '0.033333', c: '0.033333' },
      surplus: { p: '0.000001' },
    });
  });

  it('leaves no negative surplus where rounding gave out too much', () => {
    expect(share('at/dynamic', { a: '0.1', b: '0.1', c: '0.1' }, { p: '0.2' })).toEqual({
      share: { a: '0.066667', b: '0.066667', c: '0.066667' },
      covered: { a: '0.066667', b: '0.066667', c: '0.066667' },
      surplus: { p: '0.000000' },
    });
  });

  it('rounds exact halves up', () => {
    expect(share('at/dynamic', { a: '0.001', b: '0.003' }, { p: '0.000002' }).share).toEqual({
      a: '0.000001',
      b: '0.000002',
    });
    expect(share('at/dynamic', { a: '1', b: '1' }, { p: '0.000001' }).share).toEqual({
      a: '0.000001',
      b: '0.000001',
    });
  });

  it('rounds half up below the millionth of a kWh, too, where energies are finer', () => {
    expect(share('at/dynamic', { a: '0.000000500', b: '0.000000501' }, { p: '1' }).share).toEqual({
      a: '0.499500',
      b: '0.500500',
    });
  });

  it('gives nothing where nobody consumed, and nothing where nobody produced', () => {
    expect(share('at/dynamic', { a: '0' }, { p: '2.5' })).toEqual({
      share: { a: '0.000000' },
      covered: { a: '0.000000' },
      surplus: { p: '2.500000' },
    });
    expect(share('at/dynamic', { a: '1' }, { p: '0' }).share).toEqual({ a: '0.000000' });
  });

  it('splits the surplus over several producers as they produced, each rounded alone', () => {
    expect(share('at/dynamic', { a: '1' }, { p: '2', q: '1' }).surplus).toEqual({
      p: '1.333333',
      q: '0.666667',
    });
    // Three halves of a millionth become three of them: more than was left, by one.
    expect(share('at/dynamic', { a: '0.999997' }, { p: '0.25', q: '0.25', r: '0.5' }).surplus).toEqual({
      p: '0.000001',
      q: '0.000001',
      r: '0.000002',
    });
  });
});

describe('at/static', () => {
  it('leaves a share that is not used to the surplus', () => {
    expect(share('at/static', { a: '0.1', b: '1' }, { p: '1' }, { coefficients: parts(0.5, 0.5) })).toEqual({
      share: { a: '0.500000', b: '0.500000' },
      covered: { a: '0.100000', b: '0.500000' },
      surplus: { p: '0.400000' },
    });
  });

  it('rounds half up', () => {
    expect(
      share('at/static', { a: '1', b: '1' }, { p: '0.000005' }, { coefficients: parts(0.1, 0.9) }).share,
    ).toEqual({ a: '0.000001', b: '0.000005' });
  });
});

describe('a participation factor', () => {
  it.each([
    ['0.100', 100, '0.100000'],
    ['0.101', 50, '0.050500'],
    ['0.000001', 50, '0.000001'],
    ['0.000001', 49, '0.000000'],
    ['0.123457', 33, '0.040741'],
  ])('of %s kWh at %d %% leaves %s', (energy, factor, expected) => {
    expect(formatKilowattHours(participating(Number(parseKilowattHours(energy)), factor))).toBe(expected);
  });

  it.each([0, 101, 0.5, Number.NaN])('of %d is refused', (factor) => {
    expect(() => participating(1, factor)).toThrow(/whole percentage from 1 to 100/);
  });
});

describe('fr/dynamic', () => {
  it('shares in proportion to consumption, to the last µWh', () => {
    expect(share('fr/dynamic', { a: '1', b: '1', c: '1' }, { p: '1' })).toEqual({
      share: { a: '0.333333334', b: '0.333333333', c: '0.333333333' },
      covered: { a: '0.333333334', b: '0.333333333', c: '0.333333333' },
      surplus: { p: '0.000000' },
    });
  });

  it('covers everybody where there is enough', () => {
    expect(share('fr/dynamic', { a: '0.4', b: '0.8' }, { p: '1', q: '1' })).toMatchObject({
      covered: { a: '0.400000', b: '0.800000' },
      surplus: { p: '0.400000', q: '0.400000' },
    });
  });
});

describe('fr/static', () => {
  it('gives what one does not use to nobody else', () => {
    expect(share('fr/static', { a: '0.1', b: '2' }, { p: '1' }, { coefficients: parts(0.6, 0.4) })).toEqual({
      share: { a: '0.600000', b: '0.400000' },
      covered: { a: '0.100000', b: '0.400000' },
      surplus: { p: '0.500000' },
    });
  });

  it('leaves what is missing to one as surplus', () => {
    expect(
      share('fr/static', { a: '1', b: '1' }, { p: '1' }, { coefficients: parts(0.3, 0.2) }).surplus,
    ).toEqual({ p: '0.500000' });
  });
});

describe('fr/organiser', () => {
  it('lowers what exceeds a consumption', () => {
    expect(
      share('fr/organiser', { b: '0.4', c: '0.8' }, { p: '1' }, { coefficients: parts(0.5, 0.5) }),
    ).toMatchObject({ covered: { b: '0.400000', c: '0.500000' }, surplus: { p: '0.100000' } });
  });
});

describe('fr/full', () => {
  it('goes by producer and consumer', () => {
    const pairs = Float64Array.of(1_000_000, 0, 0, 500_000);
    expect(share('fr/full', { a: '3', b: '3' }, { p: '1', q: '2' }, { pairs })).toEqual({
      share: { a: '1.000000', b: '1.000000' },
      covered: { a: '1.000000', b: '1.000000' },
      surplus: { p: '0.000000', q: '1.000000' },
    });
  });

  it('lowers each producer’s part in proportion where a consumer is given more than it uses', () => {
    const pairs = Float64Array.of(1_000_000, 1_000_000);
    expect(share('fr/full', { a: '1' }, { p: '1', q: '3' }, { pairs })).toEqual({
      share: { a: '4.000000' },
      covered: { a: '1.000000' },
      surplus: { p: '0.750000', q: '2.250000' },
    });
  });
});

describe('ch/leg', () => {
  it('splits 15 kWh over consumptions of 10 and 15 as 6 and 9', () => {
    expect(share('ch/leg', { a: '10', b: '15' }, { p: '15' }).covered).toEqual({
      a: '6.000000',
      b: '9.000000',
    });
  });
});

describe('es/coefficients', () => {
  it('takes coefficients that miss one by a millionth, and gives that millionth to nobody', () => {
    const third = { coefficients: parts(0.333333, 0.333333, 0.333333) };
    expect(share('es/coefficients', { a: '9', b: '9', c: '9' }, { p: '1' }, third)).toMatchObject({
      covered: { a: '0.333333', b: '0.333333', c: '0.333333' },
      surplus: { p: '0.000001' },
    });
  });

  it('gives no more than there is where coefficients are a millionth too many', () => {
    const more = { coefficients: parts(0.500001, 0.5) };
    expect(share('es/coefficients', { a: '9', b: '9' }, { p: '1' }, more)).toMatchObject({
      covered: { a: '0.500000500', b: '0.499999500' },
      surplus: { p: '0.000000' },
    });
  });
});

describe('equal', () => {
  it('fills all to the same level, and nobody above its need', () => {
    expect(share('equal', { a: '0.1', b: '1', c: '2' }, { p: '1.5' }).covered).toEqual({
      a: '0.100000',
      b: '0.700000',
      c: '0.700000',
    });
  });

  it('gives single µWh to the first by id', () => {
    expect(share('equal', { a: '1', b: '1', c: '1' }, { p: '0.000000005' }).covered).toEqual({
      a: '0.000000002',
      b: '0.000000002',
      c: '0.000000001',
    });
  });
});

describe('priority', () => {
  it('serves who comes first: of 1 kWh B takes its 0.4, C the other 0.6', () => {
    expect(
      share('priority', { b: '0.4', c: '0.8' }, { p: '1' }, { ranks: Int32Array.of(1, 2) }),
    ).toMatchObject({
      covered: { b: '0.400000', c: '0.600000' },
      surplus: { p: '0.000000' },
    });
    expect(
      share('priority', { b: '0.4', c: '0.8' }, { p: '1' }, { ranks: Int32Array.of(2, 1) }).covered,
    ).toEqual({
      b: '0.200000',
      c: '0.800000',
    });
  });

  it('shares within a rank in proportion', () => {
    expect(
      share('priority', { a: '1', b: '1', c: '2' }, { p: '2.5' }, { ranks: Int32Array.of(1, 2, 2) }).covered,
    ).toEqual({ a: '1.000000', b: '0.500000', c: '1.000000' });
  });
});
