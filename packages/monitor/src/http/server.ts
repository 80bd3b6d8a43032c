/** The monitor's HTTP server: pages, the CitizenWatt API and `/api/v1` on one port. */

import { createSessions, failureOf, headOf, type Login, RequestRefused } from '@daisee/http';
import { messageOf } from '@daisee/units';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addMetrics } from '../metrics/routes.ts';
import { createAccess } from './access.ts';
import { addCitizenWatt } from './citizenwatt/routes.ts';
import { RULES } from './failures.ts';
import { addLogin } from './login.ts';
import { errorPage } from './pages.ts';
import { notFound } from './refusals.ts';
import { guardBodies, timeoutsOf } from './slow-clients.ts';
import type { V1Context } from './v1/context.ts';
import { addV1 } from './v1/routes.ts';

export interface ServerOptions extends V1Context {
  /** None for a monitor that only its own machine reaches: then everybody passes. */
  readonly credentials: Login | undefined;
}

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

/** v0.2's clients send a form under the header of JSON. */
const jsonOrForm = (text: string): unknown =>
  text.trimStart().startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));

/** Makes the server; it listens to nothing yet. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const { store, clock, credentials, directory, patience, onFailure } = options;
  // Streams never end by themselves, so closing closes connections too.
  const app = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true, ...timeoutsOf(patience) });
  guardBodies(app, patience);
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
    return await reply.send({ code, message });
  };
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => refuse(notFound(request.url), request, reply));

  const sessions = createSessions(clock);
  const access = createAccess({ credentials, sessions, tokens: directory });
  // Before what it measures.
  addMetrics(app, { ...options, access });
  addLogin(app, { store, sessions, access });
  addCitizenWatt(app, { store, clock, access });
  await addV1(app, { context: options, access, onFailure });
  return app;
};
