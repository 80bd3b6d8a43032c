/**
 * OCMF: signed readings of charging points (OCMF 1.4.1). In text, in the XML of the transparency software
 * (`<signedData>` beside `<publicKey>`), or inside the strings of any JSON, as OCPP carries it.
 */
import { Energy, Instant } from '@daisee/units';
import { scaledDecimal } from '../decimal.ts';
import { wallClock } from '../local-time.ts';
import type { FormatProblem, MeterReading } from '../reading.ts';
import { childOf, everyElement, parseXml, XmlMalformed } from '../xml.ts';
import { nextRecord, sectionsAt } from './record.ts';
import { DEFAULT_ALGORITHM, verifySignature } from './signature.ts';

export interface OcmfOptions {
  /**
   * The key that a meter's signatures are checked with, by the serial number of the meter (MS) or the gateway (GS): hex
   * or base64 of a SubjectPublicKeyInfo or of the point. Undefined where none is known.
   */
  readonly publicKeyOf?: ((serial: string) => string | undefined) | undefined;
}

/** A number as it was written: a rewritten one may have lost digits. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

const objectOf = (bytes: Uint8Array): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'), function keep(
      _key: string,
      parsed: unknown,
      context?: { readonly source?: string },
    ) {
      return typeof parsed === 'number' && context?.source !== undefined
        ? new NumberText(context.source)
        : parsed;
    } as (this: unknown, key: string, value: unknown) => unknown);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : value instanceof NumberText ? value.text : undefined;

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[,.](\d{1,3}))?(Z|[+-]\d\d:?\d\d) ?([UISR])?$/;

interface OcmfTime {
  readonly at: Instant;
  /** U and I: the clock is not synchronised. */
  readonly isDoubtful: boolean;
}

const timeOf = (text: string | undefined): OcmfTime | undefined => {
  const match = TIME.exec(text ?? '');
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const wall = wallClock({ year, month, day, hour, minute, second });
  if (wall === undefined) return undefined;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)$/.exec(match[8] ?? '') ?? [];
  const offset = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return {
    at: Instant(wall + Number((match[7] ?? '0').padEnd(3, '0')) - offset * 60_000),
    isDoubtful: match[9] !== 'S' && match[9] !== 'R',
  };
};

/**
 * What a reading's identification says: the register of import or export over everything (1.8.0, 2.8.0, or OCMF's own
 * B0, B1, C0, C1), or another quantity. `1-b:1.8.0` has a letter for the channel; before 1.4 the groups are decimal, or
 * hexadecimal in two digits each, which is the same for these.
 */
const registerOf = (identification: string): 'import' | 'export' | undefined => {
  const [, c = '', d = '', e = ''] =
    /^[\da-z]{1,3}-[\da-z]{1,3}:([\dA-F]{1,3})\.0?(\d{1,2})\.([\da-z]{1,3})(?:[*.&][\dA-Za-z]{1,3})?$/i.exec(
      identification,
    ) ?? [];
  if (d !== '8' || !/^0{1,2}$|^e$|^FF$/i.test(e)) return undefined;
  const quantity = c.toUpperCase().replace(/^0+(?=.)/, '');
  if (['1', 'B0', 'B1'].includes(quantity)) return 'import';
  return ['2', 'C0', 'C1'].includes(quantity) ? 'export' : undefined;
};

const UNITS: Readonly<Record<string, number>> = { Wh: 6, kWh: 9 };

/** Fields of a reading that hold for the next ones too, unless these have their own. */
const INHERITED = ['TM', 'TX', 'RI', 'RU', 'RT', 'EF', 'ST'];

interface Found {
  readonly record: Uint8Array;
  readonly offset: number;
  readonly publicKey?: string | undefined;
}

const broken = (offset: number, length: number, problem: string): MeterReading => ({
  format: 'ocmf',
  offset,
  length,
  phases: [],
  problems: [{ offset, problem }],
});

