/**
 * The labels of the TIC and the form of their data: Enedis-NOI-CPT_54E (Linky, both modes) and Enedis-NOI-CPT_02E (the
 * electronic meters before it). A group whose data has another form is as wrong as one whose checksum is.
 */

export interface Label {
  /** The data is preceded by a date and time (standard mode). */
  readonly isDated?: boolean;
  readonly data: RegExp;
}

const digits = (count: number): RegExp => new RegExp(`^\\d{${count}}$`);
const ENERGY = digits(9);
const text = (longest: number): RegExp => new RegExp(`^[\\x20-\\x7e]{0,${longest}}$`);
const undated = (data: RegExp): Label => ({ data });
const dated = (data: RegExp): Label => ({ isDated: true, data });

const each = (names: readonly string[], label: Label): Readonly<Record<string, Label>> =>
  Object.fromEntries(names.map((name) => [name, label]));

const numbered = (prefix: string, count: number, width = 1): readonly string[] =>
  Array.from({ length: count }, (_, index) => prefix + String(index + 1).padStart(width, '0'));

/** The ten registers of the supplier's calendar. */
export const SUPPLIER_REGISTERS = numbered('EASF', 10, 2);

export const STANDARD_LABELS: ReadonlyMap<string, Label> = new Map(
  Object.entries({
    ADSC: undated(/^[\dA-Z]{12}$/),
    VTIC: undated(digits(2)),
    DATE: dated(/^$/),
    NGTF: undated(text(16)),
    LTARF: undated(text(16)),
    EAST: undated(ENERGY),
    ...each(SUPPLIER_REGISTERS, undated(ENERGY)),
    ...each(numbered('EASD', 4, 2), undated(ENERGY)),
    EAIT: undated(ENERGY),
    ...each(numbered('ERQ', 4), undated(ENERGY)),
    ...each(numbered('IRMS', 3), undated(digits(3))),
    ...each(numbered('URMS', 3), undated(digits(3))),
    PREF: undated(digits(2)),
    PCOUP: undated(digits(2)),
    ...each(['SINSTS', ...numbered('SINSTS', 3), 'SINSTI'], undated(digits(5))),
    ...each(
      ['SMAXSN', ...numbered('SMAXSN', 3), 'SMAXSN-1', ...numbered('SMAXSN', 3).map((name) => `${name}-1`)],
      dated(digits(5)),
    ),
    ...each(['SMAXIN', 'SMAXIN-1'], dated(digits(5))),
    ...each(['CCASN', 'CCASN-1', 'CCAIN', 'CCAIN-1'], dated(digits(5))),
    ...each(numbered('UMOY', 3), dated(digits(3))),
    STGE: undated(/^[\dA-Fa-f]{8}$/),
    ...each([...numbered('DPM', 3), ...numbered('FPM', 3)], dated(digits(2))),
    MSG1: undated(text(32)),
    MSG2: undated(text(16)),
    PRM: undated(digits(14)),
    RELAIS: undated(digits(3)),
    NTARF: undated(digits(2)),
    NJOURF: undated(digits(2)),
    'NJOURF+1': undated(digits(2)),
    'PJOURF+1': undated(text(98)),
    PPOINTE: undated(text(98)),
  } satisfies Readonly<Record<string, Label>>),
);

/** Registers of each tariff option; a sum over tariffs needs all of one line. */
export const HISTORIC_TARIFFS: readonly (readonly string[])[] = [
  ['BASE'],
  ['HCHC', 'HCHP'],
  ['EJPHN', 'EJPHPM'],
  ['BBRHCJB', 'BBRHPJB', 'BBRHCJW', 'BBRHPJW', 'BBRHCJR', 'BBRHPJR'],
];

export const HISTORIC_LABELS: ReadonlyMap<string, Label> = new Map(
  Object.entries({
    ADCO: undated(/^[\dA-Z]{12}$/),
    OPTARIF: undated(/^[\x21-\x7e]{4}$/),
    ISOUSC: undated(digits(2)),
    ...each(HISTORIC_TARIFFS.flat(), undated(ENERGY)),
    GAZ: undated(digits(7)),
    AUTRE: undated(digits(7)),
    PEJP: undated(digits(2)),
    PTEC: undated(/^[\x21-\x7e]{4}$/),
    DEMAIN: undated(/^[\x20-\x7e]{4}$/),
    ...each(['IINST', ...numbered('IINST', 3)], undated(digits(3))),
    ADPS: undated(digits(3)),
    ...each(numbered('ADIR', 3), undated(digits(3))),
    ...each(['IMAX', ...numbered('IMAX', 3)], undated(digits(3))),
    PMAX: undated(digits(5)),
    PAPP: undated(digits(5)),
    HHPHC: undated(/^[\dA-Za-z]$/),
    MOTDETAT: undated(/^[\dA-Za-z]{6}$/),
    PPOT: undated(/^[\dA-Fa-f]{2}$/),
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
