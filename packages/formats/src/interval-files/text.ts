/** Bytes to text, and text to the cells of separated values, as operators write them. */
import { IntervalFileWrong } from './interval-file.ts';

const decoded = (bytes: Uint8Array, encoding: string, isFatal = false): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: isFatal }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
};

/**
 * The text of a file: UTF-8 or UTF-16 (with a byte order mark, or with a zero in every second byte), else Windows-1252,
 * which holds every text of Latin-1.
 */
export const textOf = (bytes: Uint8Array): string => {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decoded(bytes, 'utf-16le') ?? '';
  if (first === 0xfe && second === 0xff) return decoded(bytes, 'utf-16be') ?? '';
  if (second === 0 && bytes[3] === 0 && first !== 0) return decoded(bytes, 'utf-16le') ?? '';
  // TextDecoder takes the byte order mark away.
  return decoded(bytes, 'utf-8', true) ?? decoded(bytes, 'windows-1252') ?? '';
};

export interface Row {
  readonly cells: readonly string[];
  /** From 1. */
  readonly line: number;
}

/** Cells of a line; double quotes around a cell hold separators and, doubled, themselves (RFC 4180). */
const cellsOf = (text: string, separator: string): readonly string[] => {
  if (!text.includes('"')) return text.split(separator);
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') {
      if (isQuoted && text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = !isQuoted;
    } else if (character === separator && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  return [...cells, cell];
};

/** The separator that most lines have: a semicolon or tab wins over commas, which may be decimal. */
const separatorOf = (lines: readonly string[]): string => {
  const count = (separator: string): number => lines.filter((line) => line.includes(separator)).length;
  const [best] = [';', '\t', ','].toSorted((a, b) => count(b) - count(a));
  return count(';') * 2 >= lines.length ? ';' : (best ?? ';');
};

/** The rows of a text, empty lines left out, cells without the white space around them. */
export const rowsOf = (text: string): readonly Row[] => {
  const lines = text.split(/\r\n|\n|\r/);
  const filled = lines.filter((line) => line.trim() !== '');
  const separator = separatorOf(filled.slice(0, 200));
  const rows: Row[] = [];
  for (const [index, line] of lines.entries()) {
    // Excel's own first line.
    if (line.trim() === '' || /^sep=.$/i.test(line.trim())) continue;
    rows.push({ cells: cellsOf(line, separator).map((cell) => cell.trim()), line: index + 1 });
  }
  return rows;
};

/** A JSON text. @throws IntervalFileWrong */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new IntervalFileWrong(
      `JSON that cannot be read (${error.message})`,
      'a whole JSON document: was the file cut off?',
      undefined,
      error,
    );
  }
};
