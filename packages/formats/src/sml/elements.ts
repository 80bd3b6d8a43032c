/**
 * SML's encoding (BSI TR-03109-1 Anlage IV, chapter 6): type and length in the first byte, more length bytes while its
 * top bit is set. Integers may have any number of bytes from 1 to 8: meters leave leading zeros out.
 */

export type SmlElement =
  | { readonly kind: 'octets'; readonly from: number; readonly to: number; readonly offset: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly offset: number }
  | {
      readonly kind: 'integer';
      /** A bigint where it has more than four bytes: most have fewer. */
      readonly value: number | bigint;
      readonly signed: boolean;
      readonly width: number;
      readonly offset: number;
    }
  | {
      readonly kind: 'list';
      readonly items: readonly SmlElement[];
      readonly offset: number;
      readonly end: number;
    }
  | { readonly kind: 'end'; readonly offset: number };

/** What is wrong with an encoding, at a byte of the messages. */
export class SmlFault {
  readonly offset: number;
  readonly problem: string;
  constructor(offset: number, problem: string) {
    this.offset = offset;
    this.problem = problem;
  }
}

const OCTETS = 0x0;
const BOOLEAN = 0x4;
const SIGNED = 0x5;
const UNSIGNED = 0x6;
const LIST = 0x7;
/** Deeper than any list of the standard. */
const DEEPEST = 12;

/** An integer of up to four bytes by numbers, a longer one by a pair of them: bigints byte by byte are slow. */
const integerAt = (bytes: Uint8Array, from: number, size: number, isSigned: boolean): number | bigint => {
  let high = 0;
  let low = 0;
  const middle = Math.max(0, size - 4);
  for (let at = 0; at < middle; at++) high = high * 256 + (bytes[from + at] ?? 0);
  for (let at = middle; at < size; at++) low = low * 256 + (bytes[from + at] ?? 0);
  if (size <= 4) {
    const limit = 2 ** (8 * size);
    return isSigned && low >= limit / 2 ? low - limit : low;
  }
  const value = (BigInt(high) << 32n) | BigInt(low);
  return isSigned ? BigInt.asIntN(size * 8, value) : value;
};

/** Reads elements one after another. */
export class SmlReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Reads the next element, or says what is wrong with it. */
  next(depth = 0): SmlElement | SmlFault {
    const offset = this.#at;
    const first = this.#bytes[offset];
    if (first === undefined) return new SmlFault(offset, 'an element is missing at the end');
    if (first === 0) {
      this.#at++;
      return { kind: 'end', offset };
    }
    const type = (first >> 4) & 0x7;
    let length = first & 0x0f;
    let header = 1;
    for (let byte = first; (byte & 0x80) !== 0; header++) {
      byte = this.#bytes[offset + header] ?? 0;
      if (header > 3) return new SmlFault(offset, 'a length of more than four bytes');
      length = length * 16 + (byte & 0x0f);
    }
    this.#at = offset + header;
    if (type === LIST) {
      if (depth >= DEEPEST) return new SmlFault(offset, `lists inside lists, more than ${DEEPEST} deep`);
      const items: SmlElement[] = [];
      for (let index = 0; index < length; index++) {
        const item = this.next(depth + 1);
        if (item instanceof SmlFault) return item;
        items.push(item);
      }
      return { kind: 'list', items, offset, end: this.#at };
    }
    const size = length - header;
    if (size < 0 || this.#at + size > this.#bytes.length)
      return new SmlFault(offset, `an element of ${length} bytes that do not follow`);
    this.#at += size;
    if (type === OCTETS) return { kind: 'octets', from: this.#at - size, to: this.#at, offset };
    if (type === BOOLEAN && size === 1)
      return { kind: 'boolean', value: this.#bytes[this.#at - 1] !== 0, offset };
    if ((type === SIGNED || type === UNSIGNED) && size >= 1 && size <= 8)
      return {
        kind: 'integer',
        value: integerAt(this.#bytes, this.#at - size, size, type === SIGNED),
        signed: type === SIGNED,
        width: size,
        offset,
      };
    return new SmlFault(offset, `an element of type ${type} and ${size} bytes, which SML has not`);
  }
}
