import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChainAnswer } from '../src/index.ts';
import { hexResult } from '../src/state-dump.ts';

const bytesOf = async (pieces: readonly string[]): Promise<Buffer> => {
  const taken: Buffer[] = [];
  await pipeline(
    Readable.from(pieces.map((piece) => Buffer.from(piece))),
    hexResult('http://127.0.0.1:1'),
    async (bytes: AsyncIterable<Buffer>) => {
      for await (const some of bytes) taken.push(some);
    },
  );
  return Buffer.concat(taken);
};

test('a state comes out whole however its answer is cut', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat({ max: 500 }), { maxLength: 8 }),
      async (state, cuts) => {
        const answer = `{"jsonrpc":"2.0","id":1,"result":"0x${Buffer.from(state).toString('hex')}"}`;
        const places = [0, ...cuts.filter((cut) => cut < answer.length).toSorted((a, b) => a - b)];
        const pieces = places.map((from, index) => answer.slice(from, places[index + 1])).filter(Boolean);
        expect(await bytesOf(pieces)).toEqual(Buffer.from(state));
      },
    ),
  ));

test.each([
  ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}'],
  ['what is no state', `{"jsonrpc":"2.0","id":1,"result":${JSON.stringify({ no: 'x'.repeat(3000) })}}`],
  ['a state that ends early', '{"jsonrpc":"2.0","id":1,"result":"0x1f8b08'],
  ['half a byte', '{"jsonrpc":"2.0","id":1,"result":"0x1f8"}'],
  ['what is not hexadecimal', '{"jsonrpc":"2.0","id":1,"result":"0x1fzz08"}'],
  ['nothing', ''],
])('%s for a state is refused', async (_, answer) => {
  await expect(bytesOf([answer])).rejects.toThrow(ChainAnswer);
});
