/** `/api/v1`: its operations, their description, and how bodies and errors look there. */

import type { IncomingMessage } from 'node:http';
import { addApi, type Described } from '@daisee/http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access.ts';
import type { Allowed } from '../allowed.ts';
import { RULES } from '../failures.ts';
import { notFound } from '../refusals.ts';
import { bodyOfJson } from './body.ts';
import type { V1Context } from './context.ts';
import { csvOperations } from './csv.ts';
import { healthOperation } from './health.ts';
import { measurementOperations } from './measurements.ts';
import { pointsOperation } from './points.ts';
import { problemShape } from './problem.ts';
import { sampleOperations } from './samples.ts';
import { sensorOperations } from './sensors.ts';
import { standingOperations } from './standing.ts';
import { tariffOperations } from './tariffs.ts';
import { tokenOperations } from './tokens.ts';
import { wholeBody } from './whole-body.ts';

export const BASE = '/api/v1';

export interface V1Options {
  readonly context: V1Context;
  readonly access: Access;
  readonly onFailure: (request: string, error: unknown) => void;
  readonly allowed: Allowed;
}

/** Bytes of a body that is read whole: about 200,000 samples. */
const BODY_LIMIT = 10 * 1024 * 1024;

const DESCRIPTION = {
  title: 'DAISEE monitor',
  version: '1',
  description:
    'What the meters of a node measured. Instants are Unix milliseconds, and ISO 8601 with a zone where they are asked; power is in watts with the sign of its sensor; energy and registers are watt-hours as decimal text with 6 places (exact).',
  base: BASE,
  security: {
    password: { type: 'http', scheme: 'basic' },
    token: { type: 'http', scheme: 'bearer' },
    session: { type: 'apiKey', in: 'cookie', name: 'daisee_session' },
  },
  problem: problemShape,
};

const operationsOf = (context: V1Context): readonly Described[] => [
  healthOperation(context),
  ...sensorOperations(context),
  ...sampleOperations(context),
  ...measurementOperations(context),
  ...standingOperations(context),
  pointsOperation(context),
  ...csvOperations(context),
  ...tariffOperations(context),
  ...tokenOperations(context),
];

const addBodies = (v1: FastifyInstance): void => {
  // Those of the CitizenWatt API take anything for a login.
  v1.removeAllContentTypeParsers();
  v1.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const bytes = await wholeBody(request, payload, BODY_LIMIT);
    // Many clients name a type with every request, also where they send nothing.
    return request.method === 'DELETE' && bytes.length === 0 ? undefined : bodyOfJson(bytes);
  });
  v1.addContentTypeParser('application/x-ndjson', (request: FastifyRequest, payload: IncomingMessage) =>
    wholeBody(request, payload, BODY_LIMIT),
  );
  // A file of any length: read as it comes.
  v1.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));
};

/** Adds `/api/v1` to a server. */
export const addV1 = (
  app: FastifyInstance,
  { context, access, onFailure, allowed }: V1Options,
): Promise<void> =>
  addApi(app, {
    ...RULES,
    description: DESCRIPTION,
    operations: operationsOf(context),
    admit: (scope, request, reply) => access.toV1(scope)(request, reply),
    addBodies,
    notFound: (url) => notFound(url, allowed),
    onFailure,
  });
