/**
 * The two line formats of the Arduino sketches, both ended by CR LF:
 * `cellVoltage|stateOfCharge|power` (ACS712 with the MAX17043 fuel gauge, e.g. `3.9800|87.50|12.34`; `||12.34` while
 * the gauge gives no answer) and `power` alone (ACS712). Volts, percent, watts; power may be negative.
 */
import { Percent, Watts } from '@daisee/units';

/** `gauge`: three fields, of which the first two may be empty; `power`: one; `auto`: whichever the device sends. */
export type LineFormat = 'auto' | 'power' | 'gauge';

/** What one line says. */
export interface LineReading {
  readonly power: Watts;
  readonly stateOfCharge?: Percent;
  /** Cell voltage, volts. */
  readonly voltage?: number;
}

const GAUGE = /^(\d\.\d{1,4})\|(\d{1,3}(?:\.\d{1,2})?)\|(-?\d{1,6}\.\d{1,4}|-?\d{1,6})$/;
/** The gauge is silent; the energy still counts. */
const SILENT_GAUGE = /^\|\|(-?\d{1,6}\.\d{1,4}|-?\d{1,6})$/;
const POWER = /^(-?\d{1,6}(?:\.\d{1,4})?)$/;
/** No line of either format is near this long: what is, comes at a wrong baud rate. */
const LONGEST_LINE = 80;
/** The MAX17043 shows up to 255 %; a full cell commonly reads a little over 100 (data sheet 19-4811, "SOC"). */
const HIGHEST_STATE_OF_CHARGE = 255;

/** Reads a complete line without its end, or undefined when it is of neither format. */
const parseLine = (line: string): LineReading | undefined => {
  const gauge = GAUGE.exec(line);
  if (gauge) {
    const [, voltage, charge, power] = gauge;
    if (Number(charge) > HIGHEST_STATE_OF_CHARGE) return undefined;
    return {
      power: Watts(Number(power)),
      stateOfCharge: Percent(Math.min(100, Number(charge))),
      voltage: Number(voltage),
    };
  }
  const [, power] = SILENT_GAUGE.exec(line) ?? POWER.exec(line) ?? [];
  return power === undefined ? undefined : { power: Watts(Number(power)) };
};

/**
 * Puts lines together from the bytes of a port and reads them.
 *
 * The first line after opening is dropped unread: the port may have been opened in its middle, and the end of a
 * number is a number. For the same reason `auto` takes a lone power only when the line before was one too, and never
 * after a gauge line: there it is the rest of a line that lost its beginning.
 */
export class LineReader {
  readonly #format: LineFormat;
  readonly #garbage: (line: string) => void;
  #rest = '';
  #started = false;
  #seen: 'nothing' | 'power' | 'gauge' = 'nothing';

  /** `garbage` is called with each line that is of no expected format. */
  constructor(format: LineFormat, garbage: (line: string) => void) {
    this.#format = format;
    this.#garbage = garbage;
  }

  /** Takes the next bytes and returns the readings of the lines they complete. */
  push(bytes: Uint8Array): LineReading[] {
    const lines = (this.#rest + Buffer.from(bytes).toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) {
      this.#garbage(this.#rest);
      this.#rest = '';
      this.#started = false;
    }
    const readings: LineReading[] = [];
    for (const line of lines) {
      const reading = this.#take(line.trim());
      if (reading) readings.push(reading);
    }
    return readings;
  }

  #take(line: string): LineReading | undefined {
    if (!this.#started) {
      this.#started = true;
      return undefined;
    }
    if (line === '') return undefined;
    const reading = parseLine(line);
    const kind = reading && (line.includes('|') ? 'gauge' : 'power');
    if (!reading || !kind || (this.#format !== 'auto' && kind !== this.#format)) {
      this.#garbage(line);
      return undefined;
    }
    if (this.#format !== 'auto' || kind === 'gauge') {
      this.#seen = kind;
      return reading;
    }
    if (this.#seen === 'gauge') {
      this.#garbage(line);
      return undefined;
    }
    const first = this.#seen === 'nothing';
    this.#seen = 'power';
    return first ? undefined : reading;
  }
}
