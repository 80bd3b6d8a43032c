/** Bodies of samples, taken apart: how many there are is known before anything is made of them. */
import { RequestRefused } from '@daisee/http';
import { messageOf } from '@daisee/units';
import type { Fault } from './problem.ts';

/** As many as 10 MB hold when each says its instant in milliseconds and its power. */
const MOST_SAMPLES = 350_000;
/** Lists and objects inside one another: nothing that is asked here has more than three. */
const DEEPEST = 16;
/** Texts up to here are parsed as they are: their depth costs nothing. */
const SHORT = 64 * 1024;

/** A sample that came, and where it stood. */
export interface Given {
  readonly place: Pick<Fault, 'index' | 'line'>;
  readonly value: unknown;
}

/** @throws RequestRefused (413) for too many. */
export const checkCount = (count: number): void => {
  if (count > MOST_SAMPLES) throw tooMany();
};

const tooMany = (): RequestRefused =>
  new RequestRefused(413, 'monitor.too-large', `More than ${MOST_SAMPLES} samples: send fewer at once.`);

const tooDeep = (): RequestRefused =>
  new RequestRefused(400, 'monitor.bad-body', `The body has lists or objects more than ${DEEPEST} deep.`);

/** True when brackets are open inside brackets too often; those in texts count, too, since no field here has any. */
const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // [ and {, ] and }
    if (code === 0x5b || code === 0x7b) {
      if (++depth > DEEPEST) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
};

/** Parses JSON; what nests without end would take a hundred times its size. @throws RequestRefused (400) */
const jsonOf = (text: string): unknown => {
  if (text.length > SHORT && isTooDeep(text)) throw tooDeep();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestRefused(400, 'monitor.bad-body', `The body is no JSON: ${messageOf(error)}.`);
  }
};

/**
 * A list that is taken apart piece by piece; a class, so that no body can pretend to be one. As the bytes that came: as
 * text it would be in memory twice, and in V8's heap, which keeps what it once had.
 */
export class LongList {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

const isSpace = (code: number | undefined): boolean =>
  code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;

const beginsList = (bytes: Buffer): boolean => {
  let at = 0;
  while (isSpace(bytes[at])) at++;
  return bytes[at] === 0x5b;
};

/** What a body of JSON becomes: a value, or a list that is too long to be one at once. @throws RequestRefused (400) */
export const bodyOfJson = (bytes: Buffer): unknown =>
  bytes.length > SHORT && beginsList(bytes) ? new LongList(bytes) : jsonOf(bytes.toString());

/** Bytes of a list that are parsed at once: others get their turn in between, and V8's young generation takes it. */
const PIECE = 16 * 1024;

const noJson = (why: string): RequestRefused =>
  new RequestRefused(400, 'monitor.bad-body', `The body is no JSON: ${why}.`);

/** The items of a JSON list, piece by piece: as many as `JSON.parse` of it all would give. @throws RequestRefused (400) */
export const itemsOf = function* (
  { bytes }: LongList,
  size = PIECE,
): Generator<{ readonly first: number; readonly values: readonly unknown[] }> {
  const open = bytes.indexOf(0x5b);
  let count = 0;
  const parse = (start: number, end: number): { first: number; values: readonly unknown[] } => {
    const first = count;
    let values: readonly unknown[];
    try {
      values = JSON.parse(`[${bytes.toString('utf8', start, end)}]`) as readonly unknown[];
    } catch (error) {
      throw noJson(`after item ${first}, ${messageOf(error)}`);
    }
    count += values.length;
    return { first, values };
  };
  const isBlank = (from: number, to: number): boolean => {
    for (let i = from; i < to; i++) if (!isSpace(bytes[i])) return false;
    return true;
  };
  let depth = 1;
  let start = open + 1;
  // What JSON is made of is ASCII, and no byte of another character (UTF-8) looks like it.
  for (let i = start; i < bytes.length; i++) {
    const code = bytes[i];
    // A text goes on to the next quotation mark before which there is no odd number of backslashes.
    if (code === 0x22) {
      for (i++; i < bytes.length && bytes[i] !== 0x22; i++) if (bytes[i] === 0x5c) i++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > DEEPEST) throw tooDeep();
    } else if (code === 0x5d || code === 0x7d) {
      if (--depth > 0) continue;
      if (code !== 0x5d || !isBlank(i + 1, bytes.length)) throw noJson('more than one list');
      const isEmpty = isBlank(start, i);
      if (isEmpty && count > 0) throw noJson('a comma before the end of the list');
      if (!isEmpty) yield parse(start, i);
      return;
    } else if (code === 0x2c && depth === 1 && i - start >= size) {
      yield parse(start, i);
      start = i + 1;
    }
  }
  throw noJson('the list does not end');
};

/** One sample or a list of them. @throws RequestRefused (413) for too many. */
export const givenOfJson = (body: unknown): readonly Given[] => {
  const values: readonly unknown[] = Array.isArray(body) ? body : [body];
  checkCount(values.length);
  return values.map((value, index) => ({ place: { index }, value }));
};

/** The lines of a body that are not blank, with their numbers from 1. @throws RequestRefused (413) for too many. */
export const linesOf = function* (bytes: Buffer): Generator<readonly [number, string]> {
  let count = 0;
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const line = bytes.toString('utf8', start, end < 0 ? bytes.length : end).trim();
    number++;
    start = end < 0 ? bytes.length : end + 1;
    if (line === '') continue;
    checkCount(++count);
    yield [number, line];
  }
};
