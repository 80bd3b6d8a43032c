/**
 * An operation of an API says once what it takes and gives; the same shapes check its requests and describe it in the
 * OpenAPI document.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Fault } from './problem.ts';
import { RequestRefused } from './refused.ts';

export const JSON_TYPE = 'application/json';

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
  /** Under the API's base, parameters as `:id`. */
  readonly path: string;
  readonly group: string;
  readonly summary: string;
  readonly description?: string;
  /** What a token needs; undefined for what everybody may ask. */
  readonly scope: string | undefined;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** Of the JSON body. */
  readonly body?: z.ZodType<B>;
  /** By media type, where a body may be other than JSON. Without `body` and `bodies` none is read. */
  readonly bodies?: Readonly<Record<string, Taken<B>>>;
  /** By status; the first is the usual one. */
  readonly answers: Readonly<Record<number, Content>>;
  /** An answer that goes on while the connection lasts. */
  readonly isEndless?: boolean;
  readonly answer: (asked: Asked<P, Q, B>) => unknown;
}

/** An operation whose own types are checked and forgotten. */
export interface Described extends Omit<Operation<unknown, unknown, unknown>, 'answer' | 'body'> {
  /** Refuses a body of a type that is not taken, before it is read; `room` names the codes of refusals. */
  readonly checkType: (room: string, request: FastifyRequest) => void;
  /** Answers a request. */
  readonly ask: (room: string, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

/** Checks a part of a request. @throws RequestRefused (400) that names each field. */
const parsed = <T>(room: string, shape: z.ZodType<T>, what: string, value: unknown): T => {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const errors: readonly Fault[] = result.error.issues.map(({ path, message }) => ({
    path: [what, ...path].join('.'),
    message,
  }));
  const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new RequestRefused(400, `${room}.bad-request`, `${text}.`, { errors });
};

const nothing = z.strictObject({}).optional();

/**
 * How a request's body is taken: in one of the types that are. Browsers ask before they send JSON to another site, so a
 * page elsewhere cannot change anything. @throws RequestRefused (415) that names them
 */
const takenOf = (
  room: string,
  bodies: NonNullable<Described['bodies']>,
  request: FastifyRequest,
): Taken<unknown> => {
  const { method, headers, routeOptions } = request;
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const taken = Object.hasOwn(bodies, type) ? bodies[type] : undefined;
  if (taken) return taken;
  throw new RequestRefused(
    415,
    `${room}.media-type`,
    `${method} ${routeOptions.url} takes ${Object.keys(bodies).join(' or ')}, not ${JSON.stringify(type)}: say it in Content-Type.`,
  );
};

/** Makes an operation out of its description. */
export const operation = <P = undefined, Q = undefined, B = undefined>(
  given: Operation<P, Q, B>,
): Described => {
  const { answer, body: json, ...described } = given;
  const bodies = given.bodies ?? (json && { [JSON_TYPE]: { shape: json } });
  const usual = Number(Object.keys(given.answers)[0] ?? 200);
  return {
    ...described,
    ...(bodies ? { bodies } : {}),
    checkType: (room, request) => void (bodies && takenOf(room, bodies, request)),
    ask: async (room, request, reply) => {
      const params = parsed<unknown>(room, given.params ?? z.unknown(), 'path', request.params);
      const query = parsed<unknown>(room, given.query ?? nothing, 'query', request.query);
      const body: unknown =
        bodies && parsed(room, takenOf(room, bodies, request).shape, 'body', request.body);
      void reply.code(usual);
      return await answer({ params, query, body, request, reply } as Asked<P, Q, B>);
    },
  };
};
