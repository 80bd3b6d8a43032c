import type { FastifyServerOptions } from 'fastify';

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

const compilersFactory = {
  buildValidator: () => () => () => true,
  buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
};

/**
 * For `fastify({ …, ...NO_SCHEMAS })`: operations check their requests by their own shapes, so that the compilers of
 * JSON schemas which Fastify would load (a hundred files, several megabytes) have nothing to do.
 */
export const NO_SCHEMAS = {
  // Its type is that of Ajv's pool of compilers, of which Fastify calls no more than this.
  schemaController: { compilersFactory: compilersFactory as unknown as Compilers },
};
