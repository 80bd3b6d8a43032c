/** What the objects of a DSMR telegram mean, with what countries do differently. */
import { Energy, Instant } from '@daisee/units';
import { decimal, scaledDecimal } from '../decimal.ts';
import { LocalZone, wallClock } from '../local-time.ts';
import type { AttachedReading, FormatProblem, MeterReading, PeakPower, PhaseReading } from '../reading.ts';
import { type ObisLine, readLines } from './lines.ts';

/** Powers of ten from a unit to µWh, and to watts. */
const TO_MICRO_WATT_HOURS: Readonly<Record<string, number>> = { Wh: 6, kWh: 9, MWh: 12 };
const TO_WATTS: Readonly<Record<string, number>> = { W: 1, kW: 1000, MW: 1e6 };

/** Device types of the M-Bus meters behind it (EN 13757-3, table of medium bytes). */
const KINDS: Readonly<Record<number, string>> = {
  2: 'electricity',
  3: 'gas',
  4: 'heat',
  6: 'warm water',
  7: 'water',
  8: 'heat cost',
  9: 'compressed air',
  10: 'cooling',
  11: 'cooling',
  12: 'heat',
  13: 'heat and cooling',
  21: 'hot water',
  22: 'cold water',
  40: 'waste water',
};

/** The countries whose meters' tariffs have a meaning that is known. Belgium's are the other way round. */
type TariffRule = 'belgium' | 'netherlands';
const TARIFF_NAMES: Readonly<Record<TariffRule, Readonly<Record<string, string>>>> = {
  netherlands: { 1: 'night', 2: 'day' },
  belgium: { 1: 'day', 2: 'night' },
};

/** The zone of a meter whose maker sells that model to one country (ESB Networks' Iskraemeco MIE5T). */
const ZONES: readonly (readonly [RegExp, string])[] = [[/MIE5T/, 'Europe/Dublin']];
const DEFAULT_ZONE = 'Europe/Amsterdam';
const zones = new Map<string, LocalZone>();

const zoneOf = (name: string): LocalZone => {
  let zone = zones.get(name);
  if (!zone) {
    zone = new LocalZone(name);
    zones.set(name, zone);
  }
  return zone;
};

const STAMP_LENGTH = 12;

