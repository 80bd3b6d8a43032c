import { hostile, hostileText, nearly, type Speaker, serveAnswers } from '@daisee/fuzz';
import { Duration } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Endpoint, openEndpoint } from '../../src/endpoint.ts';
import { createRpc, type Rpc, RpcRefused } from '../../src/rpc.ts';

describe('what answers as a chain', () => {
  let liar: Speaker;
  let rpc: Rpc;
  beforeAll(async () => {
    liar = await serveAnswers();
    rpc = createRpc({ url: liar.url, timeout: Duration(5000) });
  });
  afterAll(async () => {
    rpc.close();
    await liar.close();
  });

  hostile('is believed only where it says JSON-RPC with our number', {
    input: fc.tuple(
      nearly(
        { jsonrpc: '2.0', id: '$', result: '0x1' },
        { jsonrpc: '2.0', id: '$', error: { code: -32000, message: 'no', data: '0x' } },
        [
          { jsonrpc: '2.0', id: '$', result: null },
          { id: '$+', result: {} },
        ],
      ),
      fc.constantFrom(200, 200, 200, 400, 429, 500, 302),
      fc.integer({ min: 1, max: 3 }),
    ),
    feed: async ([text, status, calls]) => {
      liar.answer = (_request, response, body) => {
        const first = /"id":(\d+)/.exec(body)?.[1] ?? '0';
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(text.replaceAll('"$"', first).replaceAll('"$+"', String(Number(first) + 1)));
      };
      const asked = await Promise.allSettled(Array.from({ length: calls }, () => rpc.request('eth_x', [])));
      const refused = asked.find((one) => one.status === 'rejected');
      if (refused) throw refused.reason;
    },
  });
});

describe('the chain’s own port', () => {
  let endpoint: Endpoint;
  beforeAll(async () => {
    endpoint = await openEndpoint({
      host: '127.0.0.1',
      port: 0,
      answer: async (method, params) => {
        if (params.length > 3) throw new RpcRefused(method, { code: -32602, message: 'too many' });
        return '0x1';
      },
    });
  });
  afterAll(() => endpoint.close());

  hostile('answers each call with a result or a JSON-RPC error', {
    input: fc.oneof(
      nearly({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: '0x' }, 'latest'] }, [
        { jsonrpc: '2.0', id: 1, method: 'anvil_setBalance', params: [] },
        { jsonrpc: '2.0', id: 2, method: 'eth_sendRawTransaction', params: ['0x'] },
      ]),
      hostileText,
    ),
    feed: async (body) => {
      const response = await fetch(endpoint.url, { method: 'POST', body: body.toWellFormed() });
      expect(response.status).toBe(200);
      const said: unknown = await response.json();
      for (const one of Array.isArray(said) ? said : [said])
        expect('result' in Object(one) || 'error' in Object(one)).toBe(true);
    },
  });
});
