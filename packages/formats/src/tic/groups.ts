/**
 * The groups of a TIC frame: `LF label separator [date separator] data separator checksum CR`.
 *
 * The checksum is the sum of the characters, six bits of it, plus 0x20 (Enedis-NOI-CPT_54E, 5.2.3 and 6.1.3): from the
 * label to the data without the last separator in the historic mode, with it in the standard mode. It may itself be a
 * space, so nothing is ever trimmed.
 */
import type { FormatProblem } from '../reading.ts';
import { HISTORIC_LABELS, STANDARD_LABELS } from './labels.ts';

type TicMode = 'historique' | 'standard';

export interface TicGroup {
  readonly label: string;
  readonly data: string;
  /** Date and time as they were sent, `SAAMMJJhhmmss`. */
  readonly date?: string | undefined;
}

export interface TicGroups {
  readonly mode: TicMode | undefined;
  readonly groups: ReadonlyMap<string, TicGroup>;
  readonly problems: readonly FormatProblem[];
}

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const DATE = /^[EHeh ]\d{12}$/;

const shown = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
};

const checksum = (bytes: Uint8Array, from: number, to: number): number => {
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at] ?? 0;
  return (sum & 0x3f) + 0x20;
};

/** Reads one group, or says what is wrong with it. */
const groupOf = (bytes: Uint8Array, from: number, to: number): (TicGroup & { mode: TicMode }) | string => {
  const separator = bytes[to - 2];
  if (to - from < 4 || (separator !== HT && separator !== SP))
    return `${shown(bytes.subarray(from, to))} is no group: a separator and a checksum are expected at its end`;
  const mode = separator === HT ? 'standard' : 'historique';
  const given = bytes[to - 1] ?? 0;
  const expected = checksum(bytes, from, mode === 'standard' ? to - 1 : to - 2);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - 2 - from).toString('latin1');
  const separatorText = mode === 'standard' ? '\t' : ' ';
  const end = text.indexOf(separatorText);
  const label = end < 0 ? text : text.slice(0, end);
  if (given !== expected)
    return `group ${JSON.stringify(text)}: its checksum is ${JSON.stringify(String.fromCharCode(given))}, expected ${JSON.stringify(String.fromCharCode(expected))}: left out`;
  if (end < 1) return `group ${JSON.stringify(text)} has no data: left out`;
  const known = (mode === 'standard' ? STANDARD_LABELS : HISTORIC_LABELS).get(label);
  if (!known) return `group ${JSON.stringify(text)}: no label of the ${mode} mode: left out`;
  const rest = text.slice(end + 1);
  const middle = known.isDated ? rest.indexOf('\t') : -1;
  const date = middle < 0 ? undefined : rest.slice(0, middle);
  const data = rest.slice(middle + 1);
  if (known.isDated && (date === undefined || !DATE.test(date)))
    return `group ${JSON.stringify(text)}: a date like E240401120000 and data are expected: left out`;
  if (!known.data.test(data))
    return `group ${JSON.stringify(text)}: data of the form ${known.data.source} is expected: left out`;
  return { mode, label, data, date };
};

/** Reads the groups between STX and ETX; `offset` is the place of `bytes[0]` in the whole input. */
export const readGroups = (bytes: Uint8Array, offset: number): TicGroups => {
  const groups = new Map<string, TicGroup>();
  const problems: FormatProblem[] = [];
  let mode: TicMode | undefined;
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at];
    if (at < bytes.length && byte !== LF && byte !== CR) continue;
    if (at > from) {
      const group = groupOf(bytes, from, at);
      if (typeof group === 'string') problems.push({ offset: offset + from, problem: group });
      else if (mode !== undefined && mode !== group.mode)
        problems.push({
          offset: offset + from,
          problem: `group ${group.label} of the ${group.mode} mode in a frame of the ${mode} mode: left out`,
        });
      else if (groups.has(group.label) && groups.get(group.label)?.data !== group.data) {
        // One of the two is another label with a fault that the checksum does not show: neither is believed.
        groups.set(group.label, { label: group.label, data: '', date: undefined });
        problems.push({
          offset: offset + from,
          problem: `group ${group.label} comes twice and differs: both left out`,
        });
      } else {
        mode = group.mode;
        groups.set(group.label, { label: group.label, data: group.data, date: group.date });
      }
    }
    from = at + 1;
  }
  return { mode, groups, problems };
};