/** Two digits of a text as a number; NaN when they are none. */
const pair = (text: string, at: number): number => {
  const [tens, ones] = [text.charCodeAt(at) - 0x30, text.charCodeAt(at + 1) - 0x30];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

/**
 * Reads `YYMMDDhhmmssX`, X being S in summer time and W in winter time. Without X (DSMR 2 and 3) the zone decides, but
 * for the hour that comes twice. Undefined for a stamp that says "never" (`632525252525W`).
 */
const stampOf = (text: string, zone: LocalZone): Instant | undefined => {
  const season = text.slice(STAMP_LENGTH);
  if (season !== 'S' && season !== 'W' && season !== '') return undefined;
  const year = 2000 + pair(text, 0);
  const wall = wallClock({
    year,
    month: pair(text, 2),
    day: pair(text, 4),
    hour: pair(text, 6),
    minute: pair(text, 8),
    second: pair(text, 10),
  });
  if (wall === undefined || Number.isNaN(wall)) return undefined;
  if (season === '') {
    const [first, second] = zone.instants(wall);
    return second === undefined ? first : undefined;
  }
  const { standard, summer } = zone.offsetsOf(year);
  return Instant(wall - (season === 'S' ? summer : standard));
};

/** `000123.456*kWh` → its number and unit. */
const measured = (
  text: string | undefined,
): { readonly number: string; readonly unit: string } | undefined => {
  const star = text?.indexOf('*') ?? -1;
  return text === undefined || star < 1
    ? undefined
    : { number: text.slice(0, star), unit: text.slice(star + 1) };
};

const energyOf = (text: string | undefined): Energy | undefined => {
  const value = measured(text);
  const exponent = TO_MICRO_WATT_HOURS[value?.unit ?? ''];
  const micro = value && exponent !== undefined ? scaledDecimal(value.number, exponent) : undefined;
  return micro === undefined || micro < 0n ? undefined : Energy(micro);
};

const wattsOf = (text: string | undefined): number | undefined => {
  const value = measured(text);
  const factor = TO_WATTS[value?.unit ?? ''];
  const number = value && factor !== undefined ? decimal(value.number) : undefined;
  // Watts have three decimals at most: what a product of floats adds beyond them is not the meter's.
  return number === undefined || factor === undefined ? undefined : Math.round(number * factor * 1000) / 1000;
};

const numberOf = (text: string | undefined, unit: string): number | undefined => {
  const value = measured(text);
  return value?.unit === unit ? decimal(value.number) : undefined;
};

const volts = (value: string): number | undefined => numberOf(value, 'V');
const amperes = (value: string): number | undefined => numberOf(value, 'A');

interface RegisterCodes {
  readonly whole: { readonly code: string; readonly name: string };
  readonly tariffs: readonly { readonly code: string; readonly name: string }[];
}
const registerCodes = (quantity: 1 | 2): RegisterCodes => {
  const one = (tariff: number) => ({ code: `1-0:${quantity}.8.${tariff}`, name: `${quantity}.8.${tariff}` });
  return { whole: one(0), tariffs: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(one) };
};
const IMPORT = registerCodes(1);
const EXPORT = registerCodes(2);
const PHASE_CODES = (
  [
    [1, 2],
    [2, 4],
    [3, 6],
  ] as const
).map(([phase, tens]) => ({
  phase,
  plus: `1-0:${tens}1.7.0`,
  minus: `1-0:${tens}2.7.0`,
  net: `1-0:${tens + 14}.7.0`,
  voltage: `1-0:${tens + 1}2.7.0`,
  current: `1-0:${tens + 1}1.7.0`,
}));

/** The text in a hexadecimal value, as identities are written; the value itself where it is none. */
const identityOf = (value: string | undefined): string | undefined => {
  if (!value) return undefined;
  if (value.length % 2 === 0 && /^(?:3\d|4[1-9A-F]|5\d|2D|20)+$/i.test(value)) {
    const text = Buffer.from(value, 'hex').toString('latin1').trim();
    if (/^[\w -]+$/.test(text)) return text;
  }
  return value;
};

/** Reads the objects of a telegram: `identification` is its first line, `text` what follows up to the `!`. */
export const readTelegram = (
  identification: string,
  text: string,
  place: { readonly offset: number; readonly length: number; readonly textOffset: number },
  zoneName: string | undefined,
): MeterReading => {
  const { lines, problems: wrong } = readLines(text, place.textOffset);
  const problems: FormatProblem[] = [...wrong];
  const byCode = new Map<string, ObisLine>();
  for (const line of lines) {
    const before = byCode.get(line.code);
    if (before && before.values.join() !== line.values.join())
      problems.push({
        offset: line.offset,
        problem: `${line.code} comes twice and differs: the first is taken`,
      });
    else if (!before) byCode.set(line.code, line);
  }
  const zone = zoneOf(zoneName ?? ZONES.find(([model]) => model.test(identification))?.[1] ?? DEFAULT_ZONE);

  const object = (code: string): string | undefined => byCode.get(code)?.values.at(-1);
  const checked = <T>(
    code: string,
    read: (value: string) => T | undefined,
    expected: string,
  ): T | undefined => {
    const line = byCode.get(code);
    const value = line?.values.at(-1);
    if (line === undefined || value === undefined || value === '') return undefined;
    const result = read(value);
    if (result === undefined)
      problems.push({ offset: line.offset, problem: `${code}(${value}): ${expected} is expected: left out` });
    return result;
  };
  const energy = (code: string): Energy | undefined =>
    checked(code, energyOf, 'an energy like 000123.456*kWh');
  const power = (code: string): number | undefined => checked(code, wattsOf, 'a power like 00.244*kW');

  const registers: Record<string, Energy> = {};
  /** The register over all tariffs; else the sum of the tariffs, unless a line could not be read. */
  const total = ({ whole: wholeCode, tariffs }: RegisterCodes): Energy | undefined => {
    let sum = 0n;
    let isWhole = wrong.length === 0;
    let any = false;
    for (const { code, name } of tariffs) {
      if (!byCode.has(code)) continue;
      const one = energy(code);
      any = true;
      if (one === undefined) isWhole = false;
      else {
        registers[name] = one;
        sum += one;
      }
    }
    const whole = energy(wholeCode.code);
    if (whole !== undefined) registers[wholeCode.name] = whole;
    return whole ?? (any && isWhole ? Energy(sum) : undefined);
  };
  const imported = total(IMPORT);
  const exported = total(EXPORT);

  const difference = (plus: number | undefined, minus: number | undefined): number | undefined =>
    plus === undefined
      ? minus === undefined || minus === 0
        ? undefined
        : -minus
      : Math.round((plus - (minus ?? 0)) * 1000) / 1000;
  const phases: PhaseReading[] = [];
  for (const { phase, plus, minus, net, voltage, current } of PHASE_CODES) {
    const one: PhaseReading = {
      phase,
      power: difference(power(plus), power(minus)) ?? power(net),
      voltage: checked(voltage, volts, 'a voltage like 230.1*V'),
      current: checked(current, amperes, 'a current like 001*A'),
    };
    if (one.power !== undefined || one.voltage !== undefined || one.current !== undefined) phases.push(one);
  }

  const version = object('1-3:0.2.8');
  const belgian = object('0-0:96.1.4');
  const isBelgian = identification.startsWith('/FLU') || belgian !== undefined;
  const rule: TariffRule | undefined = isBelgian
    ? 'belgium'
    : (zoneName === undefined || zoneName === DEFAULT_ZONE) &&
        byCode.has('1-0:1.8.2') &&
        !byCode.has('1-0:1.8.0') &&
        !ZONES.some(([model]) => model.test(identification))
      ? 'netherlands'
      : undefined;
  const indicator = object('0-0:96.14.0');
  const tariff = indicator && /^\d+$/.test(indicator) ? String(Number(indicator)) : indicator || undefined;

  return {
    format: 'p1',
    variant:
      belgian !== undefined ? `eMUCS ${belgian}` : version !== undefined ? `DSMR ${version}` : undefined,
    offset: place.offset,
    length: place.length,
    meter: identityOf(
      ['0-0:96.1.1', '0-0:96.1.0', '0-0:96.1.255', '0-0:42.0.0', '1-0:0.0.0']
        .map(object)
        .find((value) => value),
    ),
    at: checked('0-0:1.0.0', (value) => stampOf(value, zone), 'a time like 240401120000S'),
    power: difference(power('1-0:1.7.0'), power('1-0:2.7.0')) ?? power('1-0:16.7.0'),
    imported,
    exported,
    registers,
    phases,
    tariff,
    tariffName: rule && tariff !== undefined ? TARIFF_NAMES[rule][tariff] : undefined,
    attached: attachedOf(byCode, zone),
    peaks: peaksOf(byCode, zone),
    problems,
  };
};

const CHANNELS = [1, 2, 3, 4].map((channel) => ({
  channel,
  type: `0-${channel}:24.1.0`,
  ids: [`0-${channel}:96.1.0`, `0-${channel}:96.1.1`],
  values: [`0-${channel}:24.2.1`, `0-${channel}:24.2.3`] as const,
  older: `0-${channel}:24.3.0`,
}));

/** The M-Bus meters behind it, by their device type: a channel's number says nothing of what is on it. */
const attachedOf = (
  byCode: ReadonlyMap<string, ObisLine>,
  zone: LocalZone,
): readonly AttachedReading[] | undefined => {
  const attached: AttachedReading[] = [];
  for (const { channel, type: typeCode, ids, values, older: olderCode } of CHANNELS) {
    const type = byCode.get(typeCode)?.values[0];
    if (!type || !/^\d{1,3}$/.test(type)) continue;
    const id = ids.map((code) => byCode.get(code)?.values[0]);
    const current = byCode.get(values[0]) ?? byCode.get(values[1]);
    // DSMR 2.2 and 3: (stamp)(status)(minutes)(count)(code)(unit) and, on a line of its own, (value).
    const older = byCode.get(olderCode);
    const value =
      current !== undefined
        ? measured(current.values[1])
        : older !== undefined
          ? { number: older.values.at(-1) ?? '', unit: older.values.at(-2) ?? '' }
          : undefined;
    const number = value === undefined ? undefined : decimal(value.number);
    const stamp = (current ?? older)?.values[0];
    attached.push({
      channel,
      kind: KINDS[Number(type)] ?? `type ${Number(type)}`,
      meter: identityOf(id.find((one) => one)),
      at: number === undefined || stamp === undefined ? undefined : stampOf(stamp, zone),
      value: number,
      unit: number === undefined ? undefined : value?.unit,
    });
  }
  return attached.length > 0 ? attached : undefined;
};

/** eMUCS 1.7.1: 1.4.0 the quarter under way, 1.6.0 the month's highest, 98.1.0 those of the 13 months before. */
const peaksOf = (byCode: ReadonlyMap<string, ObisLine>, zone: LocalZone): MeterReading['peaks'] => {
  const current = wattsOf(byCode.get('1-0:1.4.0')?.values[0]);
  const monthly = byCode.get('1-0:1.6.0')?.values ?? [];
  const month = wattsOf(monthly[1]);
  const list = byCode.get('0-0:98.1.0')?.values ?? [];
  const months: PeakPower[] = [];
  if (list[1] === '1-0:1.6.0')
    for (let at = 3; at + 2 < list.length; at += 3) {
      const power = wattsOf(list[at + 2]);
      if (power !== undefined) months.push({ at: stampOf(list[at + 1] ?? '', zone), power });
    }
  if (current === undefined && month === undefined && months.length === 0) return undefined;
  return {
    current,
    month: month === undefined ? undefined : { at: stampOf(monthly[0] ?? '', zone), power: month },
    months: months.length > 0 ? months : undefined,
  };
};
