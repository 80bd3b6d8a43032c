import { randomBytes } from 'node:crypto';
import { type Clock, type Duration, Seconds } from '@daisee/units';

/** Who logged in by the page: kept in memory, so a restart asks again. */
export interface Sessions {
  /** Opens a session; returns the secret that its cookie carries. */
  open(): string;
  /** Whether it is open; that counts as its use. */
  isOpen(secret: string | undefined): boolean;
  /** Whether it is open, and no use of it. */
  isKept(secret: string): boolean;
  close(secret: string | undefined): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  /** Stands for the login that is in force (`Login.current`): sessions of another one are over. */
  readonly login?: (() => number) | undefined;
}

/** How long a session that nobody uses stays open. */
export const SESSION_LENGTH: Duration = Seconds(7 * 24 * 3600);
/** Beyond this many the one unused for longest is closed. */
const MOST_SESSIONS = 1000;

export const createSessions = ({ clock, login = () => 0 }: SessionsOptions): Sessions => {
  // In the order of use, the latest last.
  const kept = new Map<string, { readonly used: number; readonly login: number }>();
  const isKept = (secret: string): boolean => {
    const one = kept.get(secret);
    return one !== undefined && one.login === login() && clock.now() - one.used <= SESSION_LENGTH;
  };
  return {
    open: () => {
      const secret = randomBytes(32).toString('base64url');
      kept.set(secret, { used: clock.now(), login: login() });
      const [oldest] = kept.keys();
      if (kept.size > MOST_SESSIONS && oldest) kept.delete(oldest);
      return secret;
    },
    isKept,
    isOpen: (secret) => {
      if (secret === undefined) return false;
      const isOpen = isKept(secret);
      kept.delete(secret);
      if (isOpen) kept.set(secret, { used: clock.now(), login: login() });
      return isOpen;
    },
    close: (secret) => {
      if (secret !== undefined) kept.delete(secret);
    },
  };
};
