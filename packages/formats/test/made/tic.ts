/** TIC frames as meters make them, from labels and data. */

const checksum = (text: string): string => {
  let sum = 0;
  for (const character of text) sum += character.charCodeAt(0);
  return String.fromCharCode((sum & 0x3f) + 0x20);
};

/** `LF label SP data SP checksum CR`; the last separator is not in the sum. */
export const historic = (label: string, data: string): string =>
  `\n${label} ${data} ${checksum(`${label} ${data}`)}\r`;

/** `LF label HT [date HT] data HT checksum CR`; the last separator is in the sum. */
export const standard = (label: string, ...parts: readonly string[]): string => {
  const text = `${[label, ...parts].join('\t')}\t`;
  return `\n${text}${checksum(text)}\r`;
};

export const frame = (...groups: readonly string[]): Buffer =>
  Buffer.from(`\x02${groups.join('')}\x03`, 'latin1');

const registers = (prefix: string, values: readonly number[]): readonly string[] =>
  values.map((value, index) =>
    standard(`${prefix}${String(index + 1).padStart(2, '0')}`, String(value).padStart(9, '0')),
  );

/** A three-phase producer's frame, all groups of the standard mode. */
export const fullStandard = (): readonly string[] => [
  standard('ADSC', '041967000123'),
  standard('VTIC', '02'),
  standard('DATE', 'E240701123456', ''),
  standard('NGTF', ' H PLEINE-CREUSE'),
  standard('LTARF', '  HEURE  CREUSE '),
  standard('EAST', '000001500'),
  ...registers('EASF', [1000, 500, 0, 0, 0, 0, 0, 0, 0, 0]),
  ...registers('EASD', [1000, 500, 0, 0]),
  standard('EAIT', '000000777'),
  ...[1, 2, 3, 4].map((index) => standard(`ERQ${index}`, '000000012')),
  ...[1, 2, 3].map((phase) => standard(`IRMS${phase}`, `00${phase}`)),
  ...[1, 2, 3].map((phase) => standard(`URMS${phase}`, `23${phase}`)),
  standard('PREF', '12'),
  standard('PCOUP', '12'),
  standard('SINSTS', '01234'),
  standard('SINSTS1', '00400'),
  standard('SINSTS2', '00400'),
  standard('SINSTS3', '00434'),
  ...['SMAXSN', 'SMAXSN1', 'SMAXSN2', 'SMAXSN3', 'SMAXSN-1', 'SMAXSN1-1', 'SMAXSN2-1', 'SMAXSN3-1'].map(
    (label) => standard(label, 'E240701080000', '02345'),
  ),
  standard('SINSTI', '00000'),
  standard('SMAXIN', 'E240701080000', '00100'),
  standard('SMAXIN-1', 'E240630080000', '00100'),
  standard('CCASN', 'E240701120000', '01200'),
  standard('CCASN-1', 'E240701113000', '01100'),
  standard('CCAIN', 'E240701120000', '00000'),
  standard('CCAIN-1', 'E240701113000', '00000'),
  ...[1, 2, 3].map((phase) => standard(`UMOY${phase}`, 'E240701123000', '231')),
  standard('STGE', '003A4401'),
  standard('DPM1', 'E240701123000', '00'),
  standard('FPM1', 'E240701123000', '00'),
  standard('MSG1', '     PAS DE          MESSAGE    '),
  standard('MSG2', 'MESSAGE COURT   '),
  standard('PRM', '01234567890123'),
  standard('RELAIS', '000'),
  standard('NTARF', '02'),
  standard('NJOURF', '00'),
  standard('NJOURF+1', '00'),
  standard('PJOURF+1', `00008001 ${'NONUTILE '.repeat(9)}`),
  standard('PPOINTE', `00008001 ${'NONUTILE '.repeat(9)}`),
];

export const historicBase = (): readonly string[] => [
  historic('ADCO', '812164417000'),
  historic('OPTARIF', 'BASE'),
  historic('ISOUSC', '15'),
  historic('BASE', '012345678'),
  historic('PTEC', 'TH..'),
  historic('IINST', '003'),
  historic('IMAX', '090'),
  historic('PAPP', '00730'),
  historic('HHPHC', 'A'),
  historic('MOTDETAT', '000000'),
];
