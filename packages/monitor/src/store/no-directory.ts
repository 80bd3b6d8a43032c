import { DaiseeError } from '@daisee/units';
import type { Directory } from './directory.ts';

/** Thrown by a monitor that was given no place to keep this. */
export class NotKept extends DaiseeError {
  constructor(what: string) {
    super({
      code: 'monitor.not-kept',
      message: `This monitor keeps no ${what}: it was started without a directory.`,
      retryable: false,
      values: { what },
    });
  }
}

const refuse = (what: string) => (): never => {
  throw new NotKept(what);
};

/** The directory of a monitor without one: nothing is in it and nothing can be put there. */
export const noDirectory: Directory = {
  addToken: refuse('tokens'),
  tokens: () => [],
  tokenByHash: () => undefined,
  removeToken: refuse('tokens'),
  renameSensor: refuse('names of sensors'),
  archiveSensor: refuse('archive of sensors'),
  archived: () => new Map(),
  close: () => undefined,
};
