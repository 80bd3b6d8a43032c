/**
 * Linky's customer output (TIC), historic and standard mode, found by the separator of its groups. A frame is STX …
 * ETX; EOT instead of ETX means that the meter broke it off. Bytes are 7 bits and even parity: the eighth is dropped,
 * so that a line read as 8N1 is understood too.
 */
import { Energy, type Instant } from '@daisee/units';
import { LocalZone, wallClock } from '../local-time.ts';
import { Pending } from '../pending.ts';
import type { FormatProblem, FrameDecoder, MeterReading, PhaseReading } from '../reading.ts';
import { readGroups, type TicGroup, type TicGroups } from './groups.ts';
import { HISTORIC_PERIODS, HISTORIC_REGISTERS, STANDARD_REGISTERS, SUPPLIER_REGISTERS } from './labels.ts';

const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
/** The longest frame (standard, three phases, producer, all groups) has some 1,800 bytes. */
const LONGEST_FRAME = 16_384;
/** Bit of STGE that says that the clock is degraded (NOI-CPT_54E, 6.2.3.14). */
const CLOCK_DEGRADED = 1 << 16;

let paris: LocalZone | undefined;

interface MeterTime {
  readonly at: Instant | undefined;
  readonly isDoubtful: boolean;
}

/**
 * Reads `SAAMMJJhhmmss`: E summer time, H winter time, small letters when the meter does not trust its clock, a space
 * when it does not know the season; then the calendar of Paris decides, except in the hour that comes twice.
 */
const timeOf = (date: string): MeterTime => {
  const [, season = ' ', ...fields] = /^(.)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(date) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map(Number);
  const wall = wallClock({ year: 2000 + year, month, day, hour, minute, second });
  const isDoubtful = season === 'e' || season === 'h' || season === ' ';
  if (wall === undefined) return { at: undefined, isDoubtful };
  if (season !== ' ') {
    const hours = season.toUpperCase() === 'E' ? 2 : 1;
    return { at: (wall - hours * 3_600_000) as Instant, isDoubtful };
  }
  paris ??= new LocalZone('Europe/Paris');
  const [first, second2] = paris.instants(wall);
  return { at: second2 === undefined ? first : undefined, isDoubtful };
};

/** In the unit of `Energy`; nine digits of them are still exact as a number. */
const WATT_HOUR = 1_000_000;

interface PhaseLabels {
  readonly phase: 1 | 2 | 3;
  readonly power?: string;
  readonly voltage?: string;
  readonly current: string;
}
const PHASES = [1, 2, 3] as const;
const STANDARD_PHASES: readonly PhaseLabels[] = PHASES.map((phase) => ({
  phase,
  power: `SINSTS${phase}`,
  voltage: `URMS${phase}`,
  current: `IRMS${phase}`,
}));
const HISTORIC_PHASES: readonly PhaseLabels[] = PHASES.map((phase) => ({ phase, current: `IINST${phase}` }));

