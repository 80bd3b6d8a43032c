/**
 * A list of shares: a line a point and window, the columns named in the first line.
 *
 * - `point`: a consumer, or a producer; `consumer:ID` and `producer:ID` where an id is both
 * - `producer`: whose energy the share is of (`fr/full`)
 * - `share`: coefficient, 0 to 1 with at most 6 decimals, or percent (`25 %`)
 * - `factor`: participation factor, a whole percentage from 1 to 100
 * - `rank`: place in the order of `priority`, a whole number from 1 on
 * - `from`, `until`: the window, from the first instant on and up to the last, not included; blank is open
 */
import { type Instant, readKilowattHours } from '@daisee/units';
import type { Shares } from '../block.ts';
import { FileRefused } from '../files/file-error.ts';
import { fieldsOf, SEPARATORS } from '../files/lines.ts';
import { createStampReader, STAMPS } from '../files/start-stamp.ts';
import { createSumCheck } from './coefficient-sums.ts';
import type { IntervalShares, SharesOptions, SharesSource } from './shares.ts';

const NAMES: Readonly<Record<string, string>> = {
  point: 'point',
  id: 'point',
  consumer: 'point',
  producer: 'producer',
  share: 'share',
  coefficient: 'share',
  factor: 'factor',
  rank: 'rank',
  priority: 'rank',
  from: 'from',
  until: 'until',
};

interface Line {
  readonly number: number;
  readonly role: 'consumer' | 'producer';
  readonly place: number;
  readonly id: string;
  /** The producer whose energy the share is of. */
  readonly of?: number | undefined;
  readonly share?: number | undefined;
  readonly factor?: number | undefined;
  readonly rank?: number | undefined;
  readonly from: number;
  readonly until: number;
}

/** Whether a first line names the columns of such a list. */
export const isShareList = (header: string): boolean =>
  SEPARATORS.some((separator) => NAMES[fieldsOf(header, separator)[0]?.toLowerCase() ?? ''] === 'point');

/** A coefficient in millionths: a decimal or percent; undefined for anything else. */
export const readCoefficient = (text: string): number | undefined => {
  const [, number = text, percent] = /^(.*?)\s*(%)?$/.exec(text) ?? [];
  // As kilowatt-hours have 9 decimals, a coefficient with 6 is a whole number of thousands of them.
  const read = readKilowattHours(number.replace(',', '.').replace(/^\./, '0.'));
  if (!read || read.rounded || read.energy < 0n) return undefined;
  const scale = percent ? 100_000n : 1000n;
  return read.energy % scale === 0n ? Number(read.energy / scale) : undefined;
};

