/** Who may ask: the login in the body (as v0.2's clients send it), a session's cookie, HTTP basic, or a token. */
import {
  bearerOf,
  createAttempts,
  createOpenRequests,
  hashOf,
  type Login,
  type OpenRequests,
  RequestRefused,
  type Sessions,
} from '@daisee/http';
import type { Clock } from '@daisee/units';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Directory } from '../store/directory.ts';
import { allows } from '../tokens/token.ts';
import { badLogin, tooManyTokens } from './refusals.ts';

/** The cookie of a session. */
export const SESSION_COOKIE = 'daisee_session';

export interface Access {
  /** The login in a request's body, if it carries one: true when it is right. */
  byBody(request: FastifyRequest): Promise<boolean | undefined>;
  /** Lets pass who may use the CitizenWatt API; others go to the login page (GET) or are refused (POST: 403). */
  readonly toCitizenWatt: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;
  /**
   * Lets pass who has that scope of `/api/v1`, login and password having all; others get 401 or 403. What goes on, as
   * streams do, is cut when the token is revoked, the session over or the login another one.
   */
  readonly toV1: (scope: string) => (request: FastifyRequest, reply: FastifyReply) => Promise<undefined>;
  /** Looks after requests under way no more. */
  close(): void;
}

export interface AccessOptions {
  /** Without them (a monitor that only its own machine reaches) everybody there passes. */
  readonly credentials: Login | undefined;
  /** Dates wrong tokens. */
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly tokens: Pick<Directory, 'tokenByHash' | 'tokens'>;
  /** Hears when tokens cannot be looked up that requests under way came with. */
  readonly onFailure: (error: unknown) => void;
}

const textOrNumber = z.union([z.string(), z.number().transform(String)]);
const loginBody = z.object({ login: textOrNumber, password: textOrNumber });

/** Login and password of `Authorization: Basic` (RFC 7617). */
const basicOf = (header: string | undefined): { login: string; password: string } | undefined => {
  const match = /^basic +([\w+/=-]+)$/i.exec(header ?? '');
  const text = Buffer.from(match?.[1] ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { login: text.slice(0, colon), password: text.slice(colon + 1) };
};

/** Login and password as one text that no other pair makes. */
export const joined = (login: string, password: string): string => JSON.stringify([login, password]);

/** Rights by which requests under way came in. */
const TOKEN = 'token:';
const SESSION = 'session:';
const LOGIN = 'login:';

export const createAccess = (options: AccessOptions): Access => {
  const { credentials, sessions, tokens, clock, onFailure } = options;
  const tokensKept = async (rights: readonly string[]): Promise<ReadonlySet<string>> => {
    if (!rights.some((right) => right.startsWith(TOKEN))) return new Set();
    try {
      return new Set((await tokens.tokens()).map(({ id }) => `${TOKEN}${id}`));
    } catch (error) {
      // Whoever could revoke one cannot do so here now either; the next look is soon.
      onFailure(error);
      return new Set(rights);
    }
  };
  const open: OpenRequests = createOpenRequests({
    ended: async (rights) => {
      const kept = await tokensKept(rights);
      return rights.filter((right) =>
        right.startsWith(SESSION)
          ? !sessions.isKept(right.slice(SESSION.length))
          : right.startsWith(LOGIN)
            ? right !== `${LOGIN}${credentials?.current()}`
            : !kept.has(right),
      );
    },
    onFailure,
  });
  const attempts = createAttempts(clock, tooManyTokens);
  const byPassword = (
    { ip }: FastifyRequest,
    known: Login,
    { login, password }: z.infer<typeof loginBody>,
  ): Promise<boolean> => known.accept(joined(login, password), ip);
  const byBody: Access['byBody'] = async (request) => {
    if (!credentials) return await known(request);
    const sent = loginBody.safeParse(request.body);
    return sent.success ? await byPassword(request, credentials, sent.data) : undefined;
  };
  /** By what right: false for what was sent and is none, undefined when nothing was, '' where all may. */
  const rightOf = async (request: FastifyRequest): Promise<string | false | undefined> => {
    if (!credentials) return '';
    const secret = request.cookies[SESSION_COOKIE];
    if (sessions.isOpen(secret)) return `${SESSION}${secret}`;
    const basic = basicOf(request.headers.authorization);
    if (!basic) return undefined;
    return (await byPassword(request, credentials, basic)) && `${LOGIN}${credentials.current()}`;
  };
  /** True or false for what was sent, undefined when nothing was. */
  const known = async (request: FastifyRequest): Promise<boolean | undefined> => {
    const right = await rightOf(request);
    return right === undefined ? undefined : right !== false;
  };
  const refused = (reply: FastifyReply, what: string, message: string): RequestRefused => {
    const challenge = 'Basic realm="DAISEE monitor", charset="UTF-8", Bearer realm="DAISEE monitor"';
    void reply.header('WWW-Authenticate', challenge);
    return new RequestRefused(401, `monitor.${what}`, message);
  };
  return {
    close: () => open.close(),
    byBody,
    toCitizenWatt: async (request, reply) => {
      const pass = (await known(request)) ?? (request.method === 'POST' ? await byBody(request) : undefined);
      if (pass) return undefined;
      if (pass === false || request.method === 'POST') throw badLogin();
      return await reply.redirect('/login', 303);
    },
    toV1: (scope) => async (request, reply) => {
      const right = await rightOf(request);
      if (right) open.add(right, reply.raw);
      if (right !== undefined && right !== false) return;
      if (right === false) throw refused(reply, 'bad-login', 'Login or password is wrong.');
      const secret = bearerOf(request.headers.authorization);
      if (secret === undefined)
        throw refused(
          reply,
          'no-login',
          'Send login and password as HTTP basic authentication, or a token as Authorization: Bearer.',
        );
      const token = await tokens.tokenByHash(hashOf(secret));
      if (!token) {
        // Nobody guesses a token: this slows who tries, and a right one opens all the same.
        attempts.check(request.ip);
        attempts.failed(request.ip);
      }
      if (!token) throw refused(reply, 'bad-token', 'There is no such token, or it was revoked.');
      const { id, scopes } = token;
      if (!allows(scopes, scope))
        throw new RequestRefused(
          403,
          'monitor.scope',
          `This token may ${scopes.join(' and ')}, and this needs "${scope}": make one with that scope.`,
          { needed: scope, scopes },
        );
      open.add(`${TOKEN}${id}`, reply.raw);
    },
  };
};
