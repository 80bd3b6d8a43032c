/** Every rule, by name. A rule is a file in this folder and a line here. */
import {
  type Allocation,
  AllocationError,
  checkedSum,
  checkShape,
  type EnergyBlock,
  type Shares,
} from '../block.ts';
import { atDynamic, atStatic } from './austria.ts';
import { esCoefficients, frFull, frOrganiser, frStatic } from './by-coefficients.ts';
import { equal } from './equal.ts';
import { chLeg, frDynamic } from './in-proportion.ts';
import { priority } from './priority.ts';
import { type Rule, roomFor } from './rule.ts';

export const rules: readonly Rule[] = [
  frDynamic,
  frStatic,
  frOrganiser,
  frFull,
  atDynamic,
  atStatic,
  chLeg,
  esCoefficients,
  equal,
  priority,
];

/** @throws AllocationError when there is none of that name */
export const ruleNamed = (name: string): Rule => {
  const rule = rules.find((one) => one.name === name);
  if (!rule)
    throw new AllocationError(
      'unknown-rule',
      `There is no rule "${name}". The rules are ${rules.map((one) => one.name).join(', ')}.`,
      { name },
    );
  return rule;
};

/**
 * Shares a block's energy out by a rule: pure, the same for the same input to the last unit.
 *
 * @param into an earlier allocation whose arrays are written over, if they have the right size
 * @throws AllocationError when the block or the shares are none that the rule can work on
 */
export const allocate = (
  rule: Rule,
  block: EnergyBlock,
  shares: Shares = {},
  into?: Allocation,
): Allocation => {
  const { intervals, consumers, producers, consumption, production } = block;
  checkShape(block);
  const allocation = roomFor(rule, block, into);
  const shareOne = rule.prepare(block, shares, allocation);
  for (let t = 0; t < intervals; t++)
    shareOne(
      t,
      checkedSum('Consumption', consumers, consumption, t),
      checkedSum('Production', producers, production, t),
    );
  return allocation;
};
