/** The monitor's HTTP server: pages, the CitizenWatt API and `/api/v1` on one port. */

import {
  boundConnections,
  createHostNames,
  createSessions,
  failureOf,
  headOf,
  type Login,
  NO_SCHEMAS,
  PROBLEM_TYPE,
  problemOf,
  RequestRefused,
  wrongName,
} from '@daisee/http';
import { messageOf } from '@daisee/units';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addMetrics } from '../metrics/routes.ts';
import { createAccess } from './access.ts';
import { rememberAllowed } from './allowed.ts';
import { addCitizenWatt } from './citizenwatt/routes.ts';
import { RULES } from './failures.ts';
import { addLogin } from './login.ts';
import { errorPage } from './pages.ts';
import { badAddress, notFound, notLocal } from './refusals.ts';
import { guardBodies, timeoutsOf } from './slow-clients.ts';
import type { V1Context } from './v1/context.ts';
import { addV1, BASE } from './v1/routes.ts';

export interface ServerOptions extends V1Context {
  /** None for a monitor that only its own machine reaches: then everybody passes. */
  readonly credentials: Login | undefined;
  /** Names that it answers to besides its own: a proxy's. */
  readonly hosts?: readonly string[] | undefined;
}

/** At once: agents, browsers, devices and event streams of a community. */
const MOST_CONNECTIONS = 4096;
/** Bytes of a request's body: a login, no more. */
const BODY_LIMIT = 64 * 1024;

/** The weight that an Accept header (RFC 9110, 12.5.1) gives a media type, named or by `* / *`. */
const weightOf = (accept: string, type: string): number | undefined => {
  const range = accept.split(',').find((part) => part.split(';')[0]?.trim().toLowerCase() === type);
  return range === undefined ? undefined : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
};

const prefersHtml = (request: FastifyRequest): boolean => {
  const accept = request.headers.accept ?? '';
  const html = weightOf(accept, 'text/html') ?? 0;
  return html > (weightOf(accept, 'application/json') ?? weightOf(accept, '*/*') ?? 0);
};

/** What the server refuses before it knows whose address it is. */
const sendProblem = (error: unknown, url: string, reply: FastifyReply): void => {
  const problem = problemOf(error, url, RULES);
  void reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
};

/** v0.2's clients send a form under the header of JSON. */
const jsonOrForm = (text: string): unknown =>
  text.trimStart().startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));

/** Makes the server; it listens to nothing yet. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const { store, clock, credentials, directory, patience, onFailure } = options;
  const names = createHostNames({ loopbackOnly: !credentials, names: options.hosts });
  // Streams never end by themselves, so closing closes connections too.
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    ...NO_SCHEMAS,
    frameworkErrors: (error, request, reply) => {
      const { url } = request;
      const failure = error.code === 'FST_ERR_BAD_URL' ? badAddress(url) : error;
      if (url.startsWith(`${BASE}/`)) sendProblem(failure, url, reply);
      else void refuse(failure, request, reply);
    },
    ...timeoutsOf(patience),
  });
  boundConnections(app.server, { most: MOST_CONNECTIONS });
  // Before all else: what everybody may ask is not for pages elsewhere either.
  app.addHook('onRequest', async ({ headers: { host } }) => {
    if (!names.accepts(host)) throw credentials ? wrongName('monitor', host) : notLocal();
  });
  guardBodies(app, patience);
  const allowed = rememberAllowed(app);
  await app.register(cookie);
  await app.register(formbody);
  app.removeContentTypeParser(['application/json', 'text/plain']);
  const parse = (
    _request: FastifyRequest,
    body: string,
    done: (error: Error | null, body?: unknown) => void,
  ) => {
    try {
      done(null, jsonOrForm(body));
    } catch (error) {
      done(new RequestRefused(400, 'monitor.bad-body', `The body is no JSON: ${messageOf(error)}.`));
    }
  };
  app.addContentTypeParser('*', { parseAs: 'string' }, parse);

  const refuse = async (
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const failure = failureOf(error, RULES);
    const { status, code, message } = failure;
    if (status >= 500) onFailure(`${request.method} ${request.url}`, error);
    headOf(reply, failure);
    if (prefersHtml(request)) return await reply.type('text/html').send(errorPage(status, message));
    return await reply.type('application/json; charset=utf-8').send(JSON.stringify({ code, message }));
  };
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => refuse(notFound(request.url, allowed), request, reply));

  const sessions = createSessions({ clock, login: credentials && (() => credentials.current()) });
  const access = createAccess({
    credentials,
    sessions,
    tokens: directory,
    clock,
    onFailure: (error) => onFailure('Looking for revoked tokens', error),
  });
  app.addHook('onClose', async () => access.close());
  // Before what it measures.
  addMetrics(app, { ...options, access });
  addLogin(app, { store, sessions, access });
  addCitizenWatt(app, { store, clock, access });
  await addV1(app, { context: options, access, onFailure, allowed });
  return app;
};
