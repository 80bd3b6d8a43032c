/** Who may ask the relay over HTTP: holders of its tokens; without any, everybody on this machine. */
import {
  type BearerToken,
  bearerOf,
  createAttempts,
  createOpenRequests,
  isNewSecret,
  RequestRefused,
  tokenOf,
} from '@daisee/http';
import { type Clock, DaiseeError } from '@daisee/units';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { plainAddress } from '../v02/allowance.ts';

/** `read` what the board shows, `switch` it. */
export const RELAY_SCOPES = ['read', 'switch'] as const;

/** Thrown when it should listen for other machines and has no token to tell them by. */
export class TokenNeeded extends DaiseeError {
  constructor(host: string) {
    super({
      code: 'relay.token-needed',
      message: `The relay's HTTP cannot listen on ${host} without a token: anybody there could switch it. Set one (relay.http.token or tokens; daisee relay token makes one), or listen on 127.0.0.1.`,
      retryable: false,
      values: { host },
    });
  }
}

export interface Access {
  /** @throws RequestRefused (401, 403, 429) */
  readonly admit: (scope: string, request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  readonly nameOf: (request: FastifyRequest) => string;
  /** Looks after requests under way no more. */
  close(): void;
}

const tooMany = (retryAfter: number): RequestRefused =>
  new RequestRefused(429, 'relay.too-many', `Too many wrong tokens: try again in ${retryAfter} s.`, {
    retryAfter,
  });

/**
 * @param tokens those in force, asked at each request; undefined where everybody on this machine may all. What goes on, as
 * streams do, is cut when its token is not among them any more.
 */
export const createAccess = (tokens: (() => readonly BearerToken[]) | undefined, clock: Clock): Access => {
  const rightOf = (scope: string, { hash }: BearerToken): string => `${scope} ${hash}`;
  const open = createOpenRequests({
    ended: (rights) => {
      const kept = new Set(
        tokens?.().flatMap((token) => token.scopes.map((scope) => rightOf(scope, token))) ?? rights,
      );
      return rights.filter((right) => !kept.has(right));
    },
    // The list is at hand; where it comes from a file, whoever reads that says what is wrong.
    onFailure: () => undefined,
  });
  const attempts = createAttempts(clock, tooMany);
  const names = new WeakMap<FastifyRequest, string>();
  const refused = (reply: FastifyReply, what: string, message: string): RequestRefused => {
    void reply.header('WWW-Authenticate', 'Bearer realm="DAISEE relay"');
    return new RequestRefused(401, `relay.${what}`, message);
  };
  return {
    close: () => open.close(),
    nameOf: (request) => {
      const address = plainAddress(request.ip);
      const name = names.get(request);
      return name === undefined ? address : `${name} (${address})`;
    },
    admit: async (scope, request, reply) => {
      if (!tokens) return;
      const secret = bearerOf(request.headers.authorization);
      if (secret === undefined)
        throw refused(reply, 'no-token', 'Send a token of this relay as Authorization: Bearer.');
      const token = tokenOf(tokens(), secret);
      // `relay.token` may be words, which can be guessed: then even the right ones wait. A secret made by
      // `daisee relay token` cannot, so whoever shares an address with a guesser keeps its relay.
      if (!token || !isNewSecret(secret)) attempts.check(request.ip);
      if (!token) attempts.failed(request.ip);
      if (!token) throw refused(reply, 'bad-token', 'This relay has no such token.');
      if (!token.scopes.includes(scope))
        throw new RequestRefused(
          403,
          'relay.scope',
          `This token may ${token.scopes.join(' and ')}, and this needs "${scope}": use one with that scope.`,
          { needed: scope, scopes: token.scopes },
        );
      names.set(request, token.name);
      open.add(rightOf(scope, token), reply.raw);
    },
  };
};
