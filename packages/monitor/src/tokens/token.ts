/** Tokens of `/api/v1`: what a program shows instead of login and password, and what it may do with it. */
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
  /** `hashOf` (@daisee/http) its secret. */
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

/** True when what has these scopes may do what needs that one. */
export const allows = (scopes: readonly string[], needed: string): boolean =>
  scopes.includes('admin') || scopes.includes(needed);
