/** Gaps and absences out of the rows of samples, in either database. */
import { Instant, Register } from '@daisee/units';
import type { RecordedGap, StoredAbsence } from './store.ts';

/** The values of a question, as its database writes them: a sensor, and the window's start and end. */
interface Places {
  readonly sensor: string;
  readonly from: string;
  readonly to: string;
}

/** Of the gaps that touch a window; the newest row is the start of one when it is an absence. */
export const gapsSql = ({ sensor, from, to }: Places): string => `
  SELECT gap_from AS "from", at AS "to", (SELECT before.absent FROM samples AS before
      WHERE before.sensor = ${sensor} AND before.at = samples.gap_from) AS absent
    FROM samples WHERE sensor = ${sensor} AND gap_from IS NOT NULL AND at > ${from} AND gap_from < ${to}
  UNION ALL
  SELECT at AS "from", NULL AS "to", absent FROM samples
    WHERE sensor = ${sensor} AND absent IS NOT NULL AND at < ${to}
      AND NOT EXISTS (SELECT 1 FROM samples AS after WHERE after.sensor = ${sensor} AND after.at > samples.at)
  ORDER BY "from"`;

/** Of the absences in a window. */
export const absencesSql = ({ sensor, from, to }: Places): string =>
  `SELECT at, absent, register, exported FROM samples
    WHERE sensor = ${sensor} AND absent IS NOT NULL AND at >= ${from} AND at < ${to} ORDER BY at`;

/** Whole numbers as bigint or number, as the database gives them. */
export interface GapRow {
  readonly from: bigint | number;
  readonly to: bigint | number | null;
  readonly absent: string | null;
}

/** Gaps of ascending rows; one that an absence within it had cut in two is one. */
export const gapsOf = (rows: readonly GapRow[]): readonly RecordedGap[] => {
  const gaps: RecordedGap[] = [];
  for (const { from, to, absent } of rows) {
    const last = gaps.at(-1);
    const goesOn = absent !== null && last?.to === Number(from);
    if (goesOn) gaps.pop();
    const reason = (goesOn ? last.reason : undefined) ?? absent ?? undefined;
    gaps.push({
      from: goesOn ? last.from : Instant(Number(from)),
      ...(to !== null && { to: Instant(Number(to)) }),
      ...(reason !== undefined && { reason }),
    });
  }
  return gaps;
};

export interface AbsenceRow {
  readonly at: bigint;
  readonly absent: string;
  readonly register: bigint;
  readonly exported: bigint;
}

export const absenceOf = ({ at, absent, register, exported }: AbsenceRow): StoredAbsence => ({
  at: Instant(Number(at)),
  absent,
  register: Register(register),
  exported: Register(exported),
});
