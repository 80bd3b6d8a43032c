/** Numbers in files: decimal point or decimal comma, one of them in a file. */
import { type Energy, readKilowattHours } from '@daisee/units';
import { FileRefused } from './file-error.ts';

const [COMMA, POINT, ZERO, NINE, SPACE, TAB, QUOTE] = [44, 46, 48, 57, 32, 9, 34];
/** 10^(9 − decimals): from a kWh's digits to µWh. */
const FACTORS = Array.from({ length: 10 }, (_, decimals) => 10 ** (9 - decimals));
/** Digits that a double holds for certain. */
const DIGITS = 15;
/** µWh that rules take at most (2^50). */
const MOST = 2 ** 50;

/** Reads the kilowatt-hours of one file's fields as whole µWh, and remembers what it saw. */
export interface KilowattHourReader {
  /**
   * The field `line[from]` to `line[end - 1]` of a line of the file; NaN for a blank one.
   * @throws FileRefused
   */
  readonly read: (line: Uint8Array, from: number, end: number, number: number, column: string) => number;
  /** How many had digits below the µWh and were rounded, and the line of the first one. */
  readonly rounded: () => { readonly count: number; readonly line: number };
}

/** @param mayHaveComma false where commas separate columns */
export const createKilowattHourReader = (file: string, mayHaveComma: boolean): KilowattHourReader => {
  let pointLine = 0;
  let commaLine = 0;
  let count = 0;
  let firstRounded = 0;

  const sawMark = (mark: number, number: number): void => {
    if (mark === POINT) pointLine ||= number;
    else commaLine ||= number;
    if (pointLine && commaLine)
      throw new FileRefused(
        file,
        number,
        `A decimal ${mark === POINT ? 'point' : 'comma'}, but line ${mark === POINT ? commaLine : pointLine} has a decimal ${mark === POINT ? 'comma' : 'point'}. Write one of them throughout, and no separators of thousands.`,
      );
  };

  const refuse = (text: string, number: number, column: string): never => {
    throw new FileRefused(
      file,
      number,
      `${column} cannot be ${JSON.stringify(text.slice(0, 40))}: expected kilowatt-hours of 0 or more, like ${mayHaveComma ? '0.25 or 0,25' : '0.25'}. Leave a value that is missing blank.`,
      { column },
    );
  };

  /** Any number that is one: exponents, many digits. */
  const slowly = (line: Uint8Array, from: number, end: number, number: number, column: string): number => {
    const text = String.fromCharCode(...line.subarray(from, Math.min(end, from + 60)))
      .replace(/^"(.*)"$/, '$1')
      .trim();
    if (text === '') return Number.NaN;
    if (text.includes(',') && text.includes('.')) refuse(text, number, column);
    if (text.includes(',')) sawMark(COMMA, number);
    else if (text.includes('.')) sawMark(POINT, number);
    const read = readKilowattHours(text.replace(',', '.').replace(/^\./, '0.'));
    if (!read || read.energy < 0n) return refuse(text, number, column);
    if (read.energy > BigInt(MOST)) return tooMuch(read.energy, number, column);
    if (read.rounded) {
      count++;
      firstRounded ||= number;
    }
    return Number(read.energy);
  };
  const tooMuch = (energy: Energy | number, number: number, column: string): never => {
    throw new FileRefused(
      file,
      number,
      `${column} has ${BigInt(energy) / 1_000_000_000n} kWh in one interval: more than is foreseen (1.1 GWh). Check the unit (kWh, not Wh or W).`,
      { column },
    );
  };

  return {
    read: (line, start, stop, number, column) => {
      let from = start;
      let end = stop;
      while (from < end && (line[from] === SPACE || line[from] === TAB)) from++;
      while (end > from && (line[end - 1] === SPACE || line[end - 1] === TAB)) end--;
      if (from === end) return Number.NaN;
      if (line[from] === QUOTE || end - from > DIGITS + 1) return slowly(line, from, end, number, column);
      let digits = 0;
      let decimals = -1;
      for (let i = from; i < end; i++) {
        const byte = line[i] as number;
        if (byte >= ZERO && byte <= NINE) {
          digits = digits * 10 + byte - ZERO;
          if (decimals >= 0) decimals++;
        } else if ((byte === POINT || byte === COMMA) && decimals < 0 && i > from) {
          decimals = 0;
          if (byte === POINT ? commaLine > 0 || pointLine === 0 : commaLine === 0 || pointLine > 0)
            sawMark(byte, number);
        } else return slowly(line, from, end, number, column);
      }
      if (decimals > 9) return slowly(line, from, end, number, column);
      const energy = digits * (FACTORS[Math.max(0, decimals)] as number);
      return energy > MOST ? tooMuch(energy, number, column) : energy;
    },
    rounded: () => ({ count, line: firstRounded }),
  };
};
