/** The App's server: the built page, its API and its event stream. */

import { BadAddress, ContractRefused } from '@daisee/chain';
import { addApi, operation, routerProblems, type Statuses } from '@daisee/http';
import { type Clock, DaiseeError } from '@daisee/units';
import cookie from '@fastify/cookie';
import files from '@fastify/static';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { SaidValues } from '../api.ts';
import { saidValues } from '../view/said.ts';
import { type ActingContext, actingOperations } from './acting.ts';
import { createGate, type GateOptions } from './gate.ts';
import { type SeeingContext, seeingOperations } from './seeing.ts';

export interface ServerOptions extends SeeingContext, ActingContext, Omit<GateOptions, 'clock'> {
  readonly clock: Clock;
  /** The folder of the built page. */
  readonly page: string;
  readonly onFailure: (request: string, error: unknown) => void;
}

/** Nothing of the page comes from elsewhere and none of it is written into the document. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const BODY_LIMIT = 16 * 1024;

/** What the person at the page can mend. */
const statuses: Statuses = [
  [409, [ContractRefused]],
  [400, [BadAddress]],
];

/** Adds to each problem what the page needs to say it in its reader's language. */
const sendValues = (app: FastifyInstance): void => {
  const known = new WeakMap<FastifyRequest, SaidValues>();
  app.addHook('onError', async (request, _reply, error) => {
    if (error instanceof DaiseeError) known.set(request, saidValues(error));
  });
  app.addHook('onSend', async (request, _reply, payload) => {
    const values = known.get(request);
    if (!values || typeof payload !== 'string') return payload;
    return JSON.stringify({ ...(JSON.parse(payload) as object), values });
  });
};

const answer = (description: string) => ({ 200: { description, shape: z.unknown() } });

/** Makes the server; it listens to nothing yet. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    frameworkErrors: routerProblems({ room: 'app', docs: '/api/docs', statuses }),
  });
  const gate = await createGate({ ...options, clock: options.pace });
  app.addHook('onClose', async () => gate.close());
  await app.register(cookie);
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('Content-Security-Policy')) void reply.header('Content-Security-Policy', POLICY);
    void reply.header('X-Content-Type-Options', 'nosniff').header('Referrer-Policy', 'no-referrer');
  });
  sendValues(app);
  const group = 'Session';
  await addApi(app, {
    room: 'app',
    description: {
      title: 'DAISEE App',
      version: '1',
      description: 'What the page of a node asks its server.',
      base: '/api',
      security: { session: { type: 'apiKey', in: 'cookie', name: 'daisee_app' } },
    },
    statuses,
    onFailure: options.onFailure,
    admit: (scope, request, reply) => gate.admit(scope, request, reply),
    operations: [
      operation({
        id: 'session',
        method: 'GET',
        path: '/session',
        group,
        summary: 'Whether somebody is logged in',
        scope: undefined,
        answers: answer('It, with the csrf to send along when something is to change'),
        answer: ({ request }) => gate.session(request),
      }),
      operation({
        id: 'login',
        method: 'POST',
        path: '/login',
        group,
        summary: 'Log in with the node’s password',
        scope: undefined,
        body: z.strictObject({ password: z.string().max(1000) }),
        answers: answer('The session'),
        answer: ({ body, request, reply }) => gate.login(body.password, request, reply),
      }),
      operation({
        id: 'logout',
        method: 'POST',
        path: '/logout',
        group,
        summary: 'Log out',
        scope: undefined,
        body: z.strictObject({}),
        answers: answer('Nothing'),
        answer: ({ request, reply }) => {
          gate.logout(request, reply);
          return {};
        },
      }),
      ...seeingOperations(options),
      ...actingOperations(options),
    ],
  });
  await app.register(files, {
    root: options.page,
    // Files with a hash in their name never change; the document that names them may.
    setHeaders: (reply, path) => {
      void reply.header(
        'Cache-Control',
        /assets/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  return app;
};
