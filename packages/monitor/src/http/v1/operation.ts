/**
 * What `/api/v1` can be asked. Each operation says once what it takes and gives; the same shapes check its requests
 * and describe it in the OpenAPI document.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Scope } from '../../tokens/token.ts';
import type { Access } from '../access.ts';
import { RequestRefused } from '../refusals.ts';
import type { Fault } from './problem.ts';

export const BASE = '/api/v1';

interface Content {
  readonly description: string;
  /** `application/json` unless another is given. */
  readonly type?: string;
  /** None for an answer without a body. */
  readonly shape?: z.ZodType;
}

interface Taken<B> {
  readonly shape: z.ZodType<B>;
  /** What the document says where the shape alone cannot say it. */
  readonly described?: z.ZodType;
}

interface Asked<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Operation<P, Q, B> {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Under `/api/v1`, parameters as `:id`. */
  readonly path: string;
  readonly group: string;
  readonly summary: string;
  readonly description?: string;
  /** What a token needs; undefined for what everybody may read. */
  readonly scope: Scope | undefined;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** By media type. */
  readonly body?: Readonly<Record<string, Taken<B>>>;
  /** By status; the first is the usual one. */
  readonly answers: Readonly<Record<number, Content>>;
  /** An answer that goes on while the connection lasts. */
  readonly endless?: boolean;
  readonly answer: (asked: Asked<P, Q, B>) => unknown;
}

/** An operation whose own types are checked and forgotten. */
export interface Described extends Omit<Operation<unknown, unknown, unknown>, 'answer'> {
  readonly ask: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

const faultsOf = (error: z.ZodError, what: string): readonly Fault[] =>
  error.issues.map(({ path, message }) => ({ path: [what, ...path].join('.'), message }));

/** Checks a part of a request. @throws RequestRefused (400) that names each field. */
const parsed = <T>(shape: z.ZodType<T>, what: string, value: unknown): T => {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const errors = faultsOf(result.error, what);
  const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new RequestRefused(400, 'bad-request', `${text}.`, { errors });
};

const nothing = z.strictObject({}).optional();

const bodyOf = <B>(
  { body, method, path }: Pick<Operation<unknown, unknown, B>, 'body' | 'method' | 'path'>,
  request: FastifyRequest,
): unknown => {
  if (!body) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const taken = body[type];
  if (!taken)
    throw new RequestRefused(
      415,
      'media-type',
      `${method} ${BASE}${path} takes ${Object.keys(body).join(' or ')}, not ${JSON.stringify(type)}: say it in Content-Type.`,
    );
  return parsed(taken.shape, 'body', request.body);
};

/** Makes an operation out of its description. */
export const operation = <P = undefined, Q = undefined, B = undefined>(
  given: Operation<P, Q, B>,
): Described => {
  const { answer, ...described } = given;
  const usual = Number(Object.keys(given.answers)[0] ?? 200);
  return {
    ...described,
    ask: async (request, reply) => {
      const params = parsed<unknown>(given.params ?? z.unknown(), 'path', request.params);
      const query = parsed<unknown>(given.query ?? nothing, 'query', request.query);
      const body = bodyOf(given, request);
      void reply.code(usual);
      return await answer({ params, query, body, request, reply } as Asked<P, Q, B>);
    },
  };
};

export const addOperation = (app: FastifyInstance, access: Access, described: Described): void => {
  const { method, path, scope, endless, ask } = described;
  app.route({
    method,
    url: path,
    // Before the body is read: who may not send it should not.
    ...(scope === undefined ? {} : { onRequest: access.toV1(scope) }),
    exposeHeadRoute: endless !== true,
    handler: ask,
  });
};
