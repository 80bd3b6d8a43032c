/** Asking an HTTP server what nobody should, and judging how it answers. */
import { type Agent, request } from 'node:http';
import { connect } from 'node:net';
import { DaiseeError } from '@daisee/units';
import type { HostileRequest } from './requests.ts';

export interface HttpReply {
  readonly status: number;
  readonly type: string;
  /** Empty for a stream that goes on: it is left once it has begun. */
  readonly text: string;
}

/** An answer that is no refusal in words. */
class UntypedAnswer extends DaiseeError {
  constructor(asked: HostileRequest, reply: HttpReply, why: string) {
    super({
      code: 'fuzz.answer',
      message: `${asked.method} ${asked.path} was answered ${reply.status} ${reply.type} ${JSON.stringify(reply.text.slice(0, 300))}: ${why}.`,
      retryable: false,
    });
  }
}

const send = (url: string, asked: HostileRequest, agent: Agent): Promise<HttpReply | undefined> =>
  new Promise((resolve, reject) => {
    const { method, path, headers, body } = asked;
    const given = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request(url + path, { method, agent, headers: { ...headers, ...given } }, (response) => {
      const { statusCode: status = 0 } = response;
      const type = response.headers['content-type'] ?? '';
      if (type.startsWith('text/event-stream')) {
        resolve({ status, type, text: '' });
        sent.destroy();
        return;
      }
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status, type, text }));
      response.on('error', reject);
    });
    // A kept connection that the server has closed meanwhile says nothing about this request.
    sent.on('error', (error) => (sent.reusedSocket ? resolve(undefined) : reject(error)));
    sent.end(body);
  });

/** Sends a request and reads the answer. */
export const ask = async (url: string, asked: HostileRequest, agent: Agent): Promise<HttpReply> => {
  for (;;) {
    const reply = await send(url, asked, agent);
    if (reply) return reply;
  }
};

const fieldsOf = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/**
 * Lets an answer pass that is the operation's, or a refusal as the API words them: JSON with a stable `code` of the
 * room, and RFC 9457 where `problems` says so. A 500 never passes; a 503 does when it says why.
 * @throws UntypedAnswer
 */
export const checkProblem = (
  asked: HostileRequest,
  reply: HttpReply,
  { room, problems = true }: { readonly room: string; readonly problems?: boolean },
): void => {
  const { status, type, text } = reply;
  // 431 is HTTP's own word for a head that is too long, before any API has seen it.
  if (status < 400 || status === 431) return;
  const wrong = (why: string) => new UntypedAnswer(asked, reply, why);
  if (status >= 500 && status !== 503) throw wrong('a fault of the server');
  if (asked.method === 'HEAD') return;
  const fields = fieldsOf(text);
  if (!fields) throw wrong('a refusal is JSON');
  // The health of a part is no refusal.
  if (status === 503 && typeof fields['code'] !== 'string' && type.startsWith('application/json')) return;
  if (problems && !type.startsWith('application/problem+json'))
    throw wrong('a refusal is a problem (RFC 9457)');
  const { code } = fields;
  if (typeof code !== 'string' || !/^[a-z]+\.[a-zA-Z.-]+$/.test(code))
    throw wrong(`a refusal has a stable code, like ${room}.bad-request`);
  if (text.length > 20_000) throw wrong('a refusal is short');
};

/** Writes bytes to a port and closes this side; resolves with what came back when the other side has closed. */
export const sendBytes = (port: number, bytes: Uint8Array): Promise<string> =>
  new Promise((resolve) => {
    let reply = '';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      reply += text;
    });
    // A reset is an answer as well: nobody is owed more.
    socket.on('error', () => resolve(reply));
    socket.on('close', () => resolve(reply));
    socket.on('connect', () => socket.end(bytes));
  });
