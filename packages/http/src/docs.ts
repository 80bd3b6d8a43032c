/** The browsable page of an API: a server of its own without a port, made when somebody first looks at it. */
import type { StaticDocumentSpec } from '@fastify/swagger';
import fastify, { type FastifyInstance, type RawServerDefault } from 'fastify';
import type { OpenApi } from './openapi.ts';
import { type ProblemOptions, sendProblems } from './problem.ts';

/** Nothing on the page comes from elsewhere; Swagger UI sets styles by script. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

export interface Docs {
  /** Answers a request to the page or to anything below it. */
  readonly answer: (...about: Parameters<FastifyInstance['routing']>) => void;
  close(): Promise<void>;
}

/** @param prefix the address of the page, like `/api/v1/docs` */
export const openDocs = async (
  document: OpenApi,
  prefix: string,
  problems: ProblemOptions,
): Promise<Docs> => {
  // A monitor or a relay hardly ever shows it; what it loads would stay in memory for good.
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const app = fastify<RawServerDefault>();
  sendProblems(app, { docs: prefix, ...problems });
  await app.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
  await app.register(swaggerUi, { routePrefix: prefix, staticCSP: POLICY });
  await app.ready();
  return { answer: (request, response) => app.routing(request, response), close: () => app.close() };
};
