/** The tariffs in a store. */
import type { DatabaseSync } from 'node:sqlite';
import { DaiseeError } from '@daisee/units';
import { checkTariff, type Euros, type NewTariff, type Tariff } from '../tariff/tariff.ts';
import type { Atomically } from './atomically.ts';
import { DEFAULT_TYPE, type MonitorStore } from './store.ts';

/** Thrown for a tariff that the store does not have. */
export class UnknownTariff extends DaiseeError {
  constructor(id: number, known: readonly { readonly id: number; readonly name: string }[]) {
    const list = known.map((tariff) => `${tariff.id} (${tariff.name})`).join(', ');
    super({
      code: 'monitor.unknown-tariff',
      message: `There is no tariff ${id} here; there ${known.length === 0 ? 'are none yet' : `is ${list}`}. Give the id of one of them.`,
      retryable: false,
      values: { id, known: known.map((tariff) => ({ id: tariff.id, name: tariff.name })) },
    });
  }
}

/** A row as a database gives it; amounts as bigint. */
export interface TariffRow {
  readonly id: bigint | number;
  readonly name: string;
  readonly type: string;
  readonly type_id: bigint | number;
  readonly day_slope: bigint;
  readonly day_constant: bigint;
  readonly night_slope: bigint;
  readonly night_constant: bigint;
  readonly threshold: bigint | null;
  readonly current: bigint | boolean;
  readonly night_start: string | null;
  readonly night_end: string | null;
  readonly zone: string | null;
}

export const tariffOf = (row: TariffRow): Tariff => ({
  id: Number(row.id),
  name: row.name,
  type: row.type,
  typeId: Number(row.type_id),
  day: { constant: row.day_constant as Euros, slope: row.day_slope as Euros },
  night: { constant: row.night_constant as Euros, slope: row.night_slope as Euros },
  ...(row.threshold === null ? {} : { threshold: Number(row.threshold) }),
  ...(row.night_start === null || row.night_end === null || row.zone === null
    ? {}
    : { hours: { start: row.night_start, end: row.night_end, zone: row.zone } }),
  current: row.current === 1n || row.current === true,
});

/** What its columns hold, from `day_slope` to `zone`. */
export const valuesOf = ({ day, night, threshold, hours }: NewTariff) => [
  day.slope,
  day.constant,
  night.slope,
  night.constant,
  threshold ?? null,
  hours?.start ?? null,
  hours?.end ?? null,
  hours?.zone ?? null,
];

/** Makes what a store in this database does with tariffs. */
export const createTariffs = (
  database: DatabaseSync,
  atomically: Atomically,
): Pick<MonitorStore, 'tariffs' | 'setTariff' | 'useTariff' | 'removeTariff'> => {
  const all = database.prepare(
    `SELECT tariffs.id, tariffs.name, types.name AS type, types.id AS type_id, day_slope, day_constant,
      night_slope, night_constant, threshold, current, night_start, night_end, zone
      FROM tariffs JOIN types ON types.id = tariffs.type ORDER BY tariffs.id`,
    { readBigInts: true },
  );
  const newType = database.prepare('INSERT INTO types (name) VALUES (?) ON CONFLICT DO NOTHING');
  const set = database.prepare(
    `INSERT INTO tariffs (name, type, day_slope, day_constant, night_slope, night_constant, threshold,
      night_start, night_end, zone)
      SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM types WHERE name = ?
      ON CONFLICT (name) DO UPDATE SET type = excluded.type, day_slope = excluded.day_slope,
      day_constant = excluded.day_constant, night_slope = excluded.night_slope,
      night_constant = excluded.night_constant, threshold = excluded.threshold,
      night_start = excluded.night_start, night_end = excluded.night_end, zone = excluded.zone`,
  );
  const useNone = database.prepare('UPDATE tariffs SET current = 0 WHERE current = 1');
  const use = database.prepare('UPDATE tariffs SET current = 1 WHERE id = ?');
  const remove = database.prepare('DELETE FROM tariffs WHERE id = ?');

  const tariffs = (): readonly Tariff[] => (all.all() as unknown as TariffRow[]).map(tariffOf);
  const existing = (id: number): Tariff => {
    const known = tariffs();
    const tariff = known.find((one) => one.id === id);
    if (!tariff) throw new UnknownTariff(id, known);
    return tariff;
  };
  return {
    tariffs,
    setTariff: (tariff) => {
      checkTariff(tariff);
      const { name, type = DEFAULT_TYPE } = tariff;
      return atomically(() => {
        newType.run(type);
        set.run(name, ...valuesOf(tariff), type);
        return existing(tariffs().find((one) => one.name === name)?.id ?? 0);
      });
    },
    useTariff: (id) =>
      atomically(() => {
        if (id !== undefined) existing(id);
        useNone.run();
        if (id !== undefined) use.run(id);
      }),
    removeTariff: (id) => {
      existing(id);
      remove.run(id);
    },
  };
};
