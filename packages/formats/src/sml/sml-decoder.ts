/**
 * SML files of German meters (BSI TR-03109-1 Anlage IV; VDE FNN "Lastenheft EDL"): the entries of GetList responses.
 * What single makes do otherwise is handled by what they send: see `sensorTime` and `isUnsignedAfterAll`.
 */
import { Instant } from '@daisee/units';
import { type ObisValue, quantitiesOf } from '../obis/electricity.ts';
import { Pending } from '../pending.ts';
import type { FormatProblem, FrameDecoder, MeterReading } from '../reading.ts';
import { type SmlElement, SmlFault, SmlReader } from './elements.ts';
import { beginOf, fileAt, type SmlFile } from './transport.ts';

const GET_LIST_RESPONSE = 0x0701;
/** A file has some 300 to 700 bytes. */
const LONGEST_FILE = 65_536;

const listOf = (element: SmlElement | undefined, length?: number): readonly SmlElement[] | undefined =>
  element?.kind === 'list' && (length === undefined || element.items.length === length)
    ? element.items
    : undefined;
const integerOf = (element: SmlElement | undefined): number | bigint | undefined =>
  element?.kind === 'integer' ? element.value : undefined;

/** `0A 01 48 4C 59 02 00 03 A9 10` → `1HLY0200240912`-like text: medium, maker, block and number (DIN 43863-5). */
const serverName = (bytes: Uint8Array): string => {
  const [kind, medium, a = 0, b = 0, c = 0, block = 0, first = 0, second = 0, third = 0, fourth = 0] = bytes;
  if (bytes.length === 10 && kind === 0x0a) {
    const maker = String.fromCharCode(a, b, c);
    const number = ((first * 256 + second) * 256 + third) * 256 + fourth;
    if (/^[A-Z]{3}$/.test(maker))
      return `${medium}${maker}${block.toString(16).toUpperCase().padStart(2, '0')}${String(number).padStart(8, '0')}`;
  }
  return Buffer.from(bytes).toString('hex').toUpperCase();
};

/**
 * The meter's time as an instant, where it is one: choice 2 is Unix time, 3 the same with its offsets. Most meters have
 * only choice 1, seconds since they were switched on, and some (Holley) leave the choice out.
 */
const sensorTime = (element: SmlElement | undefined): Instant | undefined => {
  const [choice, time] = listOf(element, 2) ?? [];
  const kind = integerOf(choice);
  if (kind !== 2 && kind !== 3) return undefined;
  const seconds = integerOf(time) ?? integerOf(listOf(time, 3)?.[0]);
  return seconds === undefined || seconds < 946_684_800 || seconds > 0xffff_ffff
    ? undefined
    : Instant(Number(seconds) * 1000);
};

/**
 * DZG's DVS74 of these numbers write a positive power in as few bytes as it has as a number without sign and call it
 * signed: 328.05 W is "-327.31". Negative powers they write in four bytes (volkszaehler/libsml, sml_list.c).
 */
const DZG_RANGES: readonly (readonly [number, number])[] = [
  [42_000_000, 48_999_999],
  [55_000_000, 58_999_999],
];
const isUnsignedAfterAll = (server: Uint8Array | undefined): boolean => {
  if (server?.length !== 10 || Buffer.from(server.subarray(0, 5)).toString('hex') !== '0a01445a47')
    return false;
  const number = Number(BigInt(`0x${Buffer.from(server.subarray(5)).toString('hex')}`));
  return DZG_RANGES.some(([from, to]) => number >= from && number <= to);
};

/**
 * Bit of an entry's status word that is set while the sum of the phases is delivered (VDE FNN, "Lastenheft EDL",
 * status word). It tells the direction of meters whose power, 15.7.0, has none.
 */
const DELIVERS = 1n << 5n;
const ABSOLUTE_POWER = '15.7.0';
const POWER = '16.7.0';
/** Group A of an OBIS code. */
const ELECTRICITY = 1;
const SERIAL_NUMBER = '96.1.0';
const TEXT = '96.50.1';

