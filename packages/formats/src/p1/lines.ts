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

const CR = 0x0d;
const CODE = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&.]\d{1,3})?$/;
/** Telegrams without the medium and channel of the code, as some older meters write them. */
const SHORT = /^([\dA-Z]{1,2})\.(\d{1,3})\.(\d{1,3})(?:[*&]\d{1,3})?$/;

/** Codes as they were written, and without group F and leading zeros: a meter has the same few in every telegram. */
const known = new Map<string, string | undefined>();
const MOST_KNOWN = 2000;

const codeOf = (text: string): string | undefined => {
  if (known.has(text)) return known.get(text);
  const [, a = '', b = '', c = '', d = '', e = ''] = CODE.exec(text) ?? [];
  const [, shortC = '', shortD = '', shortE = ''] = SHORT.exec(text) ?? [];
  const code =
    a !== ''
      ? `${Number(a)}-${Number(b)}:${Number(c)}.${Number(d)}.${Number(e)}`
      : shortC !== ''
        ? `1-0:${shortC}.${Number(shortD)}.${Number(shortE)}`
        : undefined;
  if (text.length <= 24 && known.size < MOST_KNOWN) known.set(text, code);
  return code;
};

/** `(a)(b)` → a, b; undefined when the parentheses are not in pairs. */
const valuesOf = (text: string): readonly string[] | undefined => {
  // Most lines have one.
  const second = text.indexOf('(', 1);
  if (second < 0) return text.indexOf(')') === text.length - 1 ? [text.slice(1, -1)] : undefined;
  const values = text.slice(1, -1).split(')(');
  for (const value of values) if (value.includes('(') || value.includes(')')) return undefined;
  return values;
};

const lineOf = (text: string, offset: number): ObisLine | undefined => {
  const open = text.indexOf('(');
  if (open < 1 || text.charCodeAt(text.length - 1) !== 0x29) return undefined;
  const code = codeOf(text.slice(0, open));
  const values = code === undefined ? undefined : valuesOf(text.slice(open));
  return code === undefined || values === undefined ? undefined : { code, values, offset };
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
    const last = text.charCodeAt(end - 1) === CR ? end - 1 : end;
    const line = text.slice(from, last).trim();
    const at = offset + from;
    from = end + 1;
    if (line === '') continue;
    const previous = lines.at(-1);
    const more = previous && line.startsWith('(') && line.endsWith(')') ? valuesOf(line) : undefined;
    if (previous && more) {
      lines[lines.length - 1] = { ...previous, values: [...previous.values, ...more] };
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
