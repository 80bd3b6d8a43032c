/** Where in the file a key of the settings stands. */
import { type Document, isMap, isScalar, isSeq, type LineCounter } from 'yaml';

/** The line of the deepest key of a path that is there; undefined when not even its first is. */
export const lineAt = (
  document: Document,
  counter: LineCounter,
  path: readonly PropertyKey[],
): number | undefined => {
  let at: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isMap(at)) {
      const pair = at.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair || !isScalar(pair.key)) break;
      offset = pair.key.range?.[0];
      at = pair.value;
    } else if (isSeq(at)) {
      const item: unknown = at.items[Number(key)];
      if (!isMap(item) && !isScalar(item) && !isSeq(item)) break;
      offset = item.range?.[0];
      at = item;
    } else break;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
};
