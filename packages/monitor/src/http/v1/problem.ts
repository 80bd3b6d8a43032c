/** Errors of `/api/v1`: problem documents (RFC 9457). */

import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { failureOf } from '../failures.ts';
import { RequestRefused } from '../refusals.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** One thing that is wrong with a request. */
const faultShape = z.object({
  /** Where: `query.from`, or the field of a sample. */
  path: z.string(),
  message: z.string(),
  /** Of the sample in a JSON list, from 0. */
  index: z.number().int().optional(),
  /** Of the body, from 1. */
  line: z.number().int().optional(),
});
export type Fault = z.infer<typeof faultShape>;

export const problemShape = z.object({
  type: z.literal('about:blank').describe('The status says the kind, the code which one of ours it is'),
  title: z.string().describe('The name of the status'),
  status: z.number().int(),
  detail: z.string().describe('What, where, expected, what to do'),
  instance: z.string().describe('The address that was asked'),
  code: z.string().describe('Stable, like monitor.unknown-sensor'),
  errors: z.array(faultShape).optional().describe('The first things that are wrong with the request'),
});
export type Problem = z.infer<typeof problemShape>;

export const problemOf = (error: unknown, url: string): Problem => {
  const { status, code, message } = failureOf(error);
  const faults = error instanceof RequestRefused ? error.values['errors'] : undefined;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance: url,
    code,
    ...(Array.isArray(faults) ? { errors: faults as Fault[] } : {}),
  };
};

export const sendProblem = async (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const problem = problemOf(error, request.url);
  const { retryAfter } = failureOf(error);
  if (retryAfter !== undefined) void reply.header('Retry-After', String(retryAfter));
  return await reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
};
