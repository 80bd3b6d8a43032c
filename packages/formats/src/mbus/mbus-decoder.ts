/**
 * Wired M-Bus (EN 13757-2 link layer, EN 13757-3 application layer): long frames `68 L L 68 … checksum 16` with variable
 * data, as an electricity meter answers. Frames of the old fixed structure are told, not read.
 */
import { Energy } from '@daisee/units';
import { Pending } from '../pending.ts';
import type { FormatProblem, FrameDecoder, MeterReading, PhaseReading } from '../reading.ts';
import { type MbusRecord, microWattHoursOf, readRecords, numberOf } from './records.ts';

const START = 0x68;
const STOP = 0x16;
const ACKNOWLEDGE = 0xe5;
const VARIABLE_DATA = 0x72;
const APPLICATION_ERROR = 0x70;
const HEADER = 12;
/** Bytes around the L bytes of a long frame. */
const AROUND = 6;

const MEDIA: Readonly<Record<number, string>> = {
  0: 'other',
  1: 'oil',
  2: 'electricity',
  3: 'gas',
  4: 'heat',
  5: 'steam',
  6: 'warm water',
  7: 'water',
  8: 'heat cost',
  10: 'cooling',
  11: 'cooling',
  12: 'heat',
  13: 'heat and cooling',
};

const ELECTRICITY = 2;
const FORWARD = 0x3b;
const BACKWARD = 0x3c;

/** Three letters in two bytes. */
const makerOf = (low: number, high: number): string => {
  const code = low | (high << 8);
  return String.fromCharCode(((code >> 10) & 31) + 64, ((code >> 5) & 31) + 64, (code & 31) + 64);
};

const isNow = (record: MbusRecord): boolean => record.function === 'now' && record.storage === 0;

/** Power, registers and phases of an electricity meter's records. */
const electricityOf = (
  records: readonly MbusRecord[],
): Pick<MeterReading, 'power' | 'imported' | 'exported' | 'registers' | 'phases'> => {
  const now = records.filter(isNow);
  const registers: Record<string, Energy> = {};
  const plain = (record: MbusRecord): boolean => record.extensions.length === 0 && record.device === 0;
  const direction = (record: MbusRecord): 'import' | 'export' | undefined =>
    record.extensions.length === 1 && record.extensions[0] === BACKWARD
      ? 'export'
      : plain(record) || (record.extensions.length === 1 && record.extensions[0] === FORWARD)
        ? 'import'
        : undefined;
  const total = (which: 'import' | 'export'): Energy | undefined => {
    let whole: bigint | undefined;
    let sum: bigint | undefined;
    for (const record of now) {
      if (record.quantity !== 'energy' || direction(record) !== which) continue;
      const micro = microWattHoursOf(record);
      if (micro === undefined) continue;
      const name = record.tariff === 0 ? which : `${which} ${record.tariff}`;
      if (registers[name] !== undefined) continue;
      registers[name] = Energy(micro);
      if (record.tariff === 0) whole ??= micro;
      else sum = (sum ?? 0n) + micro;
    }
    const value = whole ?? sum;
    return value === undefined ? undefined : Energy(value);
  };
  const all = (quantity: string): readonly number[] =>
    now
      .filter((record) => record.quantity === quantity && plain(record) && record.tariff === 0)
      .map(numberOf)
      .filter((value) => value !== undefined);
  const powers = all('power');
  // One of each phase, or the whole before them: 3 or 4 records of one quantity.
  const perPhase = (values: readonly number[]): readonly number[] =>
    values.length === 3 ? values : values.length === 4 ? values.slice(1) : [];
  const voltages = perPhase(all('voltage').length === 6 ? all('voltage').slice(0, 3) : all('voltage'));
  const currents = perPhase(all('current'));
  const phasePowers = powers.length === 4 ? powers.slice(1) : [];
  const phases = ([1, 2, 3] as const)
    .map(
      (phase): PhaseReading => ({
        phase,
        power: phasePowers[phase - 1],
        voltage: voltages[phase - 1],
        current: currents[phase - 1],
      }),
    )
    .filter(
      ({ power, voltage, current }) => power !== undefined || voltage !== undefined || current !== undefined,
    );
  return {
    power: powers.length === 1 || powers.length === 4 ? powers[0] : undefined,
    imported: total('import'),
    exported: total('export'),
    registers,
    phases,
  };
};

const broken = (offset: number, length: number, problem: string, at = offset): MeterReading => ({
  format: 'mbus',
  offset,
  length,
  phases: [],
  problems: [{ offset: at, problem }],
});

