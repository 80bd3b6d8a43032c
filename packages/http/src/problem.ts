/** Errors as problem documents (RFC 9457). */
import { STATUS_CODES } from 'node:http';
import { DaiseeError, messageOf } from '@daisee/units';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { RequestRefused } from './refused.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** One thing that is wrong with a request. */
export const faultShape = z.object({
  /** Where: `query.from`, `body.channels`. */
  path: z.string(),
  message: z.string(),
});
export type Fault = z.infer<typeof faultShape>;

/**
 * The shape of a room's problem documents.
 * @param example one of its codes
 * @param fault with what the room adds to say where
 */
export const problemShapeOf = <F extends z.ZodType = typeof faultShape>(example: string, fault?: F) =>
  z.object({
    type: z.literal('about:blank').describe('The status says the kind, the code which one of ours it is'),
    title: z.string().describe('The name of the status'),
    status: z.number().int(),
    detail: z.string().describe('What, where, expected, what to do'),
    instance: z.string().describe('The address that was asked'),
    code: z.string().describe(`Stable, like ${example}`),
    errors: z
      .array((fault ?? faultShape) as F)
      .optional()
      .describe('The first things that are wrong with the request'),
  });

export const problemShape = problemShapeOf('relay.two-sources');
export type Problem = z.infer<typeof problemShape>;

type ErrorClass = abstract new (...parameters: never[]) => DaiseeError;

/** Errors by status, as classes or as codes. Others are 503 where trying again may help, and 500. */
export type Statuses = readonly (readonly [status: number, errors: readonly (ErrorClass | string)[]])[];

/** What a room's errors become for its clients. */
export interface FailureRules {
  /** Names the codes of what is none of our errors: `relay.bad-request`. */
  readonly room: string;
  readonly statuses?: Statuses;
  /** Seconds after which trying again may help, by status, where an error does not say them (`retryAfter`). */
  readonly pauses?: Readonly<Record<number, number>>;
  /** Where to read how to ask, like `/api/v1/docs`. */
  readonly docs?: string;
}

/** An error as a client hears of it. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds until trying again may help. */
  readonly retryAfter?: number;
}

const statusOf = (error: unknown, statuses: Statuses): number => {
  if (error instanceof RequestRefused) return error.status;
  if (error instanceof DaiseeError) {
    for (const [status, errors] of statuses)
      if (errors.some((one) => (typeof one === 'string' ? error.code === one : error instanceof one)))
        return status;
    return error.retryable ? 503 : 500;
  }
  const given = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  if (typeof given === 'number' && given >= 400 && given < 500) return given;
  return error instanceof SyntaxError ? 400 : 500;
};

/** What is said of anything thrown: of our own faults nothing of the inside. */
export const failureOf = (error: unknown, rules: FailureRules): Failure => {
  const { room, statuses = [], pauses = {}, docs = 'the documentation' } = rules;
  const status = statusOf(error, statuses);
  if (error instanceof DaiseeError) {
    const { retryAfter = pauses[status] } = error.values as { retryAfter?: number };
    return {
      status,
      code: error.code,
      message: error.message,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  }
  if (status >= 500)
    return { status, code: `${room}.failed`, message: `The ${room} failed; its log says why.` };
  // What Fastify refuses by itself.
  if (status === 413)
    return { status, code: `${room}.too-large`, message: 'The body is too large: send less at once.' };
  if (status === 415)
    return {
      status,
      code: `${room}.media-type`,
      message: `A body of that Content-Type is not taken here: see ${docs}.`,
    };
  return { status, code: `${room}.bad-request`, message: messageOf(error) };
};

/** Characters of an answer that come from the question: it may have any length. */
const LONGEST_TOLD = 1000;
/** Faults of a request that are told. */
const MOST_TOLD = 20;

const cut = (text: string): string => (text.length > LONGEST_TOLD ? `${text.slice(0, LONGEST_TOLD)}…` : text);

const told = (faults: readonly Fault[]): readonly Fault[] =>
  faults.slice(0, MOST_TOLD).map((one) => ({ ...one, path: cut(one.path), message: cut(one.message) }));

/** The problem document of anything thrown. */
export const problemOf = (error: unknown, url: string, rules: FailureRules): Problem => {
  const { status, code, message } = failureOf(error, rules);
  const faults = error instanceof RequestRefused ? error.values['errors'] : undefined;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: cut(message),
    instance: cut(url),
    code,
    ...(Array.isArray(faults) ? { errors: told(faults as Fault[]) as Fault[] } : {}),
  };
};

/** Sets what a failure says of itself in the head of its answer: the status and, where it knows, when to come again. */
export const headOf = (reply: FastifyReply, { status, retryAfter }: Failure): FastifyReply => {
  if (retryAfter !== undefined) void reply.header('Retry-After', String(retryAfter));
  return reply.code(status);
};

export interface ProblemOptions extends FailureRules {
  /** What is said of an address at which there is nothing. */
  readonly notFound?: (url: string) => RequestRefused;
  /** Hears of requests that failed by our own fault. */
  readonly onFailure?: (request: string, error: unknown) => void;
}

/**
 * Answers what the router itself refuses, before any route: an address that is none, a part of one that is too long.
 * For Fastify's option `frameworkErrors`.
 */
export const routerProblems =
  (rules: FailureRules) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    void headOf(reply, failureOf(error, rules))
      .type(PROBLEM_TYPE)
      .send(JSON.stringify(problemOf(error, request.url, rules)));
  };

/** Answers every error of `app` as a problem document. */
export const sendProblems = (app: FastifyInstance, options: ProblemOptions): void => {
  const { room, docs = 'the documentation', onFailure } = options;
  const {
    notFound = (url) =>
      new RequestRefused(404, `${room}.not-found`, `There is nothing at ${url}: see ${docs}.`),
  } = options;
  const send = async (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const failure = failureOf(error, options);
    if (failure.status >= 500) onFailure?.(`${request.method} ${request.url}`, error);
    const problem = problemOf(error, request.url, options);
    return await headOf(reply, failure).type(PROBLEM_TYPE).send(JSON.stringify(problem));
  };
  app.setErrorHandler(send);
  app.setNotFoundHandler((request, reply) => send(notFound(request.url), request, reply));
};
