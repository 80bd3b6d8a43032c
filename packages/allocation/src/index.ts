export { type Allocation, AllocationError, type EnergyBlock, type Shares } from './block.ts';
export { FileRefused } from './files/file-error.ts';
export {
  createTableReader,
  type TableColumns,
  type TableNotes,
  type TableReader,
  type TableReaderOptions,
  type TableRow,
} from './files/interval-table.ts';
export {
  type AllocatedInterval,
  createIntervalAllocator,
  type IntervalEnergies,
} from './interval-allocator.ts';
export { shareOut } from './largest-remainder.ts';
export { participating } from './rules/austria.ts';
export { allocate, ruleNamed, rules } from './rules/registry.ts';
export type { Need, Rule } from './rules/rule.ts';
export { readShares } from './shares/read-shares.ts';
export type { IntervalShares, SharesOptions, SharesSource } from './shares/shares.ts';
export {
  type SpanishCoefficient,
  spanishFileName,
  writeSpanishCoefficients,
} from './shares/spanish-coefficients.ts';
