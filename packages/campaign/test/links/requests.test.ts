import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRequestReader } from '../../src/links/requests.ts';

const inPieces = (text: string, cuts: readonly number[]): Buffer[] => {
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

const plain = (body: string): string =>
  `POST /rpc HTTP/1.1\r\nHost: lab\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chunked = (parts: readonly string[]): string =>
  `POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${parts
    .map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
    .join('')}0\r\n\r\n`;

describe('requests out of a stream', () => {
  it('are whole however the bytes arrive', () => {
    const message = fc.oneof(
      fc.string().map((body) => ({ body, text: plain(body) })),
      fc.array(fc.string({ minLength: 1 })).map((parts) => ({ body: parts.join(''), text: chunked(parts) })),
    );
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.array(fc.nat()), (messages, cuts) => {
        const read = createRequestReader();
        const whole = inPieces(messages.map(({ text }) => text).join(''), cuts).flatMap((piece) =>
          read(piece),
        );
        expect(whole.map((one) => (one instanceof Uint8Array ? one : one.body))).toEqual(
          messages.map(({ body }) => body),
        );
        const bytes = whole.map((one) => (one instanceof Uint8Array ? one : one.bytes));
        expect(Buffer.concat(bytes).toString()).toBe(messages.map(({ text }) => text).join(''));
      }),
    );
  });

  it('that are none are given on as bytes, all of them', () => {
    const read = createRequestReader();
    const text = 'ReadDATA|0, 1\r\n\r\nand more';
    expect(Buffer.concat(read(Buffer.from(text)).map((one) => one as Uint8Array)).toString()).toBe(text);
    expect(read(Buffer.from('later'))).toEqual([Buffer.from('later')]);
  });
});