const reading = ({ mode, groups, problems }: TicGroups, offset: number, length: number): MeterReading => {
  const found: FormatProblem[] = [...problems];
  const data = (label: string): string | undefined => groups.get(label)?.data || undefined;
  const number = (label: string): number | undefined => {
    const text = data(label);
    return text === undefined ? undefined : Number(text);
  };
  const registers: Record<string, Energy> = {};
  const keep = (labels: ReadonlySet<string> | ReadonlyMap<string, unknown>): void => {
    for (const { label, data } of groups.values())
      if (data !== '' && labels.has(label)) registers[label] = Energy(BigInt(Number(data) * WATT_HOUR));
  };
  /** The sum of registers, of which none may be missing. */
  const sum = (labels: readonly string[]): Energy | undefined => {
    let total = 0n;
    for (const label of labels) {
      const one = registers[label];
      if (one === undefined) return undefined;
      total += one;
    }
    return Energy(total);
  };
  const phases = (labels: readonly PhaseLabels[]): readonly PhaseReading[] => {
    const found: PhaseReading[] = [];
    for (const { phase, power, voltage, current } of labels) {
      const one: PhaseReading = {
        phase,
        power: power === undefined ? undefined : number(power),
        voltage: voltage === undefined ? undefined : number(voltage),
        current: number(current),
      };
      if (one.power !== undefined || one.voltage !== undefined || one.current !== undefined) found.push(one);
    }
    return found;
  };
  const common = { format: 'tic', variant: mode, offset, length, problems: found } as const;

  if (mode === 'standard') {
    keep(STANDARD_REGISTERS);
    const taken = number('SINSTS');
    const given = number('SINSTI');
    const date: TicGroup | undefined = groups.get('DATE');
    const time = date?.date === undefined ? undefined : timeOf(date.date);
    if (time && time.at === undefined)
      found.push({ offset, problem: `DATE ${JSON.stringify(date?.date)} is no time that can be placed` });
    const status = data('STGE');
    const isDegraded = status !== undefined && (Number.parseInt(status, 16) & CLOCK_DEGRADED) !== 0;
    const period = data('NTARF');
    return {
      ...common,
      meter: data('ADSC'),
      at: time?.at,
      isClockDoubtful: time?.isDoubtful === true || isDegraded || undefined,
      // Both are never above zero at once; without SINSTS a SINSTI of 0 says nothing of what is taken.
      power: taken !== undefined ? taken - (given ?? 0) : given ? -given : undefined,
      isApparent: true,
      imported: registers['EAST'] ?? sum(SUPPLIER_REGISTERS),
      exported: registers['EAIT'],
      registers,
      phases: phases(STANDARD_PHASES),
      tariff: period === undefined ? undefined : String(Number(period)),
      tariffName: data('LTARF')?.trim(),
    };
  }
  keep(HISTORIC_REGISTERS);
  /** The registers of the tariff; none where the frame has those of two. */
  let tariff: readonly string[] | undefined;
  for (const label of groups.keys()) {
    const own = HISTORIC_REGISTERS.get(label);
    if (own === undefined) continue;
    if (tariff !== undefined && tariff !== own) {
      tariff = undefined;
      break;
    }
    tariff = own;
  }
  const period = data('PTEC');
  const single = number('IINST');
  const three = phases(HISTORIC_PHASES);
  return {
    ...common,
    meter: data('ADCO'),
    power: number('PAPP'),
    isApparent: true,
    imported: tariff && sum(tariff),
    registers,
    phases: three.length > 0 ? three : single === undefined ? [] : [{ phase: 1, current: single }],
    tariff: period,
    tariffName: period === undefined ? undefined : HISTORIC_PERIODS[period],
  };
};

const broken = (offset: number, length: number, problem: string): MeterReading => ({
  format: 'tic',
  offset,
  length,
  phases: [],
  problems: [{ offset, problem }],
});

/** The bytes without their parity bits; a copy where they have some. */
const sevenBits = (bytes: Uint8Array): Uint8Array => {
  for (let at = 0; at < bytes.length; at++)
    if ((bytes[at] ?? 0) > 0x7f) return bytes.map((byte) => byte & 0x7f);
  return bytes;
};

/** Place of the next ETX, EOT or STX; the end of the bytes where there is none. */
const endOf = (bytes: Uint8Array, from: number): number => {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === ETX || byte === EOT || byte === STX) return at;
  }
  return bytes.length;
};

/** Creates a decoder of a TIC line or of a capture of one. */
export const createTicDecoder = (): FrameDecoder => {
  const left = new Pending();

  const take = (readings: MeterReading[], isEnd: boolean): void => {
    const { bytes: pending, start } = left;
    let from = 0;
    const junk = (to: number): void => {
      if (
        to > from &&
        pending.subarray(from, to).some((byte) => byte !== 0x0d && byte !== 0x0a && byte !== 0)
      )
        readings.push(broken(start + from, to - from, `${to - from} bytes that belong to no frame`));
      from = to;
    };
    for (;;) {
      const stx = pending.indexOf(STX, from);
      if (stx < 0) {
        // Kept until it is known how many there are; a line without frames is told piece by piece.
        if (isEnd || pending.length - from > LONGEST_FRAME) junk(pending.length);
        break;
      }
      junk(stx);
      const end = endOf(pending, stx + 1);
      const mark = pending[end];
      if (mark === undefined) {
        if (!isEnd && end - stx <= LONGEST_FRAME) break;
        readings.push(broken(start + stx, end - stx, 'a frame without its end (ETX)'));
        from = end;
        continue;
      }
      if (mark === ETX) {
        const groups = readGroups(pending.toString('latin1', stx + 1, end), start + stx + 1);
        readings.push(
          groups.groups.size === 0 && groups.problems.length === 0
            ? broken(start + stx, end + 1 - stx, 'a frame without groups')
            : reading(groups, start + stx, end + 1 - stx),
        );
      } else
        readings.push(
          broken(
            start + stx,
            end - stx,
            mark === EOT ? 'a frame that the meter broke off (EOT)' : 'a frame without its end (ETX)',
          ),
        );
      from = mark === STX ? end : end + 1;
    }
    left.drop(from);
  };

  return {
    push: (bytes) => {
      left.add(sevenBits(bytes));
      const readings: MeterReading[] = [];
      take(readings, false);
      return readings;
    },
    end: () => {
      const readings: MeterReading[] = [];
      if (left.bytes.length > 0) take(readings, true);
      return readings;
    },
  };
};
