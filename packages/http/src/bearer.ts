/** Bearer tokens (RFC 6750) of a few programs: kept as hashes, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A token as it is kept: without its secret. */
export interface BearerToken {
  /** What it is for; told in logs. */
  readonly name: string;
  readonly scopes: readonly string[];
  /** `hashOf` its secret. */
  readonly hash: string;
}

/** A new secret; the prefix lets scanners of source code find one that was published. */
export const newSecret = (): string => `daisee_${randomBytes(32).toString('base64url')}`;

/** Whether a secret has the form of those made here, of which nobody guesses one. */
export const isNewSecret = (secret: string): boolean => /^daisee_[\w-]{43}$/.test(secret);

/** SHA-256 without salt, in hexadecimal: a secret of 256 random bits cannot be guessed, so nothing has to slow that. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** The secret of an `Authorization` header. */
export const bearerOf = (header: string | undefined): string | undefined =>
  /^bearer +([\w.~+/=-]+)$/i.exec(header ?? '')?.[1];

/** Looks among all of `tokens`, so that the time it takes tells nothing of which one is near. */
export const tokenOf = (tokens: readonly BearerToken[], secret: string): BearerToken | undefined => {
  const hash = Buffer.from(hashOf(secret), 'hex');
  let found: BearerToken | undefined;
  for (const token of tokens) {
    const kept = Buffer.from(token.hash, 'hex');
    if (kept.length === hash.length && timingSafeEqual(kept, hash)) found = token;
  }
  return found;
};