/** Reads the list for the points of a table. @throws FileRefused */
export const readShareList = (text: string, options: SharesOptions): SharesSource => {
  const { file, rule, columns, zone } = options;
  const [header = '', ...rest] = text.split(/\r?\n/);
  const separator = SEPARATORS.find((one) => fieldsOf(header, one).length > 1) ?? ',';
  const names = fieldsOf(header, separator).map((name, i) => {
    const known = NAMES[name.toLowerCase()];
    if (!known)
      throw new FileRefused(
        file,
        1,
        `Column ${i + 1} is named ${JSON.stringify(name)}: expected point, producer, share, factor, rank, from or until.`,
      );
    return known;
  });
  const readStamp = createStampReader(zone);

  const placeOf = (number: number, written: string): Pick<Line, 'role' | 'place' | 'id'> => {
    const [, prefix, rest = written] = /^(consumer|producer):\s*(.+)$/i.exec(written) ?? [];
    const found = (['consumer', 'producer'] as const)
      .filter((role) => !prefix || prefix.toLowerCase() === role)
      .map((role) => ({ role, place: columns[`${role}s`].indexOf(rest), id: rest }))
      .filter(({ place }) => place >= 0);
    const [one, another] = found;
    if (!one)
      throw new FileRefused(
        file,
        number,
        `${JSON.stringify(written)} is no point of the table, which has ${[...columns.consumers, ...columns.producers].slice(0, 8).join(', ')}${columns.consumers.length + columns.producers.length > 8 ? ' …' : ''}.`,
        { point: written },
      );
    if (another)
      throw new FileRefused(
        file,
        number,
        `${rest} is a consumer and a producer: write consumer:${rest} or producer:${rest}.`,
      );
    return one;
  };

  const instantOf = (number: number, name: string, written: string, open: number): number => {
    if (written === '') return open;
    const stamp = readStamp(written);
    if (typeof stamp === 'string')
      throw new FileRefused(
        file,
        number,
        `${name} cannot be ${JSON.stringify(written)}: expected a date, or date and time, like 2026-11-15 or ${STAMPS}.`,
      );
    return stamp.instant;
  };

  const wholeOf = (number: number, name: string, written: string, low: number, high: number): number => {
    const value = Number(written.replace(/\s*%$/, ''));
    if (written === '' || !Number.isInteger(value) || value < low || value > high)
      throw new FileRefused(
        file,
        number,
        `${name} cannot be ${JSON.stringify(written)}: expected a whole number from ${low} to ${high}. It is never guessed.`,
      );
    return value;
  };

  const lineOf = (written: string, number: number): Line => {
    const fields = fieldsOf(written, separator);
    if (fields.length !== names.length)
      throw new FileRefused(
        file,
        number,
        `${fields.length} columns, and the first line has ${names.length}.`,
      );
    const field = (name: string): string | undefined => {
      const at = names.indexOf(name);
      return at < 0 ? undefined : fields[at];
    };
    const point = placeOf(number, field('point') ?? '');
    const producer = field('producer');
    const given = field('share');
    const share =
      given === undefined || (given === '' && point.role === 'producer') ? undefined : readCoefficient(given);
    if (given !== undefined && share === undefined && point.role === 'consumer')
      throw new FileRefused(
        file,
        number,
        `share cannot be ${JSON.stringify(given)}: expected 0 to 1 with at most 6 decimals, or a percentage.`,
      );
    const [factor, rank] = [field('factor'), field('rank')];
    const of = producer ? placeOf(number, `producer:${producer}`).place : undefined;
    const from = instantOf(number, 'from', field('from') ?? '', Number.NEGATIVE_INFINITY);
    const until = instantOf(number, 'until', field('until') ?? '', Number.POSITIVE_INFINITY);
    if (until <= from) throw new FileRefused(file, number, 'The window ends before it begins.');
    return {
      number,
      ...point,
      of,
      share,
      factor: factor === undefined ? undefined : wholeOf(number, 'factor', factor, 1, 100),
      rank:
        rank === undefined || point.role === 'producer'
          ? undefined
          : wholeOf(number, 'rank', rank, 1, 2 ** 31 - 1),
      from,
      until,
    };
  };

  const lines = rest.flatMap((written, i) => (written.trim() === '' ? [] : [lineOf(written, i + 2)]));

  const needsShare = rule.needs === 'coefficients' || rule.needs === 'coefficients by interval';
  const column = rule.needs === 'pairs' || needsShare ? 'share' : rule.needs === 'ranks' ? 'rank' : undefined;
  if (column && !names.includes(column))
    throw new FileRefused(file, 1, `${rule.name} needs a column ${column}.`);
  if (rule.needs === 'pairs' && !names.includes('producer'))
    throw new FileRefused(file, 1, `${rule.name} needs a column producer: whose energy the share is of.`);

  const checkWindows = (): void => {
    const groups = Map.groupBy(
      lines,
      ({ role, id, of }) => `${role}:${id}${of === undefined ? '' : ` of ${columns.producers[of]}`}`,
    );
    for (const [key, group] of groups) {
      const sorted = group.toSorted((a, b) => a.from - b.from);
      for (const [i, line] of sorted.entries()) {
        const before = sorted[i - 1];
        if (before && before.until > line.from)
          throw new FileRefused(
            file,
            line.number,
            `${key} is on line ${before.number} for the same time already. Give each line its from and until.`,
          );
      }
    }
    const missing = columns.consumers.find(
      (_, place) => !lines.some((line) => line.role === 'consumer' && line.place === place),
    );
    if (missing !== undefined)
      throw new FileRefused(file, 1, `Consumer ${missing} of the table is not in it. Add a line for it.`, {
        point: missing,
      });
    if (names.includes('factor')) {
      const producer = columns.producers.find(
        (_, place) => !lines.some((line) => line.role === 'producer' && line.place === place),
      );
      if (producer !== undefined)
        throw new FileRefused(
          file,
          1,
          `Producer ${producer} of the table has no factor. Add a line for it: a factor is never guessed.`,
          { point: producer },
        );
    }
  };
  checkWindows();

  const edges = [...new Set(lines.flatMap(({ from, until }) => [from, until]))]
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b);
  const sums = createSumCheck(file, rule);
  const known = new Map<number, IntervalShares>();
  const { consumers, producers } = columns;

  const stateOf = (start: number, when: string): IntervalShares => {
    const now = lines.filter(({ from, until }) => from <= start && start < until);
    const hasFactor = names.includes('factor');
    const hasWindows = edges.length > 0;
    const consumerFactors = new Uint8Array(consumers.length);
    const producerFactors = new Uint8Array(producers.length);
    // A producer that is not in the list takes part.
    for (const place of producers.keys())
      if (!lines.some((line) => line.role === 'producer' && line.place === place))
        producerFactors[place] = 100;
    const coefficients = new Float64Array(consumers.length);
    const pairs = new Float64Array(rule.needs === 'pairs' ? producers.length * consumers.length : 0);
    const ranks = new Int32Array(consumers.length);
    for (const line of now) {
      const factors = line.role === 'consumer' ? consumerFactors : producerFactors;
      factors[line.place] = line.factor ?? 100;
      if (line.role === 'producer') continue;
      if (line.of === undefined) coefficients[line.place] = line.share ?? 0;
      else pairs[line.of * consumers.length + line.place] = line.share ?? 0;
      ranks[line.place] = line.rank ?? 0;
    }
    const number = now[0]?.number ?? 1;
    if (rule.needs === 'pairs')
      for (const [j, producer] of producers.entries())
        sums.check(
          pairs.subarray(j * consumers.length, (j + 1) * consumers.length).reduce((a, b) => a + b, 0),
          number,
          ` of ${producer}${when}`,
        );
    else if (needsShare)
      sums.check(
        coefficients.reduce((a, b) => a + b, 0),
        number,
        when,
      );
    const takePart = hasFactor || hasWindows;
    return {
      shares: {
        coefficients: needsShare ? coefficients : undefined,
        pairs: rule.needs === 'pairs' ? pairs : undefined,
        ranks: rule.needs === 'ranks' ? ranks : undefined,
      } satisfies Shares,
      consumerFactors: takePart ? consumerFactors : undefined,
      producerFactors: takePart ? producerFactors : undefined,
    };
  };

  return {
    at: (start: Instant) => {
      const place = edges.findLastIndex((edge) => edge <= start);
      let state = known.get(place);
      if (!state) {
        const edge = edges[place];
        state = stateOf(start, edge === undefined ? '' : ` from ${new Date(edge).toISOString()} on`);
        known.set(place, state);
      }
      return state;
    },
    notes: sums.notes,
  };
};
