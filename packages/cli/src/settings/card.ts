/** Memory cards, which writing wears out: a node writes far less where it reports less often (decision 0012). */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Duration } from '@daisee/units';
import { agentDirectory, monitorDirectory } from './places.ts';
import type { NodeSettings, Settings } from './schema.ts';

/** What a report each quarter of an hour writes stays below 20 MB a day; one a minute is 52 MB, with the App 107 MB. */
const SELDOM = Duration(15 * 60_000);

export const CARD_ADVICE =
  'take "report" out of the section node, or make it 15m: purchases and switches are reported at once all the same';

/** The number of the device that carries a path, or what will carry it once it is made. */
const deviceOf = (path: string): number => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found || dirname(path) === path ? (found?.dev ?? 0) : deviceOf(dirname(path));
};

/** Linux's encoding of a device number (glibc, makedev(3)). */
const numbersOf = (device: number): string => {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
};

/** Whether a device is an SD card or the eMMC that some boards have instead. */
export const isCard = (device: number, sys = '/sys'): boolean => {
  try {
    return /\/mmcblk\d/.test(realpathSync(join(sys, 'dev/block', numbersOf(device))));
  } catch (error) {
    // File systems in memory, on a network or over several disks have no block device of their own.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
};

const onCard = (path: string): boolean => isCard(deviceOf(path));

/** Folders that a node on this machine writes to at every report. */
export const writtenFolders = (node: NodeSettings, { monitor }: Settings): readonly string[] => [
  agentDirectory(node),
  ...(monitor ? [monitorDirectory(monitor)] : []),
];

/** How often this node reports where its settings leave it open: seldom on a card, elsewhere as the agent would (undefined). */
export const unsaidReport = (
  directories: readonly string[],
  isOnCard: (path: string) => boolean = onCard,
): Duration | undefined => (directories.some(isOnCard) ? SELDOM : undefined);

/** Whether the settings have this node report so often that a card with these folders soon wears out. */
export const wearsCard = (
  { report }: Pick<NodeSettings, 'report'>,
  directories: readonly string[],
  isOnCard: (path: string) => boolean = onCard,
): boolean => report !== undefined && report < SELDOM && directories.some(isOnCard);
