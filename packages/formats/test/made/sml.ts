/** SML files as meters make them. */
import { crc16 } from './p1.ts';

const octets = (bytes: Uint8Array): Buffer => {
  const length = bytes.length + 1;
  if (length < 16) return Buffer.concat([Buffer.of(length), bytes]);
  const long = bytes.length + 2;
  return Buffer.concat([Buffer.of(0x80 | (long >> 4), long & 0x0f), bytes]);
};
export const list = (...items: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.of(0x70 | items.length), ...items]);
const NOTHING = Buffer.of(0x01);

/** An integer in exactly `width` bytes. */
export const integer = (value: bigint, width: number, signed: boolean): Buffer => {
  const bytes = Buffer.alloc(width);
  let rest = BigInt.asUintN(width * 8, value);
  for (let at = width - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return Buffer.concat([Buffer.of((signed ? 0x50 : 0x60) | (width + 1)), bytes]);
};
const unsigned8 = (value: number): Buffer => integer(BigInt(value), 1, false);

export interface Entry {
  /** C.D.E of 1-0:C.D.E*255. */
  readonly code: string;
  readonly value: Uint8Array;
  readonly unit?: number;
  readonly scaler?: number;
  readonly status?: Uint8Array;
}

const entryOf = ({ code, value, unit, scaler, status }: Entry): Buffer =>
  list(
    octets(Buffer.from([1, 0, ...code.split('.').map(Number), 255])),
    status ?? NOTHING,
    NOTHING,
    unit === undefined ? NOTHING : unsigned8(unit),
    scaler === undefined ? NOTHING : integer(BigInt(scaler), 1, true),
    value,
    NOTHING,
  );

const message = (transaction: number, tag: number, body: Uint8Array): Buffer => {
  const head = Buffer.concat([
    Buffer.of(0x76),
    octets(Buffer.of(0, 0, transaction)),
    unsigned8(0),
    unsigned8(0),
    list(integer(BigInt(tag), 2, false), body),
  ]);
  // Low byte first, as the checksum of the file.
  const crc = x25(head);
  return Buffer.concat([head, Buffer.of(0x63, crc & 0xff, crc >> 8), Buffer.of(0)]);
};

const x25 = (bytes: Uint8Array): number => crc16(bytes, 0x8408, 0xffff) ^ 0xffff;
const kermit = (bytes: Uint8Array): number => crc16(bytes, 0x8408, 0);

const SERVER = Buffer.from('0a01454d4800001a2b3c', 'hex');

export interface FileOptions {
  readonly server?: Uint8Array;
  readonly time?: Uint8Array;
  readonly checksum?: 'low byte first' | 'high byte first' | 'kermit' | 'wrong';
}

/** A file: open response, list, close response, between the escape sequences. */
export const smlFile = (entries: readonly Entry[], options: FileOptions = {}): Buffer => {
  const { server = SERVER, time = NOTHING, checksum = 'low byte first' } = options;
  const messages = Buffer.concat([
    message(1, 0x0101, list(NOTHING, NOTHING, octets(Buffer.of(0, 0, 1)), octets(server), NOTHING, NOTHING)),
    message(
      2,
      0x0701,
      list(
        NOTHING,
        octets(server),
        octets(Buffer.from('0100620affff', 'hex')),
        time,
        entries.length < 16
          ? list(...entries.map(entryOf))
          : Buffer.concat([
              Buffer.of(0xf0 | (entries.length >> 4), entries.length & 0x0f),
              ...entries.map(entryOf),
            ]),
        NOTHING,
        NOTHING,
      ),
    ),
    message(3, 0x0201, list(NOTHING)),
  ]);
  const escaped: number[] = [];
  for (let at = 0; at < messages.length; at++) {
    const four = messages.subarray(at, at + 4);
    if (four.length === 4 && four.every((byte) => byte === 0x1b)) {
      escaped.push(0x1b, 0x1b, 0x1b, 0x1b, 0x1b, 0x1b, 0x1b, 0x1b);
      at += 3;
    } else escaped.push(messages[at] ?? 0);
  }
  const fill = (4 - (escaped.length % 4)) % 4;
  const whole = Buffer.from([
    0x1b,
    0x1b,
    0x1b,
    0x1b,
    1,
    1,
    1,
    1,
    ...escaped,
    ...Array.from({ length: fill }, () => 0),
    0x1b,
    0x1b,
    0x1b,
    0x1b,
    0x1a,
    fill,
  ]);
  const crc = checksum === 'kermit' ? kermit(whole) : x25(whole);
  const low = crc & 0xff;
  const high = crc >> 8;
  return Buffer.concat([
    whole,
    checksum === 'wrong'
      ? Buffer.of(low ^ 1, high)
      : checksum === 'high byte first'
        ? Buffer.of(high, low)
        : Buffer.of(low, high),
  ]);
};
