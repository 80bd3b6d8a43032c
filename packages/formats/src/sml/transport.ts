/**
 * SML over a line: transport protocol version 1 (BSI TR-03109-1 Anlage IV, chapter 8). A file begins with 1B1B1B1B
 * 01010101 and ends with 1B1B1B1B 1A nn cc cc: nn fill bytes, CRC-16 over all that was before it. An escape sequence
 * inside is doubled.
 */
import { crc16Kermit, crc16X25 } from '../crc16.ts';

const ESCAPE = 0x1b;
const BEGIN = 0x01;
const END = 0x1a;

const isEscape = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === ESCAPE && bytes[at + 1] === ESCAPE && bytes[at + 2] === ESCAPE && bytes[at + 3] === ESCAPE;

/** Place of the next escape and begin sequence, or -1. */
export const beginOf = (bytes: Uint8Array, from: number): number => {
  let at = from;
  for (;;) {
    at = bytes.indexOf(ESCAPE, at);
    if (at < 0 || at + 8 > bytes.length) return -1;
    if (isEscape(bytes, at)) {
      // More than four in a row: the sequence is the last four.
      while (bytes[at + 4] === ESCAPE) at++;
      if ([4, 5, 6, 7].every((index) => bytes[at + index] === BEGIN)) return at;
      if (at + 8 > bytes.length) return -1;
      at += 4;
    } else at++;
  }
};

/** A file between its two marks. */
export interface SmlFile {
  /** Bytes of the whole, marks included. */
  readonly length: number;
  /** The messages, unescaped and without fill bytes. */
  readonly messages: Uint8Array;
  /** Place in the file of a byte of `messages`. */
  readonly placeOf: (at: number) => number;
  readonly problem?: string | undefined;
}

/** Reads the file that begins at `from`: undefined while it is not complete. */
export const fileAt = (bytes: Uint8Array, from: number): SmlFile | undefined => {
  const body: { from: number; to: number }[] = [];
  let start = from + 8;
  let at = start;
  for (;;) {
    at = bytes.indexOf(ESCAPE, at);
    if (at < 0 || at + 8 > bytes.length) return undefined;
    if (!isEscape(bytes, at)) {
      at++;
      continue;
    }
    if (isEscape(bytes, at + 4)) {
      body.push({ from: start, to: at + 4 });
      start = at + 8;
      at = start;
      continue;
    }
    const kind = bytes[at + 4];
    if (kind === END) {
      body.push({ from: start, to: at });
      const fill = bytes[at + 5] ?? 0;
      const given = [
        (bytes[at + 6] ?? 0) | ((bytes[at + 7] ?? 0) << 8),
        ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0),
      ];
      const whole = bytes.subarray(from, at + 6);
      const computed = crc16X25(whole);
      const isRight = given.includes(computed) || given.includes(crc16Kermit(whole));
      const messages =
        body.length === 1
          ? bytes.subarray(start, at)
          : Buffer.concat(body.map((part) => bytes.subarray(part.from, part.to)));
      return {
        length: at + 8 - from,
        placeOf: (place) => {
          let rest = place;
          for (const part of body) {
            if (rest < part.to - part.from) return part.from - from + rest;
            rest -= part.to - part.from;
          }
          return at - from;
        },
        messages: messages.subarray(0, Math.max(0, messages.length - (fill <= 3 ? fill : 0))),
        problem: isRight
          ? fill <= 3
            ? undefined
            : `${fill} fill bytes, at most 3 are possible`
          : `the file's checksum is ${hex(given[0] ?? 0)}, expected ${hex(computed)} (low byte first): nothing of it is taken`,
      };
    }
    // A begin inside a file: the end of this one was lost.
    if (kind === BEGIN)
      return {
        length: at - from,
        messages: new Uint8Array(0),
        placeOf: () => 0,
        problem: 'a file without its end (1B1B1B1B1A)',
      };
    // An escape that is none of the four kinds: a byte was damaged.
    at += 4;
  }
};

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
