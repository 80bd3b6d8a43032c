/** A long list that is taken apart piece by piece is what `JSON.parse` makes of it, or refused where that refuses. */
import { RequestRefused } from '@daisee/http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf, LongList } from '../src/http/v1/body.ts';

/** What it makes of a text, in pieces that small; undefined where it refuses. */
const taken = (text: string, size: number): readonly unknown[] | undefined => {
  const all: unknown[] = [];
  try {
    for (const { first, values } of itemsOf(new LongList(Buffer.from(text)), size)) {
      expect(first).toBe(all.length);
      all.push(...values);
    }
    return all;
  } catch (error) {
    if (error instanceof RequestRefused) return undefined;
    throw error;
  }
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const lists = fc.array(fc.jsonValue({ maxDepth: 3, noUnicodeString: false }), { maxLength: 20 });
const sizes = fc.integer({ min: 1, max: 60 });

describe('a long list', () => {
  it('has the items of the whole, whatever its pieces', () => {
    fc.assert(
      fc.property(lists, sizes, fc.constantFrom('', ' ', '\n\t'), (list, size, space) => {
        const text = `${space}${JSON.stringify(list, undefined, space)}${space}`;
        expect(taken(text, size)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('is refused where the whole is no list of JSON: one character more, less or another', () => {
    fc.assert(
      fc.property(
        lists,
        sizes,
        fc.nat(),
        fc.constantFrom('', ',', ']', '[', '}', '{', '"', '\\', '1', ' '),
        fc.boolean(),
        (list, size, place, put, replaces) => {
          const text = JSON.stringify(list);
          const at = 1 + (place % text.length);
          const changed = text.slice(0, at) + put + text.slice(replaces ? at + 1 : at);
          // Half of a character is none once it was sent.
          const whole = parsed(Buffer.from(changed).toString());
          expect(taken(changed, size)).toEqual(Array.isArray(whole) ? whole : undefined);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is refused when it nests without end, before anything of that is parsed', () => {
    expect(taken(`[1, ${'['.repeat(1e6)}`, 64)).toBeUndefined();
    expect(taken(`[${'['.repeat(14)}${']'.repeat(14)}]`, 64)).toHaveLength(1);
  });
});
