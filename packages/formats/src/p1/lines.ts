/**
 * The lines of a DSMR telegram: `A-B:C.D.E*F(value*unit)(value)…` (DSMR P1 companion standard 5.0.2, section 6; the
 * data lines are IEC 62056-21's). A line that begins with a parenthesis goes on with the one before (DSMR 2.2 and 3).
 */
import type { FormatProblem } from '../reading.ts';

export interface ObisLine {
  /** The code without the group F: `1-0:1.8.0`. */
  readonly code: string;
  readonly values: readonly string[];
  readonly offset: number;
}

const LINE = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&.](\d{1,3}))?((?:\([^()]*\))+)$/;
/** Telegrams without the medium and channel of the code, as some older meters write them. */
const SHORT = /^([\dA-Z]{1,2})\.(\d{1,3})\.(\d{1,3})(?:[*&](\d{1,3}))?((?:\([^()]*\))+)$/;

const valuesOf = (text: string): readonly string[] => text.slice(1, -1).split(')(');

const lineOf = (text: string, offset: number): ObisLine | undefined => {
  const match = LINE.exec(text);
  if (match) {
    const [, a = '', b = '', c = '', d = '', e = '', , values = ''] = match;
    return {
      code: `${Number(a)}-${Number(b)}:${Number(c)}.${Number(d)}.${Number(e)}`,
      values: valuesOf(values),
      offset,
    };
  }
  const short = SHORT.exec(text);
  if (!short) return undefined;
  const [, c = '', d = '', e = '', , values = ''] = short;
  return { code: `1-0:${c}.${Number(d)}.${Number(e)}`, values: valuesOf(values), offset };
};

/** Splits the text between the identification and the end mark; `offset` is the place of its first byte. */
export const readLines = (
  text: string,
  offset: number,
): { readonly lines: readonly ObisLine[]; readonly problems: readonly FormatProblem[] } => {
  const lines: ObisLine[] = [];
  const problems: FormatProblem[] = [];
  let from = 0;
  while (from < text.length) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    const raw = text.slice(from, end);
    const line = raw.trim();
    const at = offset + from;
    from = end + 1;
    if (line === '') continue;
    const previous = lines.at(-1);
    if (line.startsWith('(') && line.endsWith(')') && previous) {
      lines[lines.length - 1] = { ...previous, values: [...previous.values, ...valuesOf(line)] };
      continue;
    }
    const one = lineOf(line, at);
    if (one) lines.push(one);
    else
      problems.push({
        offset: at,
        problem: `${JSON.stringify(line.length > 60 ? `${line.slice(0, 57)}...` : line)} is no line like 1-0:1.8.0(000123.456*kWh): left out`,
      });
  }
  return { lines, problems };
};
