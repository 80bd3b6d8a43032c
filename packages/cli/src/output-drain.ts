import { once } from 'node:events';

/** Writes text to standard output and waits until a slow reader has taken enough of it: large results do not pile up. */
export const drained = async (text: string): Promise<void> => {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
};
