/** Operations on a Fastify server: under their base, described and browsable, with problems for errors. */
import type { StaticDocumentSpec } from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ApiDescription, openApiOf } from './openapi.ts';
import type { Described } from './operation.ts';
import { type ProblemOptions, sendProblems } from './problem.ts';

export interface ApiOptions extends ProblemOptions {
  readonly description: ApiDescription;
  readonly operations: readonly Described[];
  /** Lets pass who has that scope; throws for others. Called before the body is read. */
  readonly admit: (scope: string, request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Says how bodies are read, where JSON as Fastify reads it is not all. */
  readonly addBodies?: (api: FastifyInstance) => void;
}

/** Nothing on the page comes from elsewhere; Swagger UI sets styles by script. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Adds the operations, `openapi.json` and `docs` below the base of their description. */
export const addApi = async (app: FastifyInstance, options: ApiOptions): Promise<void> => {
  const { room, description, operations, admit, addBodies } = options;
  const document = openApiOf(description, operations);
  // Who only logs in to a device needs neither.
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  await app.register(
    async (api) => {
      addBodies?.(api);
      sendProblems(api, { docs: `${description.base}/docs`, ...options });
      for (const { method, path, scope, isEndless, ask } of operations)
        api.route({
          method,
          url: path,
          // Before the body is read: who may not send it should not.
          ...(scope === undefined
            ? {}
            : {
                onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
                  await admit(scope, request, reply);
                },
              }),
          exposeHeadRoute: isEndless !== true,
          handler: (request, reply) => ask(room, request, reply),
        });
      api.get('/openapi.json', async () => document);
      await api.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
      await api.register(swaggerUi, { routePrefix: '/docs', staticCSP: POLICY });
    },
    { prefix: description.base },
  );
};
