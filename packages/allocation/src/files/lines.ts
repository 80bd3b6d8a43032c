/** A file's bytes as lines and fields: UTF-8 with or without a byte order mark, LF or CR LF, quotes as in RFC 4180. */
import { FileRefused } from './file-error.ts';

const LF = 10;
const CR = 13;
/** Bytes of a line; a file without line ends is none. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** Takes bytes in pieces of any size and gives the lines, without what ends them. */
export interface LineSplitter {
  readonly push: (bytes: Uint8Array) => void;
  /** The file has ended; what follows the last line end is a line too. */
  readonly end: () => void;
}

/** @param onLine gets a view that is valid during the call only; lines count from 1 */
export const createLineSplitter = (
  file: string,
  onLine: (line: Uint8Array, number: number) => void,
): LineSplitter => {
  let rest: Uint8Array = new Uint8Array();
  let number = 0;
  const give = (line: Uint8Array): void => {
    number++;
    const start = number === 1 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0;
    if (number === 1 && ((line[0] === 0xff && line[1] === 0xfe) || (line[0] === 0xfe && line[1] === 0xff)))
      throw new FileRefused(file, 1, 'The file is UTF-16. Save it as UTF-8.');
    onLine(line.subarray(start, line.at(-1) === CR ? line.length - 1 : line.length), number);
  };
  return {
    push: (bytes) => {
      let from = 0;
      for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
        const line = bytes.subarray(from, end);
        if (rest.length === 0) give(line);
        else {
          const whole = new Uint8Array(rest.length + line.length);
          whole.set(rest);
          whole.set(line, rest.length);
          rest = new Uint8Array();
          give(whole);
        }
        from = end + 1;
      }
      const left = new Uint8Array(rest.length + bytes.length - from);
      left.set(rest);
      left.set(bytes.subarray(from), rest.length);
      rest = left;
      if (rest.length > LONGEST_LINE)
        throw new FileRefused(
          file,
          number + 1,
          `The line is longer than ${LONGEST_LINE} bytes: no line ends?`,
        );
    },
    end: () => {
      if (rest.length > 0) give(rest);
      rest = new Uint8Array();
    },
  };
};

const decoder = new TextDecoder('utf-8', { fatal: true });
/** Operators' portals write names in the code page of Windows, too. */
const fallback = new TextDecoder('windows-1252');

/** The text of a line: UTF-8, or what Windows made of it. */
export const textOf = (line: Uint8Array): string => {
  try {
    return decoder.decode(line);
  } catch {
    return fallback.decode(line);
  }
};

/** The fields of a line, trimmed; a separator may stand in quotes, and a quote in them is doubled. */
export const fieldsOf = (line: string, separator: string): readonly string[] => {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (line[i + 1] === '"') {
        field += '"';
        i++;
      } else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === separator) {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  fields.push(field.trim());
  return fields;
};

/** What may separate columns, the surest first. */
export const SEPARATORS = [';', '\t', ','] as const;
