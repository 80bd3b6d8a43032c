/** What a login keeps is slow to guess from: scrypt, salted. The functions are the real ones, watched. */
import { Instant, VirtualClock } from '@daisee/units';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogin, RequestRefused } from '../src/index.ts';

interface Hashing {
  readonly text: string;
  readonly salt: string;
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly key: string;
}
const hashings = vi.hoisted((): Hashing[] => []);
vi.mock('node:crypto', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:crypto')>();
  const scrypt = (
    text: string,
    salt: Buffer,
    length: number,
    cost: Hashing['cost'],
    done: (error: Error | null, key: Buffer) => void,
  ): void =>
    real.scrypt(text, salt, length, cost, (error, key) => {
      hashings.push({ text, salt: salt.toString('hex'), cost, key: key.toString('hex') });
      done(error, key);
    });
  return { ...real, scrypt };
});
beforeEach(() => void hashings.splice(0));

const PLACE = '192.0.2.1';
const loginOf = (secret: string) =>
  createLogin({
    clock: new VirtualClock({ start: Instant(0) }),
    secret,
    tooMany: () => new RequestRefused(429, 'test.too-many', 'Too many.'),
  });

describe('a secret', () => {
  it('is hashed by scrypt, at no less than N = 2^14, r = 8, and so is each guess', async () => {
    const login = await loginOf('right');
    for (const guess of ['wrong', 'wrong', 'other']) expect(await login.accept(guess, PLACE)).toBe(false);
    expect(await login.accept('right', PLACE)).toBe(true);
    expect(hashings.map(({ text }) => text)).toEqual(['right', 'wrong', 'wrong', 'other', 'right']);
    // OWASP's Password Storage Cheat Sheet has N × r as the memory that each guess takes: 16 MiB here.
    for (const { cost, key } of hashings) {
      expect(cost.N * cost.r).toBeGreaterThanOrEqual(2 ** 17);
      expect(key).toHaveLength(64);
    }
    expect(new Set(hashings.map(({ salt }) => salt)).size).toBe(1);
  });

  it('that two have alike is kept as two hashes, by salts of 16 bytes', async () => {
    await Promise.all([loginOf('same'), loginOf('same')]);
    expect(new Set(hashings.map(({ key }) => key)).size).toBe(2);
    expect(new Set(hashings.map(({ salt }) => salt)).size).toBe(2);
    for (const { salt } of hashings) expect(salt).toHaveLength(32);
  });

  it('costs no more once it was accepted', async () => {
    const login = await loginOf('right');
    for (let i = 0; i < 20; i++) expect(await login.accept('right', PLACE)).toBe(true);
    expect(hashings).toHaveLength(2);
  });
});
