/** What a soak looks at: each quantity, what counts as flat, and what its growth may come from. */
import type { Growth, Quantity } from './trend.ts';

/** Sampled at one hour of the lab. */
export interface Sample {
  readonly day: number;
  /** By the name of a quantity; what could not be looked at is absent. */
  readonly values: Readonly<Record<string, number>>;
}

/** What a day of this lab has. */
export interface Rates {
  readonly samples: number;
  readonly blocks: number;
  /** Entries in the books; known at the end. */
  readonly entries: number;
}

/** The meters give a sample each 8 s. */
export const SAMPLES_A_DAY = 10_800;

const B = 1e-6;

/** The files of a lab's folder by what they are. */
export const FILES: readonly (readonly [RegExp, string])[] = [
  [/-(wal|shm)$/, 'write-ahead logs'],
  [/^node\d\/monitor\.sqlite$/, 'monitors’ stores'],
  [/^node\d\/agent\.sqlite$/, 'agents’ stores'],
  [/^node\d\/history\.sqlite$/, 'Apps’ histories'],
  [/outbox\.sqlite$/, 'outboxes'],
  [/^world\//, 'the twin’s world'],
  [/^chain\/chain\.sqlite$/, 'chain’s journal'],
  [/^chain\/snapshot/, 'chain’s snapshot'],
  [/./, 'other files'],
];

const perSample = (most: number, because: string): Growth => ({
  with: 'sample',
  perDay: SAMPLES_A_DAY,
  most,
  because,
});

/** The quantities in the order of the report. */
export const quantitiesOf = ({ blocks, entries }: Rates): readonly Quantity[] => {
  const perBlock = (most: number, because: string): Growth => ({
    with: 'block',
    perDay: blocks,
    most,
    because,
  });
  const perEntry = (most: number, because: string): Growth => ({
    with: 'entry in the books',
    perDay: entries,
    most,
    because,
  });
  return [
    { name: 'what lives on node’s heap', unit: 'MB', share: 0.1, floor: 3 },
    { name: 'memory of node', unit: 'MB', share: 0.15, floor: 30 },
    {
      name: 'memory of anvil',
      unit: 'MB',
      share: 0.1,
      floor: 5,
      grows: perBlock(
        16_000 * B,
        'anvil keeps every block and receipt in memory, up to the limit at which the chain restarts it',
      ),
    },
    { name: 'open files of node', unit: 'files', share: 0, floor: 6 },
    { name: 'open files of anvil', unit: 'files', share: 0, floor: 6 },
    { name: 'processes', unit: 'processes', share: 0, floor: 0.5 },
    {
      name: 'monitors’ stores',
      unit: 'MB',
      share: 0.02,
      floor: 0.1,
      grows: perSample(200 * B, 'a row of each of two meters'),
    },
    {
      name: 'agents’ stores',
      unit: 'MB',
      share: 0.02,
      floor: 0.1,
      grows: perEntry(300 * B, 'the journal of switches, orders and gaps'),
    },
    {
      name: 'Apps’ histories',
      unit: 'MB',
      share: 0.02,
      floor: 0.1,
      grows: perEntry(3000 * B, 'a row with its indexes in each of two Apps'),
    },
    { name: 'outboxes', unit: 'MB', share: 0.02, floor: 0.2 },
    { name: 'the twin’s world', unit: 'MB', share: 0.02, floor: 0.2 },
    {
      name: 'chain’s journal',
      unit: 'MB',
      share: 0.02,
      floor: 0.1,
      grows: perBlock(400 * B, 'a row for each block and each transaction sent: what a restart mines again'),
    },
    {
      name: 'chain’s snapshot',
      unit: 'MB',
      share: 0.02,
      floor: 0.1,
      grows: perBlock(4000 * B, 'all blocks and receipts, packed'),
    },
    // Each is cut back at a checkpoint and keeps the length that it had: some 4 MB for each of ten databases.
    { name: 'write-ahead logs', unit: 'MB', share: 0.1, floor: 10 },
    { name: 'other files', unit: 'MB', share: 0.02, floor: 0.1 },
    { name: 'node’s work for an hour', unit: 's of CPU', share: 0.25, floor: 0.1 },
    {
      name: 'anvil’s work for an hour',
      unit: 's of CPU',
      share: 0.25,
      floor: 0.1,
      // A step, not a slope: in two runs on different machines at the same block, with 150 MB more of memory.
      grows: perBlock(
        20 * B,
        'its table of blocks doubles at the 57,344th (day 20 here), and a block costs four times as much from then on',
      ),
    },
    { name: 'event loop’s delay', unit: 'ms', share: 0.5, floor: 2 },
    { name: 'event loop’s delay, 99 %', unit: 'ms', share: 0.5, floor: 10 },
    { name: 'an answer of the App', unit: 'ms', share: 0.5, floor: 10 },
    { name: 'the page’s heap', unit: 'MB', share: 0.1, floor: 1 },
    { name: 'the page’s nodes', unit: 'nodes', share: 0.1, floor: 100 },
    { name: 'the page’s listeners', unit: 'listeners', share: 0.1, floor: 20 },
  ];
};
