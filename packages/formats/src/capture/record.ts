/** A reading as a line of JSON: watts and watt-hours, instants in ISO 8601, `null` for what the frame does not say. */
import { type Energy, type Instant, toWattHours } from '@daisee/units';
import type { MeterReading, PeakPower } from '../reading.ts';

const iso = (at: Instant | undefined): string | null => {
  if (at === undefined) return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

const wattHoursOf = (energy: Energy | undefined): number | null =>
  energy === undefined ? null : toWattHours(energy);

const peak = ({ at, power }: PeakPower): Readonly<Record<string, unknown>> => ({ at: iso(at), power });

/** Keys whose value is undefined are left out by JSON. */
export const readingRecord = (reading: MeterReading): Readonly<Record<string, unknown>> => ({
  at: iso(reading.at),
  power: reading.power ?? null,
  import: wattHoursOf(reading.imported),
  export: wattHoursOf(reading.exported),
  phases: reading.phases,
  tariff: reading.tariff ?? null,
  tariffName: reading.tariffName,
  apparent: reading.power === undefined ? undefined : reading.isApparent,
  clock: reading.isClockDoubtful ? 'doubtful' : undefined,
  format: reading.format,
  variant: reading.variant,
  meter: reading.meter,
  registers:
    reading.registers && Object.keys(reading.registers).length > 0
      ? Object.fromEntries(
          Object.entries(reading.registers).map(([name, energy]) => [name, toWattHours(energy)]),
        )
      : undefined,
  attached: reading.attached?.map((one) => ({ ...one, at: iso(one.at) })),
  peaks: reading.peaks && {
    current: reading.peaks.current,
    month: reading.peaks.month && peak(reading.peaks.month),
    months: reading.peaks.months?.map(peak),
  },
  records: reading.records,
  signature: reading.signature,
  offset: reading.offset,
  length: reading.length,
  problems: reading.problems,
});
