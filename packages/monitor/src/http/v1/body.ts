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

const tooMany = (): RequestRefused =>
  new RequestRefused(413, 'monitor.too-large', `More than ${MOST_SAMPLES} samples: send fewer at once.`);

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
export const jsonOf = (text: string): unknown => {
  if (text.length > SHORT && isTooDeep(text))
    throw new RequestRefused(
      400,
      'monitor.bad-body',
      `The body has lists or objects more than ${DEEPEST} deep.`,
    );
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestRefused(400, 'monitor.bad-body', `The body is no JSON: ${messageOf(error)}.`);
  }
};

/** One sample or a list of them. @throws RequestRefused (413) for too many. */
export const givenOfJson = (body: unknown): readonly Given[] => {
  const values: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (values.length > MOST_SAMPLES) throw tooMany();
  return values.map((value, index) => ({ place: { index }, value }));
};

/** The lines of a text that are not blank, with their numbers from 1. @throws RequestRefused (413) for too many. */
export const linesOf = function* (text: string): Generator<readonly [number, string]> {
  let count = 0;
  let number = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    number++;
    start = end < 0 ? text.length : end + 1;
    if (line === '') continue;
    if (++count > MOST_SAMPLES) throw tooMany();
    yield [number, line];
  }
};
