/**
 * Rows of samples as bytes, without a text in between. A day has ten thousand, and texts of its numbers live until V8's
 * old generation is collected: with some clients at once they took half of the monitor's memory.
 */
import type { PowerAt } from '../../store/store.ts';
import type { Asked } from '../measured/by-rate.ts';
import { isNight } from '../measured/pricing.ts';
import { row } from './answers.ts';

const ZERO = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;
/** Bytes of the longest row, whatever its numbers. */
const LONGEST = 256;
/** What has no more digits is the shortest text of its float, and no float has two of them (IEEE 754, 15 digits). */
const EXACT = 1e15;
/** Below, Python writes an exponent. */
const SMALLEST = 1e-4;

/** Bytes that are written one after the other. */
interface Line {
  readonly bytes: Buffer;
  at: number;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

const put = (line: Line, part: Buffer): void => {
  const { bytes } = line;
  let { at } = line;
  for (let i = 0; i < part.length; i++) bytes[at++] = part[i] ?? 0;
  line.at = at;
};

/** The last `count` digits of an integer below 2^31. */
const putLast = (line: Line, integer: number, count: number): void => {
  const { bytes, at } = line;
  let rest = integer;
  for (let i = at + count - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + rest - next * 10;
    rest = next;
  }
  line.at = at + count;
};

/** A whole number of zero or more, below `EXACT`. */
const putWhole = (line: Line, whole: number): void => {
  if (whole >= 1e9) {
    // Integers of 32 bits are divided in a fraction of the time that others take.
    const high = Math.floor(whole / 1e9);
    putWhole(line, high);
    putLast(line, whole - high * 1e9, 9);
    return;
  }
  let count = 1;
  for (let power = 10; power <= whole; power *= 10) count++;
  putLast(line, whole, count);
};

/** What follows the point, without zeros at its end; it has `places` digits with them. */
const putFraction = (line: Line, fraction: number, places: number): void => {
  line.bytes[line.at++] = POINT;
  putLast(line, fraction, places);
  while (line.bytes[line.at - 1] === ZERO) line.at--;
};

/** Whether `float` and `timestamp` (`json.ts`) write these numbers as their decimals. */
const isPlain = ({ id, at, power }: PowerAt, micro: number): boolean =>
  micro / 1e6 === power &&
  Math.abs(micro) < EXACT &&
  (power === 0 || Math.abs(power) >= SMALLEST) &&
  Number.isInteger(at) &&
  at >= 0 &&
  at < EXACT &&
  id >= 0 &&
  id < EXACT;

const ID = bytesOf('{"id": ');
const TIMESTAMP = bytesOf(', "timestamp": ');
const NIGHT = bytesOf(', "night_rate": 1}');
const DAY = bytesOf(', "night_rate": 0}');
const NEXT = bytesOf(', ');

/** Where rows are written: one for all, since nobody else has a turn meanwhile. */
let paper = Buffer.alloc(0);

/** Rows with commas between them, as many `row`s would be, after a text of ASCII. */
export const rowsOf = (asked: Asked, samples: readonly PowerAt[], before: string): Buffer => {
  const most = before.length + samples.length * LONGEST;
  if (paper.length < most) paper = Buffer.allocUnsafeSlow(most);
  const line: Line = { bytes: paper, at: 0 };
  put(line, bytesOf(before));
  const value = bytesOf(`, "sensor_id": ${asked.sensorId}, "value": `);
  let isFirst = true;
  for (const sample of samples) {
    const { id, at, power } = sample;
    if (!isFirst) put(line, NEXT);
    isFirst = false;
    const micro = Math.round(power * 1e6);
    if (!isPlain(sample, micro)) {
      line.at += line.bytes.write(row(asked, sample), line.at, 'latin1');
      continue;
    }
    put(line, ID);
    putWhole(line, id);
    put(line, value);
    if (micro < 0) line.bytes[line.at++] = MINUS;
    const size = Math.abs(micro);
    const watts = Math.floor(size / 1e6);
    putWhole(line, watts);
    const below = size - watts * 1e6;
    // Python shows that it is a float.
    if (below === 0) line.bytes[line.at++] = POINT;
    if (below === 0) line.bytes[line.at++] = ZERO;
    else putFraction(line, below, 6);
    put(line, TIMESTAMP);
    const seconds = Math.floor(at / 1000);
    putWhole(line, seconds);
    if (at > seconds * 1000) putFraction(line, at - seconds * 1000, 3);
    put(line, isNight(asked.pricing, at) ? NIGHT : DAY);
  }
  return Buffer.from(paper.subarray(0, line.at));
};