/** Signature bytes by their encoding (`SE`). */
const signatureBytes = (text: string, encoding: string): Uint8Array | undefined => {
  const bare = text.replaceAll(/\s/g, '');
  if (encoding === 'base64')
    return /^[A-Za-z0-9+/]+={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined;
  return /^(?:[\da-f]{2})+$/i.test(bare) ? Buffer.from(bare, 'hex') : undefined;
};

/** Readings of one record: one for each instant in it. */
const readingsOf = ({ record, offset, publicKey }: Found, options: OcmfOptions): readonly MeterReading[] => {
  const sections = sectionsAt(record, 0);
  if (typeof sections === 'string') return [broken(offset, record.length, sections)];
  const { length } = sections;
  const payload = objectOf(sections.payload);
  const signature = objectOf(sections.signature);
  if (!payload || !signature)
    return [broken(offset, length, `a record whose ${payload ? 'signature' : 'payload'} is no JSON`)];
  const algorithm = textOf(signature['SA']) ?? DEFAULT_ALGORITHM;
  const meter = textOf(payload['MS']) ?? textOf(payload['GS']);
  const given = [textOf(payload['MS']), textOf(payload['GS'])]
    .map((serial) => (serial === undefined ? undefined : options.publicKeyOf?.(serial)))
    .find((key) => key !== undefined);
  const bytes = signatureBytes(textOf(signature['SD']) ?? '', textOf(signature['SE']) ?? 'hex');
  const verdict = bytes
    ? verifySignature(algorithm, sections.payload, bytes, given ?? publicKey)
    : ({ state: 'invalid', reason: 'SD is no signature' } as const);
  const common = {
    format: 'ocmf' as const,
    variant: textOf(payload['FV']),
    offset,
    length,
    meter,
    phases: [],
    signature: {
      state: verdict.state,
      reason: verdict.reason,
      algorithm,
      key:
        given !== undefined
          ? ('given' as const)
          : publicKey !== undefined
            ? ('of the file' as const)
            : ('none' as const),
      signed: Object.keys(payload),
      unsigned: Object.keys(signature),
      lowS: verdict.state === 'valid' ? verdict.lowS : undefined,
    },
  };
  if (verdict.state === 'invalid')
    return [{ ...common, problems: [{ offset, problem: `${verdict.reason}: nothing of it is taken` }] }];
  const list = payload['RD'];
  if (!Array.isArray(list) || list.length === 0)
    return [{ ...common, problems: [{ offset, problem: 'a record without readings (RD)' }] }];

  const entries: Entry[] = [];
  let previous: Record<string, unknown> = {};
  for (const one of list as readonly unknown[]) {
    if (typeof one !== 'object' || one === null || one instanceof NumberText) {
      entries.push({
        time: undefined,
        reading: { registers: {} },
        problems: [{ offset, problem: 'a reading in RD that is no JSON object' }],
      });
      continue;
    }
    const fields: Record<string, unknown> = { ...previous, ...one };
    previous = Object.fromEntries(INHERITED.map((key) => [key, fields[key]]));
    const time = textOf(fields['TM']);
    const identification = textOf(fields['RI']);
    // Several registers of one instant are one reading; the same register of one instant again is another.
    let entry = entries.at(-1);
    if (
      entry?.time !== time ||
      (identification !== undefined && Object.hasOwn(entry?.reading.registers ?? {}, identification))
    ) {
      entry = { time, reading: { registers: {} }, problems: [] };
      entries.push(entry);
    }
    if (entry) takeReading(fields, entry, offset);
  }
  return entries.map(({ reading: { imported, exported, ...reading }, problems }) => ({
    ...common,
    ...reading,
    imported: imported ?? tariffSum(reading.registers, '1'),
    exported: exported ?? tariffSum(reading.registers, '2'),
    problems,
  }));
};

/** The sum over tariffs of a record that has no register over all of them. */
const tariffSum = (registers: Readonly<Record<string, Energy>>, quantity: '1' | '2'): Energy | undefined => {
  const tariffs = Object.entries(registers).filter(([name]) =>
    new RegExp(`:0?${quantity}\\.0?8\\.0?[1-9](?:[*.][\\dA-F]+)?$`).test(name),
  );
  return tariffs.length === 0 ? undefined : Energy(tariffs.reduce((sum, [, energy]) => sum + energy, 0n));
};

interface Entry {
  readonly time: string | undefined;
  readonly reading: Growing;
  readonly problems: FormatProblem[];
}

interface Growing {
  at?: Instant;
  isClockDoubtful?: boolean | undefined;
  imported?: Energy;
  exported?: Energy;
  registers: Record<string, Energy>;
}

const takeReading = (
  fields: Readonly<Record<string, unknown>>,
  { reading, problems }: { readonly reading: Growing; readonly problems: FormatProblem[] },
  offset: number,
): void => {
  const wrong = (problem: string): void => {
    problems.push({ offset, problem });
  };
  // An exception (X) makes time, energy or both unusable; where EF does not say which, both are.
  const flags = textOf(fields['EF']) ?? '';
  const errors = textOf(fields['TX']) === 'X' && flags === '' ? 'Et' : flags;
  const time = timeOf(textOf(fields['TM']));
  if (!time)
    wrong(
      `TM ${JSON.stringify(textOf(fields['TM']) ?? null)} is no time like 2018-07-24T13:22:04,000+0200 S`,
    );
  else if (errors.includes('t'))
    wrong(
      flags === ''
        ? 'an exception (TX X): its time and energy are not to be used'
        : 'EF: its time is not to be used',
    );
  else {
    reading.at = time.at;
    reading.isClockDoubtful = time.isDoubtful || undefined;
  }
  const status = textOf(fields['ST']);
  const value = textOf(fields['RV'])?.trim();
  const identification = textOf(fields['RI']);
  // RV, RI and RU may be left out where only an event of the meter is told.
  if (value === undefined || identification === undefined) return;
  const exponent = UNITS[textOf(fields['RU']) ?? ''];
  if (exponent === undefined) return;
  if (status !== 'G') {
    wrong(`${identification}: the meter's status is ${JSON.stringify(status ?? null)}, not G: left out`);
    return;
  }
  if (errors.includes('E')) {
    if (flags !== '') wrong(`${identification}: EF says that its energy is not to be used: left out`);
    return;
  }
  const micro = scaledDecimal(value, exponent);
  if (micro === undefined || micro < 0n) {
    wrong(`${identification}: RV ${JSON.stringify(value)} is no energy: left out`);
    return;
  }
  const energy = Energy(micro);
  reading.registers[identification] = energy;
  const kind = registerOf(identification);
  if (kind === 'import') reading.imported ??= energy;
  else if (kind === 'export') reading.exported ??= energy;
};

/** Records in the strings of a JSON value, at any depth. */
const recordsInJson = (value: unknown, add: (text: string) => void, depth = 0): void => {
  if (typeof value === 'string') {
    if (value.trimStart().startsWith('OCMF|')) add(value.trim());
  } else if (typeof value === 'object' && value !== null && depth < 64)
    for (const one of Object.values(value)) recordsInJson(one, add, depth + 1);
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** The records of a file, with the public keys that stand beside them. */
const recordsOf = (file: Uint8Array): readonly (Found | MeterReading)[] => {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.length);
  const text = buffer.toString('utf8');
  const start = text.trimStart().slice(0, 2);
  // Where a container says OCMF for the n-th time is where its n-th record is.
  let place = -1;
  const nextPlace = (): number => {
    place = buffer.indexOf('OCMF|', place + 1, 'latin1');
    return Math.max(0, place);
  };
  if (start.startsWith('<') || text.codePointAt(0) === 0xfeff) {
    const found: Found[] = [];
    for (const element of everyElement(parseXml(text.trim()), 'value')) {
      const data = childOf(element, 'signedData') ?? childOf(element, 'encodedData');
      if (!data) continue;
      const key = childOf(element, 'publicKey')?.text.trim();
      const encoding = data.attributes['encoding']?.toLowerCase();
      const own = data.text.trim();
      const record =
        encoding === 'base64'
          ? Buffer.from(own, 'base64')
          : encoding === 'hex'
            ? Buffer.from(own.replaceAll(/\s/g, ''), 'hex')
            : Buffer.from(own);
      const isPlain = own.startsWith('OCMF|');
      found.push({
        record: isPlain ? Buffer.from(own) : record,
        offset: nextPlace(),
        publicKey: key || undefined,
      });
    }
    return found;
  }
  if (start.startsWith('{') || start.startsWith('[') || start.startsWith('"')) {
    const found: Found[] = [];
    recordsInJson(parsedJson(text), (record) => {
      found.push({ record: Buffer.from(record), offset: nextPlace() });
    });
    return found;
  }
  const found: (Found | MeterReading)[] = [];
  let from = 0;
  for (;;) {
    const at = nextRecord(file, from);
    const end = at < 0 ? file.length : at;
    if (buffer.toString('latin1', from, end).trim() !== '')
      found.push(broken(from, end - from, `${end - from} bytes that belong to no record`));
    if (at < 0) return found;
    const sections = sectionsAt(file, at);
    const next = typeof sections === 'string' ? nextRecord(file, at + 1) : at + sections.length;
    from = next < 0 ? file.length : next;
    found.push({ record: file.subarray(at, from), offset: at });
  }
};

/** Whether a file is OCMF, by its beginning or by what it holds. */
export const isOcmf = (head: string): boolean =>
  /OCMF\|\s*\{/.test(head) || /<(?:signed|encoded)Data\b/.test(head);

/** Reads every record of a file, in order. */
export const readOcmf = function* (
  file: Uint8Array,
  options: OcmfOptions = {},
): Generator<MeterReading, void> {
  let found: readonly (Found | MeterReading)[];
  try {
    found = recordsOf(file);
  } catch (error) {
    if (!(error instanceof XmlMalformed)) throw error;
    yield broken(0, file.length, error.message);
    return;
  }
  for (const one of found) {
    if ('record' in one) yield* readingsOf(one, options);
    else yield one;
  }
};
