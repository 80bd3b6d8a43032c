/**
 * DSMR P1 telegrams and their national variants, plain or enciphered: from `/` to `!`, a checksum where the version has
 * one. The CRC-16 covers every byte from `/` to `!` inclusive; its hexadecimal digits may come without leading zeros.
 */
import { crc16Arc } from '../crc16.ts';
import { decipher, envelopeAt, type MeterKeys } from '../dlms/ciphering.ts';
import { Pending } from '../pending.ts';
import type { FrameDecoder, MeterReading } from '../reading.ts';
import { readTelegram } from './telegram.ts';

export interface P1Options {
  /** IANA zone of the meter's clock; Europe/Amsterdam, or the country's of a model that is sold in one only. */
  readonly zone?: string | undefined;
  /** Keys of an enciphered meter. */
  readonly keys?: MeterKeys | undefined;
}

const SLASH = 0x2f;
const MARK = 0x21;
const LF = 0x0a;
const CR = 0x0d;
const CIPHERED = 0xdb;
/** DSMR 5.0.2 allows telegrams of some 2,000 characters; texts of the operator may have 2,048 more. */
const LONGEST_TELEGRAM = 32_768;
/** Versions from here on have a checksum (DSMR 4.0). */
const FIRST_WITH_CRC = 40;

/**
 * What gateways put between telegrams: the counter and the metering point that a COM-1 sends after an EasyMeter's
 * (two spaces and eight digits; 33 characters that begin with the country), and fill bytes.
 */
const BETWEEN = /^(?:[\s\0\u00ff]*| {2}\d{8}\r?|[A-Z]{2}[0-9A-Z]{31}\r?)$/;
const isFill = (text: string): boolean => text.split('\n').every((line) => BETWEEN.test(line));

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const nothing = (offset: number, length: number, at: number, problem: string): MeterReading => ({
  format: 'p1',
  offset,
  length,
  phases: [],
  problems: [{ offset: at, problem }],
});

/** Where a telegram's parts are, `!` and its line end included; undefined while it is not complete. */
interface Extent {
  readonly mark: number;
  readonly end: number;
  readonly checksum: string;
}

const extentOf = (bytes: Uint8Array, from: number, isEnd: boolean): Extent | undefined => {
  let mark = from;
  do {
    mark = bytes.indexOf(MARK, mark + 1);
    if (mark < 0) return undefined;
  } while (bytes[mark - 1] !== LF && bytes[mark - 1] !== CR);
  let end = mark + 1;
  while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR && end - mark < 8) end++;
  if (end === bytes.length && !isEnd && end - mark < 8) return undefined;
  const checksum = /^[0-9A-Fa-f]{1,4}/.exec(latin1(bytes.subarray(mark + 1, end)))?.[0] ?? '';
  return { mark, end: mark + 1 + checksum.length, checksum };
};

/** The telegram with line ends as the meter sent them, for captures that an editor has saved with others. */
const withCrLf = (bytes: Uint8Array): Uint8Array =>
  Buffer.from(latin1(bytes).replaceAll('\r\n', '\n').replaceAll('\n', '\r\n'), 'latin1');

