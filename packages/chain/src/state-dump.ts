/**
 * anvil's state (`anvil_dumpState`), written to a file as it comes: as text in memory it would be several times its
 * size, which a long chain's process would never give back.
 */
import type { FileHandle } from 'node:fs/promises';
import http from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DaiseeError, Duration, messageOf } from '@daisee/units';
import { ChainAnswer, ChainUnreachable } from './rpc.ts';

const METHOD = 'anvil_dumpState';
const BODY = JSON.stringify({ jsonrpc: '2.0', id: 1, method: METHOD, params: [] });
/** Silence after which anvil is given up, in the machine's own time: a small machine packs a long chain for a while. */
const SILENCE = Duration(120_000);
/** The result begins within so many characters of the answer. */
const LONGEST_HEAD = 1024;
const BEGINNING = /"result"\s*:\s*"0x/;

/** Out of a JSON-RPC answer with hexadecimal bytes for its result, those bytes. @throws ChainAnswer */
export const hexResult = (url: string): Transform => {
  let head = '';
  let odd = '';
  let place: 'head' | 'result' | 'after' = 'head';
  const wrong = (got: string) => new ChainAnswer(url, METHOD, 'a state in hexadecimal', got);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let text = chunk.toString('latin1');
      if (place === 'head') {
        head += text;
        const found = BEGINNING.exec(head);
        if (!found) return done(head.length > LONGEST_HEAD ? wrong(head) : null);
        place = 'result';
        text = head.slice(found.index + found[0].length);
      }
      if (place === 'after') return done();
      const end = text.indexOf('"');
      if (end >= 0) place = 'after';
      const digits = odd + (end < 0 ? text : text.slice(0, end));
      const whole = digits.length - (digits.length % 2);
      odd = digits.slice(whole);
      const bytes = Buffer.from(digits.slice(0, whole), 'hex');
      // Decoding ends at the first character that is no digit.
      if (2 * bytes.length < whole) return done(wrong(digits.slice(2 * bytes.length)));
      done(null, bytes);
    },
    flush(done) {
      done(place === 'after' && odd === '' ? null : wrong(head.slice(0, LONGEST_HEAD)));
    },
  });
};

/** Asks the anvil there for its state and writes it, gzipped as it comes. @throws ChainUnreachable, ChainAnswer */
export const dumpState = async (url: string, file: FileHandle): Promise<void> => {
  try {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = http.request(
        url,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) },
        },
        resolve,
      );
      request.setTimeout(SILENCE, () =>
        request.destroy(new ChainUnreachable(url, `no answer in ${SILENCE / 1000} s`)),
      );
      request.on('error', reject);
      request.end(BODY);
    });
    await pipeline(response, hexResult(url), async (bytes: AsyncIterable<Buffer>) => {
      for await (const some of bytes) await file.appendFile(some);
    });
  } catch (error) {
    if (error instanceof DaiseeError) throw error;
    throw new ChainUnreachable(url, messageOf(error), error);
  }
};
