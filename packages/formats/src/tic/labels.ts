/**
 * The labels of the TIC and the form of their data: Enedis-NOI-CPT_54E (Linky, both modes) and Enedis-NOI-CPT_02E (the
 * electronic meters before it). A group whose data has another form is as wrong as one whose checksum is.
 */

/** What the data of a group look like: whether a text is such, and words for it. */
interface Form {
  readonly is: (data: string) => boolean;
  readonly words: string;
}

export interface Label extends Form {
  /** The data is preceded by a date and time (standard mode). */
  readonly isDated?: boolean;
}

/** Exactly so many digits; most groups are such, and this is faster than a pattern. */
const digits = (count: number): Form => ({
  words: `${count} digits`,
  is: (data) => {
    if (data.length !== count) return false;
    for (let at = 0; at < count; at++) {
      const code = data.charCodeAt(at);
      if (code < 0x30 || code > 0x39) return false;
    }
    return true;
  },
});
const like = (pattern: RegExp, words: string): Form => ({ is: (data) => pattern.test(data), words });
const text = (longest: number): Form =>
  like(new RegExp(`^[\\x20-\\x7e]{0,${longest}}$`), `up to ${longest} characters`);
const ENERGY = digits(9);
const ADDRESS = like(/^[\dA-Z]{12}$/, '12 digits');
const CODE = like(/^[\x21-\x7e]{4}$/, '4 characters');
const dated = (form: Form): Label => ({ ...form, isDated: true });

const each = (names: readonly string[], label: Label): Readonly<Record<string, Label>> =>
  Object.fromEntries(names.map((name) => [name, label]));

const numbered = (prefix: string, count: number, width = 1): readonly string[] =>
  Array.from({ length: count }, (_, index) => prefix + String(index + 1).padStart(width, '0'));

/** The ten registers of the supplier's calendar. */
export const SUPPLIER_REGISTERS = numbered('EASF', 10, 2);
/** Those of the standard mode that are kept one by one. */
export const STANDARD_REGISTERS: ReadonlySet<string> = new Set([...SUPPLIER_REGISTERS, 'EAST', 'EAIT']);

export const STANDARD_LABELS: ReadonlyMap<string, Label> = new Map(
  Object.entries({
    ADSC: ADDRESS,
    VTIC: digits(2),
    DATE: dated(like(/^$/, 'nothing')),
    NGTF: text(16),
    LTARF: text(16),
    EAST: ENERGY,
    ...each(SUPPLIER_REGISTERS, ENERGY),
    ...each(numbered('EASD', 4, 2), ENERGY),
    EAIT: ENERGY,
    ...each(numbered('ERQ', 4), ENERGY),
    ...each(numbered('IRMS', 3), digits(3)),
    ...each(numbered('URMS', 3), digits(3)),
    PREF: digits(2),
    PCOUP: digits(2),
    ...each(['SINSTS', ...numbered('SINSTS', 3), 'SINSTI'], digits(5)),
    ...each(
      ['SMAXSN', ...numbered('SMAXSN', 3), 'SMAXSN-1', ...numbered('SMAXSN', 3).map((name) => `${name}-1`)],
      dated(digits(5)),
    ),
    ...each(['SMAXIN', 'SMAXIN-1'], dated(digits(5))),
    ...each(['CCASN', 'CCASN-1', 'CCAIN', 'CCAIN-1'], dated(digits(5))),
    ...each(numbered('UMOY', 3), dated(digits(3))),
    STGE: like(/^[\dA-Fa-f]{8}$/, '8 hexadecimal digits'),
    ...each([...numbered('DPM', 3), ...numbered('FPM', 3)], dated(digits(2))),
    MSG1: text(32),
    MSG2: text(16),
    PRM: digits(14),
    RELAIS: digits(3),
    NTARF: digits(2),
    NJOURF: digits(2),
    'NJOURF+1': digits(2),
    'PJOURF+1': text(98),
    PPOINTE: text(98),
  } satisfies Readonly<Record<string, Label>>),
);

/** Registers of each tariff option; a sum over tariffs needs all of one line. */
const HISTORIC_TARIFFS: readonly (readonly string[])[] = [
  ['BASE'],
  ['HCHC', 'HCHP'],
  ['EJPHN', 'EJPHPM'],
  ['BBRHCJB', 'BBRHPJB', 'BBRHCJW', 'BBRHPJW', 'BBRHCJR', 'BBRHPJR'],
];
/** The registers of the historic mode, each with those of its tariff. */
export const HISTORIC_REGISTERS: ReadonlyMap<string, readonly string[]> = new Map(
  HISTORIC_TARIFFS.flatMap((labels) => labels.map((label) => [label, labels])),
);

export const HISTORIC_LABELS: ReadonlyMap<string, Label> = new Map(
  Object.entries({
    ADCO: ADDRESS,
    OPTARIF: CODE,
    ISOUSC: digits(2),
    ...each(HISTORIC_TARIFFS.flat(), ENERGY),
    GAZ: digits(7),
    AUTRE: digits(7),
    PEJP: digits(2),
    PTEC: CODE,
    DEMAIN: like(/^[\x20-\x7e]{4}$/, '4 characters'),
    ...each(['IINST', ...numbered('IINST', 3)], digits(3)),
    ADPS: digits(3),
    ...each(numbered('ADIR', 3), digits(3)),
    ...each(['IMAX', ...numbered('IMAX', 3)], digits(3)),
    PMAX: digits(5),
    PAPP: digits(5),
    HHPHC: like(/^[\dA-Za-z]$/, 'a letter'),
    MOTDETAT: like(/^[\dA-Za-z]{6}$/, '6 characters'),
    PPOT: like(/^[\dA-Fa-f]{2}$/, '2 hexadecimal digits'),
  } satisfies Readonly<Record<string, Label>>),
);

/** What the tariff periods of the historic mode mean (`PTEC`). */
export const HISTORIC_PERIODS: Readonly<Record<string, string>> = {
  'TH..': 'base',
  'HC..': 'off-peak',
  'HP..': 'peak',
  'HN..': 'normal',
  'PM..': 'mobile peak',
  HCJB: 'off-peak, blue day',
  HCJW: 'off-peak, white day',
  HCJR: 'off-peak, red day',
  HPJB: 'peak, blue day',
  HPJW: 'peak, white day',
  HPJR: 'peak, red day',
};