/** Reads the messages of one file. */
const readingOf = (file: SmlFile, offset: number): MeterReading => {
  const problems: FormatProblem[] = [];
  const wrong = (at: number, problem: string): void => {
    problems.push({ offset: offset + file.placeOf(at), problem });
  };
  const objects = new Map<string, ObisValue>();
  const { messages } = file;
  const octetsOf = (element: SmlElement | undefined): Uint8Array | undefined =>
    element?.kind === 'octets' && element.to > element.from
      ? messages.subarray(element.from, element.to)
      : undefined;
  let server: Uint8Array | undefined;
  let at: Instant | undefined;
  let hasList = false;
  let status: number | bigint | undefined;

  const entry = (element: SmlElement): void => {
    const items = listOf(element, 7);
    const name = items?.[0];
    if (!items || name?.kind !== 'octets' || name.to - name.from !== 6) {
      wrong(element.offset, 'an entry of the list that is none (seven elements, the first of six bytes)');
      return;
    }
    const { from } = name;
    if (messages[from] !== ELECTRICITY) return;
    const code = `${messages[from + 2]}.${messages[from + 3]}.${messages[from + 4]}`;
    const value = items[5];
    if (code === SERIAL_NUMBER && value?.kind === 'octets') server = octetsOf(value) ?? server;
    if (value?.kind !== 'integer' || code === TEXT) return;
    if (code === '1.8.0' || code === '2.8.0') status ??= integerOf(items[1]);
    const unit = integerOf(items[3]);
    const scaler = integerOf(items[4]) ?? 0;
    if (scaler < -12 || scaler > 12) {
      wrong(value.offset, `a power of ten of ${scaler}`);
      return;
    }
    const isWidened = value.signed && value.width < 4 && code === POWER && isUnsignedAfterAll(server);
    objects.set(code, {
      value: isWidened ? BigInt.asUintN(value.width * 8, BigInt(value.value)) : BigInt(value.value),
      scaler: Number(scaler),
      unit: unit === undefined ? undefined : Number(unit),
    });
  };

  const message = (element: SmlElement): void => {
    const items = listOf(element, 6);
    const body = listOf(items?.[3], 2);
    if (!items || !body) {
      wrong(element.offset, 'a message that is none (six elements)');
      return;
    }
    if (integerOf(body[0]) !== GET_LIST_RESPONSE) return;
    const list = listOf(body[1], 7);
    const entries = listOf(list?.[4]);
    if (!list || !entries) {
      wrong(element.offset, 'a list of values that is none (seven elements)');
      return;
    }
    hasList = true;
    server ??= octetsOf(list[1]);
    at ??= sensorTime(list[3]);
    for (const one of entries) entry(one);
  };

  const reader = new SmlReader(messages);
  while (!reader.isAtEnd) {
    const element = reader.next();
    if (element instanceof SmlFault) {
      wrong(element.offset, element.problem);
      break;
    }
    if (element.kind === 'list') message(element);
    else if (element.kind !== 'end') wrong(element.offset, 'an element outside any message');
  }
  const absolute = objects.get(ABSOLUTE_POWER);
  if (absolute && status !== undefined && !objects.has(POWER))
    objects.set(POWER, {
      ...absolute,
      value: (BigInt(status) & DELIVERS) === 0n ? absolute.value : -absolute.value,
    });
  if (!hasList && problems.length === 0) wrong(0, 'a file without a list of values');
  return {
    format: 'sml',
    offset,
    length: file.length,
    meter: server && serverName(server),
    at,
    ...quantitiesOf(objects),
    problems,
  };
};

const broken = (offset: number, length: number, problem: string): MeterReading => ({
  format: 'sml',
  offset,
  length,
  phases: [],
  problems: [{ offset, problem }],
});

/** Creates a decoder of an optical or serial line that speaks SML, or of a capture of one. */
export const createSmlDecoder = (): FrameDecoder => {
  const left = new Pending();

  const take = (readings: MeterReading[], isEnd: boolean): void => {
    const { bytes: pending, start } = left;
    let from = 0;
    const junk = (to: number): void => {
      if (to > from && pending.subarray(from, to).some((byte) => byte !== 0))
        readings.push(broken(start + from, to - from, `${to - from} bytes that belong to no file`));
      from = to;
    };
    for (;;) {
      const begin = beginOf(pending, from);
      if (begin < 0) {
        if (isEnd || pending.length - from > LONGEST_FILE) junk(pending.length);
        break;
      }
      junk(begin);
      const file = fileAt(pending, begin);
      if (file) {
        readings.push(
          file.problem === undefined
            ? readingOf(file, start + begin)
            : broken(start + begin, file.length, file.problem),
        );
        from = begin + file.length;
      } else if (isEnd || pending.length - begin > LONGEST_FILE) {
        readings.push(broken(start + begin, pending.length - begin, 'a file without its end (1B1B1B1B1A)'));
        from = pending.length;
      } else break;
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
      if (left.bytes.length > 0) take(readings, true);
      return readings;
    },
  };
};
