/**
 * Data records of M-Bus (EN 13757-3:2018): DIF, DIFEs, VIF, VIFEs, value. Numbers are little endian integers, BCD
 * (whose first digit F is a minus) or IEEE floats.
 */
import { scaled } from '../decimal.ts';

/** A value as a record gives it: `number · 10^exponent` of a unit, or a text. */
export interface MbusRecord {
  readonly quantity: string;
  readonly unit: string;
  /** Undefined where the record holds no number. */
  readonly number?: bigint | undefined;
  readonly exponent: number;
  /** Of the few records that are floats. */
  readonly float?: number | undefined;
  readonly text?: string | undefined;
  readonly function: 'now' | 'highest' | 'lowest' | 'at error';
  /** 0: as of now; others are kept from before. */
  readonly storage: number;
  readonly tariff: number;
  readonly device: number;
  /** Orthogonal extensions that change what is counted (0x3B forward, 0x3C backward), and the maker's own. */
  readonly extensions: readonly number[];
  /** Place of its first byte among the records. */
  readonly at: number;
}

export interface MbusRecords {
  readonly records: readonly MbusRecord[];
  readonly problem?: { readonly at: number; readonly problem: string } | undefined;
}

interface Meaning {
  readonly quantity: string;
  readonly unit: string;
  readonly exponent: number;
}

const meaning = (quantity: string, unit: string, exponent = 0): Meaning => ({ quantity, unit, exponent });
const UNKNOWN = meaning('other', '');

/** The primary table (EN 13757-3, table 10): first and last VIF of a row. */
const PRIMARY: readonly (readonly [number, number, (low: number) => Meaning])[] = [
  [0x00, 0x07, (n) => meaning('energy', 'Wh', n - 3)],
  [0x08, 0x0f, (n) => meaning('energy', 'J', n)],
  [0x10, 0x17, (n) => meaning('volume', 'm3', n - 6)],
  [0x18, 0x1f, (n) => meaning('mass', 'kg', n - 3)],
  [0x20, 0x23, (n) => meaning('on time', ['s', 'min', 'h', 'd'][n] ?? '')],
  [0x24, 0x27, (n) => meaning('operating time', ['s', 'min', 'h', 'd'][n] ?? '')],
  [0x28, 0x2f, (n) => meaning('power', 'W', n - 3)],
  [0x30, 0x37, (n) => meaning('power', 'J/h', n)],
  [0x38, 0x3f, (n) => meaning('volume flow', 'm3/h', n - 6)],
  [0x40, 0x47, (n) => meaning('volume flow', 'm3/min', n - 7)],
  [0x48, 0x4f, (n) => meaning('volume flow', 'm3/s', n - 9)],
  [0x50, 0x57, (n) => meaning('mass flow', 'kg/h', n - 3)],
  [0x58, 0x5b, (n) => meaning('flow temperature', '°C', n - 3)],
  [0x5c, 0x5f, (n) => meaning('return temperature', '°C', n - 3)],
  [0x60, 0x63, (n) => meaning('temperature difference', 'K', n - 3)],
  [0x64, 0x67, (n) => meaning('external temperature', '°C', n - 3)],
  [0x68, 0x6b, (n) => meaning('pressure', 'bar', n - 3)],
  [0x6c, 0x6d, () => meaning('time', '')],
  [0x78, 0x78, () => meaning('fabrication number', '')],
];

/** The extension tables FB and FD (EN 13757-3, tables 12 and 14), as far as electricity needs them. */
const EXTENSIONS: ReadonlyMap<number, (vife: number) => Meaning> = new Map([
  [
    0xfb,
    (vife: number) =>
      vife <= 0x01
        ? meaning('energy', 'Wh', vife + 5)
        : vife >= 0x08 && vife <= 0x09
          ? meaning('energy', 'J', vife - 8 + 8)
          : vife >= 0x28 && vife <= 0x29
            ? meaning('power', 'W', vife - 0x28 + 5)
            : UNKNOWN,
  ],
  [
    0xfd,
    (vife: number) =>
      vife >= 0x40 && vife <= 0x4f
        ? meaning('voltage', 'V', (vife & 0x0f) - 9)
        : vife >= 0x50 && vife <= 0x5f
          ? meaning('current', 'A', (vife & 0x0f) - 12)
          : UNKNOWN,
  ],
]);

const FUNCTIONS = ['now', 'highest', 'lowest', 'at error'] as const;
/** Bytes of a value by the low half of the DIF. */
const SIZES: readonly (number | undefined)[] = [
  0,
  1,
  2,
  3,
  4,
  4,
  6,
  8,
  0,
  1,
  2,
  3,
  4,
  undefined,
  6,
  undefined,
];
const FLOAT = 5;
const VARIABLE = 0x0d;
const FIRST_BCD = 9;
const MOST_EXTENSIONS = 10;
/** The extension that says that a record has no error (EN 13757-3, table 17). */
const NO_ERROR = 0;

/** Little endian BCD; undefined where a digit is none. */
const bcd = (bytes: Uint8Array): bigint | undefined => {
  let digits = '';
  for (let at = bytes.length - 1; at >= 0; at--) digits += (bytes[at] ?? 0).toString(16).padStart(2, '0');
  const isNegative = digits.startsWith('f');
  if (isNegative) digits = `0${digits.slice(1)}`;
  if (!/^\d+$/.test(digits)) return undefined;
  return isNegative ? -BigInt(digits) : BigInt(digits);
};