/** Reads one long frame, checksum and stop byte right. */
const readFrame = (frame: Uint8Array, offset: number): MeterReading => {
  const length = frame.length;
  const control = frame[6] ?? 0;
  if (control === APPLICATION_ERROR)
    return broken(offset, length, `the meter answers with the error ${frame[7] ?? 'of no number'}`);
  const end = length - 2;
  if (control !== VARIABLE_DATA)
    return broken(
      offset,
      length,
      `control information ${control.toString(16).padStart(2, '0')}: only variable data (72) are read`,
      offset + 6,
    );
  if (end < 7 + HEADER) return broken(offset, length, 'a frame too short for its header', offset + 7);
  const header = frame.subarray(7, 7 + HEADER);
  const number = Buffer.from(header.subarray(0, 4).toReversed()).toString('hex');
  const medium = header[7] ?? 0;
  const { records, problem } = readRecords(frame.subarray(7 + HEADER, end));
  const problems: FormatProblem[] = problem
    ? [{ offset: offset + 7 + HEADER + problem.at, problem: problem.problem }]
    : [];
  // Configuration word: a mode other than 0 means that the records are encrypted.
  const mode = (header[11] ?? 0) & 0x1f;
  if (mode !== 0 && records.length === 0)
    problems.push({ offset: offset + 17, problem: `the records are encrypted (mode ${mode})` });
  const electricity = medium === ELECTRICITY ? electricityOf(records) : undefined;
  return {
    format: 'mbus',
    variant: MEDIA[medium] ?? `medium ${medium}`,
    offset,
    length,
    meter: `${makerOf(header[4] ?? 0, header[5] ?? 0)} ${number}`,
    power: electricity?.power,
    imported: electricity?.imported,
    exported: electricity?.exported,
    registers: electricity?.registers,
    phases: electricity?.phases ?? [],
    records: records.map((record) => ({
      quantity: record.quantity,
      unit: record.unit,
      value: record.text ?? numberOf(record),
      function: record.function,
      storage: record.storage,
      tariff: record.tariff,
      device: record.device,
    })),
    problems,
  };
};

/** Creates a decoder of what comes back on an M-Bus. */
export const createMbusDecoder = (): FrameDecoder => {
  const left = new Pending();

  const take = (readings: MeterReading[], isEnd: boolean): void => {
    const { bytes: pending, start } = left;
    let from = 0;
    let junkFrom = 0;
    const junk = (): void => {
      if (
        from > junkFrom &&
        pending.subarray(junkFrom, from).some((byte) => byte !== ACKNOWLEDGE && byte !== 0)
      )
        readings.push(
          broken(start + junkFrom, from - junkFrom, `${from - junkFrom} bytes that belong to no frame`),
        );
      junkFrom = from;
    };
    while (from < pending.length) {
      const size = pending[from + 1] ?? 0;
      const rest = pending.length - from;
      const isStart =
        pending[from] === START &&
        (rest < 3 || pending[from + 2] === size) &&
        (rest < 4 || pending[from + 3] === START) &&
        (rest < 2 || size >= 3);
      if (!isStart) {
        from++;
        continue;
      }
      if (rest < size + AROUND) {
        if (!isEnd) break;
        junk();
        readings.push(broken(start + from, rest, 'a frame that is not complete'));
        from = pending.length;
        junkFrom = from;
        break;
      }
      const frame = pending.subarray(from, from + size + AROUND);
      let sum = 0;
      for (let at = 4; at < size + 4; at++) sum = (sum + (frame[at] ?? 0)) & 0xff;
      if (frame[size + 5] !== STOP) {
        // The length was no length: another byte 68.
        from++;
        continue;
      }
      junk();
      readings.push(
        sum === frame[size + 4]
          ? readFrame(frame, start + from)
          : broken(
              start + from,
              frame.length,
              `the frame's checksum is ${(frame[size + 4] ?? 0).toString(16)}, expected ${sum.toString(16)}: nothing of it is taken`,
              start + from + size + 4,
            ),
      );
      from += frame.length;
      junkFrom = from;
    }
    junk();
    left.drop(from);
  };

  return {
    push: (bytes) => {
      left.add(bytes);
      const readings: MeterReading[] = [];
      take(readings, false);
      return readings;
    },
    end: () => {
      const readings: MeterReading[] = [];
      take(readings, true);
      return readings;
    },
  };
};
