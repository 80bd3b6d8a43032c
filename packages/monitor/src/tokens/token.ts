/** Tokens of `/api/v1`: what a program shows instead of login and password, and what it may do with it. */
import { createHash, randomBytes } from 'node:crypto';
import { DaiseeError, type Instant } from '@daisee/units';

/**
 * `read` what was measured, `write` samples, `admin` everything. `write` alone reads nothing: it fits a device that
 * only sends.
 */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A token as it is kept: without its secret. */
export interface Token {
  readonly id: number;
  /** What it is for, as whoever made it said; not unique. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly madeAt: Instant;
}

export interface NewToken extends Omit<Token, 'id'> {
  /** `hashOf` its secret. */
  readonly hash: string;
}

/** Thrown for a token that is not there. */
export class UnknownToken extends DaiseeError {
  constructor(id: number) {
    super({
      code: 'monitor.unknown-token',
      message: `There is no token ${id} here: GET /api/v1/tokens lists those there are.`,
      retryable: false,
      values: { id },
    });
  }
}

/** A new secret; the prefix lets scanners of source code find one that was published. */
export const newSecret = (): string => `daisee_${randomBytes(32).toString('base64url')}`;

/** SHA-256 without salt: a secret of 256 random bits cannot be guessed, so nothing has to slow guessing. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** True when what has these scopes may do what needs that one. */
export const allows = (scopes: readonly Scope[], needed: Scope): boolean =>
  scopes.includes('admin') || scopes.includes(needed);