const littleEndian = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return BigInt.asIntN(bytes.length * 8, value);
};

/** Letters of a variable text come last first. */
const backwards = (bytes: Uint8Array): string => Buffer.from(bytes.toReversed()).toString('latin1');

/** Reads the records that follow a header. */
export const readRecords = (bytes: Uint8Array): MbusRecords => {
  const records: MbusRecord[] = [];
  let at = 0;
  const wrong = (problem: string): MbusRecords => ({ records, problem: { at, problem } });
  while (at < bytes.length) {
    const dif = bytes[at] ?? 0;
    if (dif === 0x2f) {
      at++;
      continue;
    }
    // What follows 0F and 1F is the maker's own, to the end.
    if (dif === 0x0f || dif === 0x1f) return { records };
    let next = at + 1;
    let storage = (dif >> 6) & 1;
    let tariff = 0;
    let device = 0;
    for (let more = dif, count = 0; (more & 0x80) !== 0; count++, next++) {
      const dife = bytes[next];
      if (dife === undefined || count >= MOST_EXTENSIONS)
        return wrong('a record whose extensions do not end');
      storage += (dife & 0x0f) * 2 ** (4 * count + 1);
      tariff += ((dife >> 4) & 3) * 4 ** count;
      device += ((dife >> 6) & 1) * 2 ** count;
      more = dife;
    }
    const vif = bytes[next];
    if (vif === undefined) return wrong('a record without its unit (VIF)');
    next++;
    const extensions: number[] = [];
    let unitText: string | undefined;
    // 7C: the unit is a text, its length and letters before the extensions.
    if ((vif & 0x7f) === 0x7c) {
      const size = bytes[next] ?? 0;
      if (next + 1 + size > bytes.length) return wrong('a record whose unit is cut off');
      unitText = backwards(bytes.subarray(next + 1, next + 1 + size));
      next += 1 + size;
    }
    for (let more = vif, count = 0; (more & 0x80) !== 0; count++, next++) {
      const vife = bytes[next];
      if (vife === undefined || count >= MOST_EXTENSIONS)
        return wrong('a record whose extensions do not end');
      extensions.push(vife);
      more = vife;
    }
    const table = EXTENSIONS.get(vif);
    const what =
      unitText !== undefined
        ? meaning('other', unitText)
        : table
          ? table((extensions.shift() ?? 0) & 0x7f)
          : (vif & 0x7f) === 0x7f
            ? UNKNOWN
            : meaningOf(vif & 0x7f);
    const kind = dif & 0x0f;
    let size = SIZES[kind];
    let text: string | undefined;
    if (kind === VARIABLE) {
      const length = bytes[next] ?? 0;
      next++;
      if (length <= 0xbf) {
        size = length;
        text = backwards(bytes.subarray(next, next + length));
      } else size = variableSize(length);
    }
    if (size === undefined || next + size > bytes.length) return wrong('a record whose value is cut off');
    const value = bytes.subarray(next, next + size);
    const number =
      size === 0 || kind === FLOAT || kind === VARIABLE
        ? undefined
        : kind >= FIRST_BCD
          ? bcd(value)
          : littleEndian(value);
    records.push({
      ...what,
      number,
      float: kind === FLOAT ? Buffer.from(value).readFloatLE() : undefined,
      text,
      function: FUNCTIONS[(dif >> 4) & 3] ?? 'now',
      storage,
      tariff,
      device,
      extensions: extensions.map((one) => one & 0x7f).filter((one) => one !== NO_ERROR),
      at,
    });
    at = next + size;
  }
  return { records };
};

/** Bytes of a value whose length byte is above that of texts: BCD, negative BCD, binary, and blocks of four. */
const variableSize = (length: number): number =>
  length < 0xd0
    ? length - 0xc0
    : length < 0xe0
      ? length - 0xd0
      : length < 0xf0
        ? length - 0xe0
        : length <= 0xf4
          ? 4 * (length - 0xec)
          : length === 0xf5
            ? 48
            : 64;

const meaningOf = (vif: number): Meaning => {
  const row = PRIMARY.find(([first, last]) => vif >= first && vif <= last);
  return row ? row[2](vif - row[0]) : UNKNOWN;
};

/** A record's number in its unit. */
export const numberOf = ({ number, exponent, float }: MbusRecord): number | undefined =>
  float !== undefined
    ? Number.isFinite(float)
      ? float * 10 ** exponent
      : undefined
    : number === undefined
      ? undefined
      : exponent < 0
        ? Number(number) / 10 ** -exponent
        : Number(number) * 10 ** exponent;

/** A record's energy in µWh; undefined where it is none, or below zero. */
export const microWattHoursOf = (record: MbusRecord): bigint | undefined => {
  const { number, unit, exponent, float } = record;
  if (float !== undefined) {
    const value = numberOf(record) ?? -1;
    return unit === 'Wh' && value >= 0 ? BigInt(Math.round(value * 1e6)) : undefined;
  }
  if (number === undefined || number < 0n) return undefined;
  if (unit === 'Wh') return scaled(number, exponent + 6);
  // 1 J = 1/3600 Wh: 10^6 / 3600 µWh.
  if (unit === 'J') return (scaled(number, Math.max(exponent, 0)) * 10_000n + 18n) / 36n;
  return undefined;
};
