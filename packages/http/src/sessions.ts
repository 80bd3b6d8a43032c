import { randomBytes } from 'node:crypto';
import { type Clock, type Duration, Seconds } from '@daisee/units';

/** Who logged in by the page: kept in memory, so a restart asks again. */
export interface Sessions {
  /** Opens a session; returns the secret that its cookie carries. */
  open(): string;
  isOpen(secret: string | undefined): boolean;
  close(secret: string | undefined): void;
}

/** How long a session that nobody uses stays open. */
export const SESSION_LENGTH: Duration = Seconds(7 * 24 * 3600);
/** Beyond this many the one unused for longest is closed. */
const MOST_SESSIONS = 1000;

export const createSessions = (clock: Clock): Sessions => {
  // In the order of use, the latest last.
  const lastUse = new Map<string, number>();
  return {
    open: () => {
      const secret = randomBytes(32).toString('base64url');
      lastUse.set(secret, clock.now());
      const [oldest] = lastUse.keys();
      if (lastUse.size > MOST_SESSIONS && oldest) lastUse.delete(oldest);
      return secret;
    },
    isOpen: (secret) => {
      const used = secret === undefined ? undefined : lastUse.get(secret);
      if (secret === undefined || used === undefined) return false;
      lastUse.delete(secret);
      if (clock.now() - used > SESSION_LENGTH) return false;
      lastUse.set(secret, clock.now());
      return true;
    },
    close: (secret) => {
      if (secret !== undefined) lastUse.delete(secret);
    },
  };
};
