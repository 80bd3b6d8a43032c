/** JSON-RPC on a link: each call of a request, single or batch, may be answered there. */
import type { HttpInstead, HttpSeen, Link } from '../doors.ts';
import { answering } from './lasting.ts';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

/** A result or an error of its own; `silence`: the whole request is never answered; undefined: the chain's own answer. */
export type CallInstead = { readonly result: unknown } | { readonly error: RpcError } | 'silence' | undefined;

interface WireCall extends RpcCall {
  readonly id: unknown;
}

const callOf = (value: unknown): WireCall => {
  const { id, method, params } = (value ?? {}) as Record<string, unknown>;
  return { id, method: String(method), params: Array.isArray(params) ? params : [] };
};

/** The calls of a request; none when it is no JSON-RPC. */
export const callsOf = (request: HttpSeen): readonly WireCall[] => {
  try {
    const body: unknown = JSON.parse(request.body);
    return (Array.isArray(body) ? body : [body]).map(callOf);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
};

const json = (value: unknown): HttpInstead => ({ status: 200, body: JSON.stringify(value) });

/** Answers some calls of a link to the chain; the others of the same batch get the chain's own answers. */
export const answeringCalls = (
  link: Link,
  instead: (call: RpcCall, request: HttpSeen) => CallInstead | Promise<CallInstead>,
): (() => void) =>
  answering(link, async (request) => {
    const isBatch = request.body.trimStart().startsWith('[');
    const answers: unknown[] = [];
    const left: WireCall[] = [];
    for (const call of callsOf(request)) {
      const said = await instead(call, request);
      if (said === 'silence') return 'silence';
      if (said === undefined) left.push(call);
      else answers.push({ jsonrpc: '2.0', id: call.id, ...said });
    }
    if (answers.length === 0) return undefined;
    if (!isBatch) return json(answers[0]);
    if (left.length === 0) return json(answers);
    const rest = await request.pass(JSON.stringify(left.map((call) => ({ jsonrpc: '2.0', ...call }))));
    const others: unknown = JSON.parse(rest.body);
    return json([...answers, ...(Array.isArray(others) ? others : [others])]);
  });

/** One call of the chain itself, past the link. */
export const askChain = async (
  request: HttpSeen,
  method: string,
  params: readonly unknown[],
): Promise<unknown> => {
  const { body } = await request.pass(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  return (JSON.parse(body) as Record<string, unknown>)['result'];
};
