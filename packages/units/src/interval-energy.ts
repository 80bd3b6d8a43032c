/** What a metering point drew or fed in within an interval: what operators deliver and communities share. */
import { type Duration, type Energy, Instant, QuantityError } from './quantities.ts';

/** `import`: taken from the grid by the point; `export`: fed into it. */
export type EnergyDirection = 'import' | 'export';

/**
 * How a value came about: `measured` by the meter; `substituted` by whoever operates it, by a rule, for a value that was
 * lost; `estimated`; `missing`: not there, which is not zero.
 */
export type Quality = 'measured' | 'substituted' | 'estimated' | 'missing';

/**
 * What a value is. `metered`: the meter's. The others are an operator's own split of a community's energy: the `share` of
 * the production that falls to a consumer, what of its consumption is `covered` by it, and a producer's `surplus`, which
 * nobody in the community used.
 */
export type Measure = 'metered' | 'share' | 'covered' | 'surplus';

/** The energy of one interval at one metering point. */
export interface IntervalEnergy {
  /** The operator's identity of the metering point. */
  readonly point: string;
  /** Where the interval begins, whole ms UTC. */
  readonly start: Instant;
  /** Whole ms, above 0. */
  readonly length: Duration;
  readonly direction: EnergyDirection;
  readonly measure: Measure;
  /** µWh, 0 or more; undefined where, and only where, it is `missing`. */
  readonly energy: Energy | undefined;
  readonly quality: Quality;
  /**
   * When its sender made this value (the document's own stamp): of two values of one interval the one that was made later
   * counts. Undefined where the sender does not say.
   */
  readonly revision?: Instant | undefined;
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value);

/** Checks the parts of an interval's energy and returns them. @throws QuantityError */
export const intervalEnergy = (value: IntervalEnergy): IntervalEnergy => {
  const { point, start, length, energy, quality, revision } = value;
  if (point === '')
    throw new QuantityError('A metering point', point, 'the identity that its operator gives it');
  if (!isWhole(start)) throw new QuantityError('The start of an interval', start, 'whole milliseconds');
  if (!isWhole(length) || length <= 0)
    throw new QuantityError('The length of an interval', length, 'whole milliseconds, more than 0');
  if (revision !== undefined) Instant(revision);
  if ((energy === undefined) !== (quality === 'missing'))
    throw new QuantityError(
      `The energy of a ${quality} interval`,
      energy ?? 'nothing',
      quality === 'missing' ? 'nothing' : 'an amount of energy',
    );
  if (energy !== undefined && energy < 0n)
    throw new QuantityError(
      'The energy of an interval',
      energy,
      'zero or more µWh; the direction has its sign',
    );
  return value;
};
