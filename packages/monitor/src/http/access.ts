/** Who may ask: the login in the body (as v0.2's clients send it), a session's cookie, or HTTP basic. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Credentials } from './credentials.ts';
import { badLogin, RequestRefused } from './refusals.ts';
import type { Sessions } from './sessions.ts';

/** The cookie of a session. */
export const SESSION_COOKIE = 'daisee_session';

export interface Access {
  /** The login in a request's body, if it carries one: true when it is right. */
  byBody(request: FastifyRequest): Promise<boolean | undefined>;
  /** Lets pass who may use the CitizenWatt API; others go to the login page (GET) or are refused (POST: 403). */
  readonly toCitizenWatt: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;
  /** Lets pass who may use `/api/v1`; others get 401. */
  readonly toV1: (request: FastifyRequest, reply: FastifyReply) => Promise<undefined>;
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

/** Without credentials (a monitor that only its own machine reaches) everybody passes. */
export const createAccess = (credentials: Credentials | undefined, sessions: Sessions): Access => {
  const byBody: Access['byBody'] = async ({ body }) => {
    if (!credentials) return true;
    const sent = loginBody.safeParse(body);
    return sent.success ? await credentials.accept(sent.data.login, sent.data.password) : undefined;
  };
  /** True or false for what was sent, undefined when nothing was. */
  const known = async (request: FastifyRequest): Promise<boolean | undefined> => {
    if (!credentials || sessions.isOpen(request.cookies[SESSION_COOKIE])) return true;
    const basic = basicOf(request.headers.authorization);
    if (basic) return await credentials.accept(basic.login, basic.password);
    return undefined;
  };
  return {
    byBody,
    toCitizenWatt: async (request, reply) => {
      const pass = (await known(request)) ?? (request.method === 'POST' ? await byBody(request) : undefined);
      if (pass) return undefined;
      if (pass === false || request.method === 'POST') throw badLogin();
      return await reply.redirect('/login', 303);
    },
    toV1: async (request, reply) => {
      const pass = await known(request);
      if (pass) return;
      void reply.header('WWW-Authenticate', 'Basic realm="DAISEE monitor", charset="UTF-8"');
      throw pass === false
        ? new RequestRefused(401, 'bad-login', 'Login or password is wrong.')
        : new RequestRefused(401, 'no-login', 'Send login and password as HTTP basic authentication.');
    },
  };
};
