/** Operations on a Fastify server: under their base, described and browsable, with problems for errors. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Docs, openDocs } from './docs.ts';
import { type ApiDescription, type OpenApi, openApiOf } from './openapi.ts';
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

/** Adds the operations, `openapi.json` and `docs` below the base of their description. */
export const addApi = async (app: FastifyInstance, options: ApiOptions): Promise<void> => {
  const { room, description, operations, admit, addBodies } = options;
  const prefix = `${description.base}/docs`;
  let document: OpenApi | undefined;
  let docs: Promise<Docs> | undefined;
  const documentOf = (): OpenApi => {
    document ??= openApiOf(description, operations);
    return document;
  };
  const show = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    docs ??= openDocs(documentOf(), prefix, options);
    const { answer } = await docs;
    reply.hijack();
    answer(request.raw, reply.raw);
  };
  app.addHook('onClose', async () => (await docs)?.close());
  await app.register(
    async (api) => {
      addBodies?.(api);
      sendProblems(api, { docs: prefix, ...options });
      for (const { method, path, scope, isEndless, checkType, ask } of operations)
        api.route({
          method,
          url: path,
          // Before the body is read: who may not send it should not.
          onRequest: async (request, reply) => {
            if (scope !== undefined) await admit(scope, request, reply);
            checkType(room, request);
          },
          exposeHeadRoute: isEndless !== true,
          handler: (request, reply) => ask(room, request, reply),
        });
      api.get('/openapi.json', async () => documentOf());
      api.get('/docs', show);
      api.get('/docs/*', show);
    },
    { prefix: description.base },
  );
};