/** Creates a decoder of a P1 port, or of a capture of one. */
export const createP1Decoder = ({ zone, keys }: P1Options = {}): FrameDecoder => {
  const left = new Pending();

  const telegramOf = (bytes: Uint8Array, { mark, end, checksum }: Extent, offset: number): MeterReading => {
    const length = end;
    const covered = bytes.subarray(0, mark + 1);
    if (checksum !== '') {
      const given = Number.parseInt(checksum, 16);
      const computed = crc16Arc(covered);
      if (given !== computed && given !== crc16Arc(withCrLf(covered)))
        return nothing(
          offset,
          length,
          offset + mark + 1,
          `the telegram's checksum is ${checksum}, expected ${computed.toString(16).toUpperCase().padStart(4, '0')}: nothing of it is taken`,
        );
    }
    const newline = covered.indexOf(LF);
    const first = newline < 0 ? mark : newline;
    const identification = latin1(covered.subarray(0, first)).trim();
    const telegram = readTelegram(
      identification,
      latin1(covered.subarray(first, mark)),
      { offset, length, textOffset: offset + first },
      zone,
    );
    const version = Number(/^DSMR (\d+)$/.exec(telegram.variant ?? '')?.[1] ?? 0);
    if (checksum !== '' || version < FIRST_WITH_CRC) return telegram;
    return {
      ...telegram,
      problems: [
        ...telegram.problems,
        {
          offset: offset + mark,
          problem: `${telegram.variant} has a checksum after the "!", this telegram has none`,
        },
      ],
    };
  };

  const cipheredAt = (pending: Uint8Array, start: number, at: number): MeterReading | undefined | null => {
    const envelope = envelopeAt(pending, at);
    if (envelope === undefined || envelope === null) return envelope;
    const place = [start + at, envelope.length, start + at] as const;
    const plain = decipher(envelope, keys);
    if (typeof plain === 'string') return nothing(...place, `an enciphered telegram: ${plain}`);
    const extent = plain[0] === SLASH ? extentOf(plain, 0, true) : undefined;
    if (!extent) return nothing(...place, 'an enciphered message that holds no telegram');
    return { ...telegramOf(plain, extent, start + at), length: envelope.length };
  };

  const take = (readings: MeterReading[], isEnd: boolean): void => {
    const { bytes: pending, start } = left;
    let from = 0;
    const junk = (to: number): void => {
      if (to > from && !isFill(latin1(pending.subarray(from, to))))
        readings.push(
          nothing(start + from, to - from, start + from, `${to - from} bytes that belong to no telegram`),
        );
      from = to;
    };
    const beginning = (after: number): number => {
      for (let at = after; at < pending.length; at++) {
        const byte = pending[at];
        if (byte === SLASH) return at;
        if (byte === CIPHERED && envelopeAt(pending, at) !== null) return at;
      }
      return -1;
    };
    for (;;) {
      const begin = beginning(from);
      if (begin < 0) {
        if (isEnd || pending.length - from > LONGEST_TELEGRAM) junk(pending.length);
        break;
      }
      junk(begin);
      if (pending[begin] === CIPHERED) {
        const reading = cipheredAt(pending, start, begin);
        if (reading) {
          readings.push(reading);
          from = begin + reading.length;
          continue;
        }
        if (!isEnd && pending.length - begin <= LONGEST_TELEGRAM) break;
        readings.push(
          nothing(
            start + begin,
            pending.length - begin,
            start + begin,
            'an enciphered telegram that is not complete',
          ),
        );
        from = pending.length;
        break;
      }
      const extent = extentOf(pending.subarray(begin), 0, isEnd);
      // A telegram that begins before the last one ended: the end of that one was lost.
      const limit = extent ? begin + extent.mark : pending.length;
      let next = begin + 1;
      do {
        next = pending.indexOf(SLASH, next);
        if (next < 0 || next >= limit) next = -1;
        else if (pending[next - 1] !== LF) next += 1;
        else break;
      } while (next > 0);
      if (next > 0) {
        readings.push(nothing(start + begin, next - begin, start + next, 'a telegram without its end ("!")'));
        from = next;
        continue;
      }
      if (extent) {
        readings.push(telegramOf(pending.subarray(begin), extent, start + begin));
        from = begin + extent.end;
        continue;
      }
      if (!isEnd && pending.length - begin <= LONGEST_TELEGRAM) break;
      readings.push(
        nothing(
          start + begin,
          pending.length - begin,
          start + pending.length,
          'a telegram without its end ("!")',
        ),
      );
      from = pending.length;
    }
    left.drop(from);
  };

  return {
    push: (bytes) => {
      left.add(bytes);
      const readings: MeterReading[] = [];
      take(readings, false);
      return readings;
    },
    end: () => {
      const readings: MeterReading[] = [];
      take(readings, true);
      return readings;
    },
  };
};
