/** Inputs that nobody meant well: bytes, texts and values at random, and right ones with something wrong in them. */
import fc from 'fast-check';

/** Words that mean something to somebody between here and there. */
const WORDS: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'then',
  '../../etc/passwd',
  '%00',
  '\0',
  '\r\n',
  '\u2028',
  '\ud800',
  '\ufeff',
  "'; DROP TABLE samples; --",
  '<script>',
  ['$', '{jndi:x}'].join(''),
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  '0x',
  '0x0',
  `0x${'f'.repeat(64)}`,
  `0x${'f'.repeat(65)}`,
  '9'.repeat(400),
  'true',
  'null',
  '2026-11-22T12:00:00Z',
  '-271821-04-19T00:00:00.000000001',
  '+275760-09-13T00:00:00.000000001',
  '1970-01-01',
];

const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-320,
  1e21,
  1e15,
  8.64e12,
  8.64e15,
  8.64e15 + 2,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
  1e300,
  1.7976931348623157e308,
  -1.7976931348623157e308,
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc
    .tuple(fc.constantFrom('a', '[', '{"a":', '\\', '"', '9', '\0', ' '), fc.nat(2000))
    .map(([s, n]) => s.repeat(n)),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.bigInt({ min: 0n, max: 2n ** 260n }).map((n) => `0x${n.toString(16)}`),
);

const scalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, ...NUMBERS),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  hostileText,
);

const nested = (depth: number, kind: 'list' | 'object'): unknown => {
  let value: unknown = null;
  for (let i = 0; i < depth; i++) value = kind === 'list' ? [value] : { a: value };
  return value;
};

/** A value that JSON can write, of any shape. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 5 }) },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 })), scalar, {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(600), fc.constantFrom('list' as const, 'object' as const))
      .map(([depth, kind]) => nested(depth, kind)),
  },
);

export const hostileBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.uint8Array({ minLength: 200, maxLength: 600 }),
  hostileText.map((text) => new Uint8Array(Buffer.from(text))),
);

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string };

const placesOf = (root: Record<string, unknown> | unknown[]): readonly Place[] => {
  const places: Place[] = [];
  const walk = (holder: Record<string, unknown> | unknown[]): void => {
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder, key });
      if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>);
    }
  };
  walk(root);
  return places;
};

interface Wrong {
  readonly how: 'replace' | 'remove' | 'wrap' | 'add' | 'repeat' | 'text' | 'number';
  readonly at: number;
  readonly by: unknown;
  readonly name: string;
}

const wrongs: fc.Arbitrary<readonly Wrong[]> = fc.array(
  fc.record({
    how: fc.constantFrom<Wrong['how'][]>(
      'replace',
      'replace',
      'remove',
      'wrap',
      'add',
      'repeat',
      'text',
      'number',
    ),
    at: fc.nat(10_000),
    by: hostileJson,
    name: hostileText,
  }),
  { minLength: 0, maxLength: 3 },
);

const put = (holder: Place['holder'], key: string, value: unknown): void => {
  // Also under a name like __proto__, as JSON.parse does.
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
};

const goWrong = (root: { it: unknown }, { how, at, by, name }: Wrong): void => {
  const places = placesOf(root);
  const place = places[at % places.length];
  if (!place) return;
  const { holder, key } = place;
  const was: unknown = Reflect.get(holder, key);
  if (how === 'replace') put(holder, key, by);
  else if (how === 'remove' && holder !== root) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else Reflect.deleteProperty(holder, key);
  } else if (how === 'wrap') put(holder, key, [was]);
  else if (how === 'add' && typeof was === 'object' && was !== null && !Array.isArray(was))
    put(was as Record<string, unknown>, name, by);
  else if (how === 'repeat' && Array.isArray(was)) put(holder, key, [...was, ...was, by]);
  else if (how === 'text') put(holder, key, JSON.stringify(was));
  else if (how === 'number') put(holder, key, typeof was === 'number' ? was * 1e12 : -1);
};

/** A right value with up to three things wrong in it: other types, huge numbers, missing and unknown fields. */
export const distorted = (...examples: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.tuple(fc.constantFrom(...examples), wrongs).map(([example, all]) => {
    const root = { it: structuredClone(example) };
    for (const one of all) goWrong(root, one);
    return root.it;
  });

/** A right text with a part cut, doubled, moved or replaced. */
export const torn = (...examples: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...examples),
      fc.array(fc.tuple(fc.nat(20_000), fc.nat(20), fc.nat(3), hostileText), { minLength: 0, maxLength: 4 }),
    )
    .map(([example, cuts]) =>
      cuts.reduce((text, [at, length, how, by]) => {
        const start = at % (text.length + 1);
        const [head, part, tail] = [
          text.slice(0, start),
          text.slice(start, start + length),
          text.slice(start + length),
        ];
        if (how === 0) return head + tail;
        if (how === 1) return head + part + part + tail;
        if (how === 2) return head + by + tail;
        return head;
      }, example),
    );

/** JSON text of values that are nearly right, or no JSON at all. */
export const nearly = (...examples: readonly unknown[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: distorted(...examples).map((value) => JSON.stringify(value) ?? '') },
    { weight: 2, arbitrary: torn(...examples.map((example) => JSON.stringify(example))) },
    { weight: 1, arbitrary: hostileJson.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: hostileText },
  );

/** A right file with bytes changed, cut, added or moved. */
export const nearlyBytes = (...examples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.constantFrom(...examples),
      fc.array(fc.tuple(fc.nat(2 ** 30), fc.nat(15), fc.uint8Array({ minLength: 1, maxLength: 16 })), {
        minLength: 0,
        maxLength: 6,
      }),
    )
    .map(([example, changes]) =>
      changes.reduce<Uint8Array>((bytes, [place, how, by]) => {
        // Small numbers come often, and all of them lie in the header.
        const at = (place * 2_654_435_761) % (bytes.length + 1);
        if (how === 0) return new Uint8Array(bytes.subarray(0, at));
        if (how === 1) return new Uint8Array(Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at)]));
        // Not slice(): a Buffer's is no copy.
        const copy = new Uint8Array(bytes);
        copy.set(by.subarray(0, Math.max(0, copy.length - at)), at);
        return copy;
      }, example),
    );
