/** `/api/v1`: its operations, their description, and how bodies and errors look there. */

import { messageOf } from '@daisee/units';
import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access.ts';
import { failureOf } from '../failures.ts';
import { notFound, RequestRefused } from '../refusals.ts';
import type { V1Context } from './context.ts';
import { csvOperations } from './csv.ts';
import { healthOperation } from './health.ts';
import { measurementOperations } from './measurements.ts';
import { openApiOf } from './openapi.ts';
import { addOperation, BASE, type Described } from './operation.ts';
import { sendProblem } from './problem.ts';
import { sampleOperations } from './samples.ts';
import { sensorOperations } from './sensors.ts';
import { tariffOperations } from './tariffs.ts';
import { tokenOperations } from './tokens.ts';

export interface V1Options {
  readonly context: V1Context;
  readonly access: Access;
  readonly onFailure: (request: string, error: unknown) => void;
}

/** Bytes of a body that is read whole: about 200,000 samples. */
const BODY_LIMIT = 10 * 1024 * 1024;

/** Nothing on the page comes from elsewhere; Swagger UI sets styles by script. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

const operationsOf = (context: V1Context): readonly Described[] => [
  healthOperation(context),
  ...sensorOperations(context),
  ...sampleOperations(context),
  ...measurementOperations(context),
  ...csvOperations(context),
  ...tariffOperations(context),
  ...tokenOperations(context),
];

type Done = (error: Error | null, body?: unknown) => void;

const addBodies = (v1: FastifyInstance): void => {
  // Those of the CitizenWatt API take anything for a login.
  v1.removeAllContentTypeParsers();
  const whole = { parseAs: 'string', bodyLimit: BODY_LIMIT } as const;
  v1.addContentTypeParser('application/json', whole, (_request: FastifyRequest, body: string, done: Done) => {
    try {
      done(null, JSON.parse(body));
    } catch (error) {
      done(new RequestRefused(400, 'bad-body', `The body is no JSON: ${messageOf(error)}.`));
    }
  });
  v1.addContentTypeParser(
    'application/x-ndjson',
    whole,
    (_request: FastifyRequest, body: string, done: Done) => done(null, body),
  );
  // A file of any length: read as it comes.
  v1.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));
};

/** Adds `/api/v1` to a server. */
export const addV1 = async (
  app: FastifyInstance,
  { context, access, onFailure }: V1Options,
): Promise<void> => {
  const operations = operationsOf(context);
  const document = openApiOf(operations);
  await app.register(
    async (v1) => {
      addBodies(v1);
      v1.setErrorHandler(async (error, request, reply) => {
        if (failureOf(error).status >= 500) onFailure(`${request.method} ${request.url}`, error);
        return await sendProblem(error, request, reply);
      });
      v1.setNotFoundHandler((request, reply) => sendProblem(notFound(request.url), request, reply));
      for (const described of operations) addOperation(v1, access, described);
      v1.get('/openapi.json', async () => document);
      await v1.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
      await v1.register(swaggerUi, { routePrefix: '/docs', staticCSP: POLICY });
    },
    { prefix: BASE },
  );
};
