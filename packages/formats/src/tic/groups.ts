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
  readonly date: string | undefined;
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

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** Reads the groups between STX and ETX; `offset` is the place of `text[0]` in the whole input. */
export const readGroups = (text: string, offset: number): TicGroups => {
  const groups = new Map<string, TicGroup>();
  const problems: FormatProblem[] = [];
  let mode: TicMode | undefined;
  let from = 0;

  /** Takes the group from `from` to `to`, whose characters add up to `sum`; gives what is wrong with it. */
  const take = (to: number, sum: number): string | undefined => {
    const separator = text.charCodeAt(to - 2);
    if (to - from < 4 || (separator !== HT && separator !== SP))
      return `${shown(text.slice(from, to))} is no group: a separator and a checksum are expected at its end`;
    const isStandard = separator === HT;
    const given = text.charCodeAt(to - 1);
    const expected = ((sum - given - (isStandard ? 0 : SP)) & 0x3f) + 0x20;
    if (given !== expected)
      return `group ${shown(text.slice(from, to - 2))}: its checksum is ${JSON.stringify(String.fromCharCode(given))}, expected ${JSON.stringify(String.fromCharCode(expected))}: left out`;
    const end = text.indexOf(isStandard ? '\t' : ' ', from);
    if (end <= from || end >= to - 2) return `group ${shown(text.slice(from, to - 2))} has no data: left out`;
    const own = isStandard ? 'standard' : 'historique';
    const label = text.slice(from, end);
    const known = (isStandard ? STANDARD_LABELS : HISTORIC_LABELS).get(label);
    if (!known) return `group ${shown(text.slice(from, to - 2))}: no label of the ${own} mode: left out`;
    let date: string | undefined;
    let dataFrom = end + 1;
    if (known.isDated) {
      const middle = text.indexOf('\t', dataFrom);
      if (middle >= 0 && middle <= to - 2) {
        date = text.slice(dataFrom, middle);
        dataFrom = middle + 1;
      }
      if (date === undefined || dataFrom > to - 2 || !DATE.test(date))
        return `group ${shown(text.slice(from, to - 2))}: a date like E240401120000 and data are expected: left out`;
    }
    const data = text.slice(dataFrom, to - 2);
    if (!known.is(data))
      return `group ${shown(text.slice(from, to - 2))}: its data is expected to be ${known.words}: left out`;
    if (mode !== undefined && mode !== own)
      return `group ${label} of the ${own} mode in a frame of the ${mode} mode: left out`;
    const before = groups.get(label);
    if (before && before.data !== data) {
      // One of the two is another label with a fault that the checksum does not show: neither is believed.
      groups.set(label, { label, data: '', date: undefined });
      return `group ${label} comes twice and differs: both left out`;
    }
    mode = own;
    groups.set(label, { label, data, date });
    return undefined;
  };

  let sum = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : CR;
    if (code !== LF && code !== CR) {
      sum += code;
      continue;
    }
    const problem = at > from ? take(at, sum) : undefined;
    if (problem !== undefined) problems.push({ offset: offset + from, problem });
    from = at + 1;
    sum = 0;
  }
  return { mode, groups, problems };
};
