import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isRecord } from '../../src/rpc.ts';

/** A server between ledger and chain, that can be away, forget, or lie. */
export interface Gate {
  readonly url: string;
  /** What happens to a call: passed on (undefined), answered so, or cut off (null). */
  answer: (method: string) => unknown;
  /** What is said instead of the chain's own answer, when it has carried the call out; undefined: nothing. */
  after: (method: string) => unknown;
  readonly calls: string[];
  close(): Promise<void>;
}

const gates: Gate[] = [];
/** To be called after each test. */
export const closeGates = async (): Promise<void> => {
  for (const gate of gates.splice(0)) await gate.close();
};

export const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

export const openGate = async (target: string, port = 0): Promise<Gate> => {
  const calls: string[] = [];
  const pass = async (call: unknown): Promise<unknown> => {
    const method = isRecord(call) ? String(call['method']) : '';
    calls.push(method);
    const answer = gate.answer(method);
    if (answer === null) throw new TypeError('cut off');
    if (answer !== undefined)
      return { jsonrpc: '2.0', id: isRecord(call) ? call['id'] : null, ...Object(answer) };
    const response = await fetch(target, {
      method: 'POST',
      body: JSON.stringify(call),
      headers: { 'content-type': 'application/json' },
    });
    const own: unknown = await response.json();
    const instead = gate.after(method);
    return instead === undefined ? own : { ...Object(own), result: undefined, ...Object(instead) };
  };
  const server: Server = createServer((request, response) => {
    void bodyOf(request)
      .then(async (text) => {
        const body: unknown = JSON.parse(text);
        return Array.isArray(body) ? Promise.all(body.map(pass)) : pass(body);
      })
      .then((answer) => response.end(JSON.stringify(answer)))
      .catch(() => request.socket.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const gate: Gate = {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    answer: () => undefined,
    after: () => undefined,
    calls,
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  gates.push(gate);
  return gate;
};
