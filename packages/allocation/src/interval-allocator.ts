/** Sharing one interval after the other out, as a file is read. */
import { type Allocation, AllocationError } from './block.ts';
import type { TableColumns } from './files/interval-table.ts';
import { participating } from './rules/austria.ts';
import { allocate } from './rules/registry.ts';
import type { Rule } from './rules/rule.ts';
import type { IntervalShares } from './shares/shares.ts';

/** What takes part in an interval, and who got what of it: the arrays are valid until the next interval only. */
export interface AllocatedInterval {
  /** What each takes part with, µWh: its energy times its factor; 0 for a value that is missing. */
  readonly consumption: Float64Array;
  readonly production: Float64Array;
  readonly allocation: Allocation;
}

/** Energies of one interval, µWh; NaN is missing: the point takes no part. */
export interface IntervalEnergies {
  readonly consumption: Float64Array;
  readonly production: Float64Array;
}

const partOf = (energies: Float64Array, factors: Uint8Array | undefined, into: Float64Array): void => {
  for (let i = 0; i < energies.length; i++) {
    const energy = energies[i] as number;
    const factor = factors?.[i] ?? 100;
    into[i] = Number.isNaN(energy) || factor === 0 ? 0 : participating(energy, factor);
  }
};

/** @throws AllocationError at the first interval where the rule needs shares and there are none */
export const createIntervalAllocator = (
  rule: Rule,
  { consumers, producers }: TableColumns,
): ((energies: IntervalEnergies, given?: IntervalShares) => AllocatedInterval) => {
  const block = {
    intervals: 1,
    consumers,
    producers,
    consumption: new Float64Array(consumers.length),
    production: new Float64Array(producers.length),
  };
  let allocation: Allocation | undefined;
  return ({ consumption, production }, { shares, consumerFactors, producerFactors } = { shares: {} }) => {
    if (consumption.length !== consumers.length || production.length !== producers.length)
      throw new AllocationError('length', 'An interval needs an energy for each point.');
    partOf(consumption, consumerFactors, block.consumption);
    partOf(production, producerFactors, block.production);
    allocation = allocate(rule, block, shares, allocation);
    return { consumption: block.consumption, production: block.production, allocation };
  };
};
