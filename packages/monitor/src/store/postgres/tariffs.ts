/** The tariffs in a PostgreSQL store. */
import { checkTariff, type Tariff } from '../../tariff/tariff.ts';
import { DEFAULT_TYPE, type RemoteStore } from '../store.ts';
import { type TariffRow, tariffOf, UnknownTariff, valuesOf } from '../tariffs.ts';
import { createBriefly } from './briefly.ts';
import type { Ask, PostgresDatabase } from './database.ts';

/** One writer at a time, so that identities count up without holes; reading goes on. */
const LOCKED = 'LOCK TABLE types, tariffs IN SHARE ROW EXCLUSIVE MODE';

const COLUMNS =
  'day_slope, day_constant, night_slope, night_constant, threshold, night_start, night_end, zone';
const VALUES = '$3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8, $9, $10';

/** Adds a type unless it is there; within a transaction that locked `types`. */
export const addType = async (ask: Ask, name: string): Promise<void> => {
  await ask({
    text: 'INSERT INTO types (name) SELECT $1 WHERE NOT EXISTS (SELECT FROM types WHERE name = $1)',
    values: [name],
  });
};

const tariffsIn = async (ask: Ask): Promise<readonly Tariff[]> =>
  (
    await ask<TariffRow>({
      name: 'tariffs',
      text: `SELECT tariffs.id, tariffs.name, types.name AS type, types.id AS type_id, day_slope, day_constant,
        night_slope, night_constant, threshold, current, night_start, night_end, zone
        FROM tariffs JOIN types ON types.id = tariffs.type ORDER BY tariffs.id`,
    })
  ).map(tariffOf);

const existing = async (ask: Ask, id: number): Promise<void> => {
  const known = await tariffsIn(ask);
  if (!known.some((one) => one.id === id)) throw new UnknownTariff(id, known);
};

/** Makes what a store in this database does with tariffs. */
export const createPostgresTariffs = ({
  ask: askAlone,
  transaction,
}: PostgresDatabase): Pick<RemoteStore, 'tariffs' | 'setTariff' | 'useTariff' | 'removeTariff'> => {
  const listed = createBriefly(() => tariffsIn(askAlone));
  /** Changes them, one monitor at a time. */
  const change = async <T>(work: (ask: Ask) => Promise<T>): Promise<T> => {
    try {
      return await transaction([{ text: LOCKED }], work);
    } finally {
      listed.forget();
    }
  };
  return {
    tariffs: () => listed.get(),
    setTariff: async (tariff) => {
      checkTariff(tariff);
      const { name, type = DEFAULT_TYPE } = tariff;
      return await change(async (ask) => {
        await addType(ask, type);
        const values = [name, type, ...valuesOf(tariff)];
        const [changed] = await ask({
          text: `UPDATE tariffs SET (type, ${COLUMNS}) = (SELECT id, ${VALUES} FROM types WHERE types.name = $2)
          WHERE name = $1 RETURNING id`,
          values,
        });
        if (!changed)
          await ask({
            text: `INSERT INTO tariffs (name, type, ${COLUMNS}) SELECT $1, id, ${VALUES} FROM types WHERE name = $2`,
            values,
          });
        const known = await tariffsIn(ask);
        const set = known.find((one) => one.name === name);
        if (!set) throw new UnknownTariff(0, known);
        return set;
      });
    },
    useTariff: (id) =>
      change(async (ask) => {
        if (id !== undefined) await existing(ask, id);
        await ask({ text: 'UPDATE tariffs SET current = false WHERE current' });
        if (id !== undefined)
          await ask({ text: 'UPDATE tariffs SET current = true WHERE id = $1', values: [id] });
      }),
    removeTariff: (id) =>
      change(async (ask) => {
        await existing(ask, id);
        await ask({ text: 'DELETE FROM tariffs WHERE id = $1', values: [id] });
      }),
  };
};
