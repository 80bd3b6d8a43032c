/** Whether what a node writes suits the disk that it writes to. */
import { CARD_ADVICE, wearsCard } from '../settings/card.ts';
import type { NodeSettings } from '../settings/schema.ts';
import { type Check, warning } from './check.ts';

/** Says nothing where all is well: `disk` has told of the folders. */
export const cardCheck = (
  node: NodeSettings,
  directories: readonly string[],
  isOnCard?: (path: string) => boolean,
): Check => ({
  name: 'disk',
  look: async () =>
    wearsCard(node, directories, isOnCard)
      ? warning(
          `the node keeps its data on a memory card and reports each ${Number(node.report) / 1000} s, which writes more than 20 MB a day (50 to 110 at one a minute) and wears the card out`,
          CARD_ADVICE,
        )
      : [],
});
