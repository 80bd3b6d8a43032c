/** A secret that people or programs send: never kept as it is, compared in constant time, slow to guess. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@daisee/units';
import { createAttempts } from './attempts.ts';

export interface Login {
  /**
   * Whether what came from that address is the secret; a wrong one is held against the address.
   * @throws what `tooMany` makes, while it has sent too many wrong ones or too many wait to be checked
   */
  accept(sent: string, address: string): Promise<boolean>;
  /** Stands for the secret that is in force: another number once it was changed. What was let in before, is not now. */
  current(): number;
}

export interface LoginOptions {
  /** Dates the attempts. */
  readonly clock: Clock;
  /**
   * Login and password are one text that no other pair makes, like `JSON.stringify([login, password])`. A function says
   * the one in force whenever it is asked, and does not throw.
   */
  readonly secret: string | (() => string);
  /** Makes the refusal, of the seconds until another may be tried. */
  readonly tooMany: (retryAfter: number) => Error;
}

// The hash never leaves this process's memory, so its cost only has to slow guessing: tens of ms a guess, one at a time.
const COST = { N: 2 ** 14, r: 8, p: 1 };
/** Guesses that may wait in line. */
const LONGEST_LINE = 8;
/** Seconds after which the line is shorter. */
const LINE_PAUSE = 2;

const hash = (text: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(text, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });

/**
 * Makes a login out of the secret that clients must send.
 *
 * Every request of a v0.2 client carries it, and scrypt costs tens of ms each time: what was accepted once is remembered
 * as a keyed hash (a key of this process), so only a client's first request and wrong ones cost that.
 */
export const createLogin = async ({ clock, secret, tooMany }: LoginOptions): Promise<Login> => {
  const inForce = typeof secret === 'string' ? () => secret : secret;
  const salt = randomBytes(16);
  let known = inForce();
  let expected = hash(known, salt);
  let version = 0;
  const key = randomBytes(32);
  const attempts = createAttempts(clock, tooMany);
  let accepted: Buffer | undefined;
  let line: Promise<unknown> = Promise.resolve();
  const checking = new Map<string, Promise<boolean>>();
  await expected;

  /** Forgets who was let in by a secret that is not in force any more. */
  const current = (): number => {
    const now = inForce();
    if (now === known) return version;
    known = now;
    expected = hash(now, salt);
    // Told to whoever logs in next.
    expected.catch(() => undefined);
    accepted = undefined;
    checking.clear();
    return ++version;
  };

  const inLine = (text: string, tag: Buffer): Promise<boolean> => {
    // Clients that start together send the same: one check is for all of them.
    const name = tag.toString('base64');
    const same = checking.get(name);
    if (same) return same;
    if (checking.size >= LONGEST_LINE) throw tooMany(LINE_PAUSE);
    const [wanted, since] = [expected, version];
    const turn = line.then(async () => {
      try {
        const right = timingSafeEqual(await hash(text, salt), await wanted) && current() === since;
        if (right) accepted = tag;
        return right;
      } finally {
        if (checking.get(name) === turn) checking.delete(name);
      }
    });
    line = turn.catch(() => undefined);
    checking.set(name, turn);
    return turn;
  };

  return {
    current,
    accept: async (sent, address) => {
      attempts.check(address);
      current();
      const tag = createHmac('sha256', key).update(sent).digest();
      if (accepted && timingSafeEqual(accepted, tag)) return true;
      const right = await inLine(sent, tag);
      // Others of the same address came meanwhile: guessing all at once tells no more than one after another.
      attempts.check(address);
      if (!right) attempts.failed(address);
      return right;
    },
  };
};
