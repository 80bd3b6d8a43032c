/**
 * A table of coefficients, interval by interval: first column the start, then a column `consumer:ID` each, or for a rule that
 * goes by producer and consumer `consumer:ID/producer:ID`.
 */
import type { Instant } from '@daisee/units';
import { FileRefused } from '../files/file-error.ts';
import { createTableReader } from '../files/interval-table.ts';
import { createSumCheck } from './coefficient-sums.ts';
import type { IntervalShares, SharesOptions, SharesSource } from './shares.ts';

/** Units of the table's reader (millionths of a millionth … of kWh) in a millionth. */
const UNITS = 1000;

/** Reads the table for the points of another one. @throws FileRefused */
export const readShareTable = (text: string, { file, rule, columns, zone }: SharesOptions): SharesSource => {
  const { consumers, producers } = columns;
  const byPair = rule.needs === 'pairs';
  if (rule.needs === 'ranks' || rule.needs === 'nothing')
    throw new FileRefused(file, 1, `${rule.name} takes no coefficients by interval.`);
  const width = byPair ? consumers.length * producers.length : consumers.length;
  const rows = new Map<number, { readonly line: number; readonly values: Uint32Array }>();
  let places: readonly number[] = [];

  const placeOf = (name: string): number => {
    const [, consumer = name, producer] = /^(.*?)(?:\/producer:\s*(.+))?$/i.exec(name) ?? [];
    const i = consumers.indexOf(consumer);
    const j = producer === undefined ? 0 : producers.indexOf(producer);
    if (i < 0 || j < 0 || byPair !== (producer !== undefined))
      throw new FileRefused(
        file,
        1,
        `Column consumer:${name} is no ${byPair ? 'pair consumer:ID/producer:ID' : 'consumer'} of the table of energies.`,
        { column: name },
      );
    return j * consumers.length + i;
  };

  const reader = createTableReader({
    file,
    zone,
    onColumns: (found) => {
      if (found.producers.length > 0)
        throw new FileRefused(
          file,
          1,
          `Column producer:${found.producers[0]}: coefficients are of consumers.`,
        );
      places = found.consumers.map(placeOf);
      const missing = Array.from({ length: width }, (_, place) => place).find(
        (place) => !places.includes(place),
      );
      if (missing !== undefined)
        throw new FileRefused(
          file,
          1,
          `There is no column for consumer ${consumers[missing % consumers.length]}${byPair ? ` and producer ${producers[Math.floor(missing / consumers.length)]}` : ''}.`,
        );
    },
    onRow: ({ line, start, consumption }) => {
      const values = new Uint32Array(width);
      for (const [k, place] of places.entries()) {
        const value = (consumption[k] as number) / UNITS;
        if (!Number.isInteger(value) || value > 2 ** 32 - 1)
          throw new FileRefused(
            file,
            line,
            `The coefficient in column ${k + 2} is blank or has more than 6 decimals: expected 0 to 1, like 0.25.`,
          );
        values[place] = value;
      }
      rows.set(start, { line, values });
    },
  });
  reader.push(new TextEncoder().encode(text));
  reader.end();

  const sums = createSumCheck(file, rule);
  return {
    at: (start: Instant): IntervalShares => {
      const row = rows.get(start);
      const when = ` of ${new Date(start).toISOString()}`;
      if (!row)
        throw new FileRefused(file, 1, `There are no coefficients${when}: add a line for it.`, { start });
      const values = Float64Array.from(row.values);
      for (let from = 0; from < values.length; from += consumers.length)
        sums.check(
          values.subarray(from, from + consumers.length).reduce((a, b) => a + b, 0),
          row.line,
          when,
        );
      return { shares: byPair ? { pairs: values } : { coefficients: values } };
    },
    notes: sums.notes,
  };
};
