/** Login and password of a monitor: never kept as they are, compared in constant time. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { tooManyLogins } from './refusals.ts';

/** Checks what a client sent. */
export interface Credentials {
  /** @throws RequestRefused (429) when too many wrong ones wait to be checked. */
  accept(login: string, password: string): Promise<boolean>;
}

// The hash never leaves this process's memory, so its cost only has to slow guessing: tens of ms a guess, one at a time.
const COST = { N: 2 ** 14, r: 8, p: 1 };
/** Wrong guesses that may wait in line. */
const LONGEST_LINE = 8;
/** Seconds after which the line is shorter. */
const LINE_PAUSE = 2;

/** Login and password as one text that no other pair makes. */
const joined = (login: string, password: string): string => JSON.stringify([login, password]);

const hash = (text: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(text, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });

/**
 * Makes credentials out of the login and password that clients must send.
 *
 * Every request of a v0.2 client carries them, and scrypt costs tens of ms each time: what was accepted once is
 * remembered as a keyed hash (a key of this process), so only a client's first request and wrong ones cost that.
 */
export const createCredentials = async (login: string, password: string): Promise<Credentials> => {
  const salt = randomBytes(16);
  const expected = await hash(joined(login, password), salt);
  const key = randomBytes(32);
  const tagOf = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  let accepted: Buffer | undefined;
  let line: Promise<unknown> = Promise.resolve();
  const checking = new Map<string, Promise<boolean>>();

  return {
    accept: async (login, password) => {
      const text = joined(login, password);
      const tag = tagOf(text);
      if (accepted && timingSafeEqual(accepted, tag)) return true;
      // Clients that start together send the same: one check is for all of them.
      const name = tag.toString('base64');
      const same = checking.get(name);
      if (same) return await same;
      if (checking.size >= LONGEST_LINE) throw tooManyLogins(LINE_PAUSE);
      const turn = line.then(async () => timingSafeEqual(await hash(text, salt), expected));
      line = turn.catch(() => undefined);
      checking.set(name, turn);
      try {
        const right = await turn;
        if (right) accepted = tag;
        return right;
      } finally {
        checking.delete(name);
      }
    },
  };
};
