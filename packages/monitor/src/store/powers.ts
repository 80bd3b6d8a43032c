/** The powers of a window alone, for charts and lists of watts: a fraction of the time that whole samples take. */
import type { DatabaseSync } from 'node:sqlite';
import { Instant, Watts } from '@daisee/units';
import { IS_SAMPLE } from './rows.ts';
import type { PowerAt } from './store.ts';

/** Columns of a power and its window in either database, up to the places of its values. */
export const POWERS_OF = `FROM samples WHERE ${IS_SAMPLE} AND`;

/** A row as an array: building an object of each would take most of the time. */
type PowerRow = readonly [id: number, at: number, microWatts: number];

const powerOf = ([id, at, microWatts]: PowerRow): PowerAt => ({
  id,
  at: Instant(at),
  power: Watts(microWatts / 1e6),
});

/** Powers written one after the other, each as `id,at,microWatts`. */
export const powersIn = (list: string): readonly PowerAt[] => {
  if (list === '') return [];
  const numbers = list.split(',');
  const powers: PowerAt[] = [];
  for (let i = 0; i < numbers.length; i += 3)
    powers.push(powerOf([Number(numbers[i]), Number(numbers[i + 1]), Number(numbers[i + 2])]));
  return powers;
};

/** Makes the `powers` of a store in this database. */
export const createPowers = (
  database: DatabaseSync,
): ((sensorId: number, from: Instant, to: Instant, limit: number) => readonly PowerAt[]) => {
  const window = database.prepare(
    `SELECT id, at, power ${POWERS_OF} sensor = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?`,
  );
  // Numbers, as all three are below 2^53.
  window.setReturnArrays(true);
  return (sensorId, from, to, limit) =>
    (window.all(sensorId, from, to, limit) as unknown as PowerRow[]).map(powerOf);
};
