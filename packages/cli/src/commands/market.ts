import { readFileSync } from 'node:fs';
import {
  type Clearing,
  clearMidMarket,
  clearPayAsBid,
  clearUniformPrice,
  type Fill,
  type GridPrices,
  type Order,
  type OrderBook,
} from '@daisee/market';
import {
  Energy,
  formatKilowattHours,
  formatMicro,
  MICRO,
  messageOf,
  Price,
  readKilowattHours,
} from '@daisee/units';
import { Command, Option } from 'commander';
import * as z from 'zod';
import { UsageError } from '../options.ts';
import type { Output } from '../output.ts';
import { action, type CommonOptions } from './run.ts';

const MECHANISMS = ['uniform-price', 'pay-as-bid', 'mid-market'] as const;
type Mechanism = (typeof MECHANISMS)[number];

interface ClearOptions extends CommonOptions {
  readonly mechanism?: Mechanism;
  readonly retail?: string;
  readonly feedIn?: string;
}

/** A number as it was written: JSON's own would be a float. */
const written = z.union([z.string(), z.number()]).transform(String);
const order = z.strictObject({ id: z.string().min(1), energy: written, price: written });
const bookShape = z.strictObject({
  unit: z.enum(['kWh', 'Wh']).default('kWh'),
  bids: z.array(order).default([]),
  offers: z.array(order).default([]),
  retail: written.optional(),
  feedIn: written.optional(),
});

const UNITS = {
  kWh: { per: Energy(1_000_000_000n), format: formatKilowattHours, scale: 1n },
  Wh: { per: Energy(MICRO), format: formatMicro, scale: 1000n },
} as const;
type Unit = keyof typeof UNITS;

/** A decimal with so many places less than nine, in whole units. */
const decimalOf = (text: string, scale: bigint, what: string, expected: string): bigint => {
  const read = readKilowattHours(text.trim());
  if (!read || read.rounded || read.energy < 0n || read.energy % scale !== 0n)
    throw new UsageError(`${what} cannot be ${JSON.stringify(text)}: expected ${expected}.`);
  return read.energy / scale;
};
const priceOf = (text: string, what: string): Price =>
  Price(decimalOf(text, 1000n, what, 'a price of 0 or more with at most 6 decimals'));

interface Problem {
  readonly file: string;
  readonly book: OrderBook & { readonly per: Energy };
  readonly unit: Unit;
  readonly grid: GridPrices | undefined;
}

const readBook = (file: string, options: ClearOptions): Problem => {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}.`, { file });
  }
  let content: unknown;
  try {
    // The third argument has a number's own digits (ECMA-262, JSON.parse source text access).
    const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
      typeof value === 'number' ? (context?.source ?? String(value)) : value;
    content = JSON.parse(text.replace(/^\uFEFF/, ''), exact);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${messageOf(error)}.`, { file });
  }
  const parsed = bookShape.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UsageError(
      `${file}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'not as expected'}. Expected {"unit":"kWh","bids":[{"id":"A","energy":1,"price":10}],"offers":[…],"retail":…,"feedIn":…}.`,
      { file },
    );
  }
  const { unit, bids, offers } = parsed.data;
  const { per, scale } = UNITS[unit];
  const ordersOf = (side: string, given: readonly z.infer<typeof order>[]): readonly Order[] =>
    given.map(({ id, energy, price }) => ({
      id,
      energy: Energy(
        decimalOf(
          energy,
          scale,
          `${file}: the energy of ${side} ${id}`,
          `${unit} of 0 or more with at most ${scale === 1n ? 9 : 6} decimals`,
        ),
      ),
      price: priceOf(price, `${file}: the price of ${side} ${id}`),
    }));
  const retail = options.retail ?? parsed.data.retail;
  const feedIn = options.feedIn ?? parsed.data.feedIn;
  return {
    file,
    unit,
    book: { bids: ordersOf('bid', bids), offers: ordersOf('offer', offers), per },
    grid:
      retail === undefined || feedIn === undefined
        ? undefined
        : { retail: priceOf(retail, 'retail'), feedIn: priceOf(feedIn, 'feedIn') },
  };
};

/** An amount that is a whole number of `per`-ths of a millionth, as an exact decimal: at least 6 places. */
const exactDecimal = (numerator: bigint, per: bigint): string => {
  // `per` is a power of ten.
  const places = 6 + per.toString().length - 1;
  const digits = numerator.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '').padEnd(6, '0');
  return `${digits.slice(0, -places)}.${fraction}`;
};

const clearBy = (mechanism: Mechanism, { book, grid }: Problem): Clearing => {
  if (mechanism === 'uniform-price') return clearUniformPrice(book);
  if (mechanism === 'pay-as-bid') return clearPayAsBid(book);
  if (!grid)
    throw new UsageError(
      "The mid-market rate lies between the grid's prices: give retail and feedIn in the file, or --retail and --feed-in.",
    );
  return clearMidMarket(book, grid);
};

const trimmed = (text: string): string => text.replace(/\.?0+$/, '');

const show = (output: Output, mechanism: Mechanism, problem: Problem): void => {
  const { book, unit } = problem;
  const { per, format } = UNITS[unit];
  const { price, energy, turnover, surplus, bids, offers } = clearBy(mechanism, problem);
  const fills = (side: readonly Fill[], verb: 'pays' | 'receives') =>
    side.map(({ id, energy: amount, amount: coins }) => ({
      id,
      energy: format(amount),
      [verb]: formatMicro(coins),
    }));
  output.record({
    mechanism,
    unit,
    price: price === undefined ? null : formatMicro(price),
    energy: format(energy),
    turnover: formatMicro(turnover),
    surplus: exactDecimal(surplus, per),
    bids: fills(bids, 'pays'),
    offers: fills(offers, 'receives'),
  });
  if (energy === 0n) {
    const most = book.bids.reduce((a, b) => (b.energy > 0n && b.price > a ? b.price : a), -1n);
    const least = book.offers.reduce<bigint | undefined>(
      (a, b) => (b.energy > 0n && (a === undefined || b.price < a) ? b.price : a),
      undefined,
    );
    const why =
      most < 0n || least === undefined
        ? 'one side has no order'
        : mechanism === 'mid-market' && most >= least
          ? 'on one side nobody takes the middle price'
          : `the highest bid is ${trimmed(formatMicro(most))}, the lowest offer ${trimmed(formatMicro(least))}`;
    output.line(`${mechanism}: no trade, ${why}`);
    return;
  }
  output.line(
    `${mechanism}: ${trimmed(format(energy))} ${unit}${price === undefined ? '' : ` at ${trimmed(formatMicro(price))}`}, ${trimmed(formatMicro(turnover))} coins; surplus ${trimmed(exactDecimal(surplus, per))}`,
  );
  for (const [side, verb, all] of [
    ['bid', 'pays', bids],
    ['offer', 'receives', offers],
  ] as const)
    for (const fill of all)
      if (fill.energy > 0n)
        output.line(
          `  ${side} ${fill.id}: ${trimmed(format(fill.energy))} ${unit}, ${verb} ${trimmed(formatMicro(fill.amount))}`,
        );
};

export const marketCommand = (): Command =>
  new Command('market').description('Clear the orders of an interval.').addCommand(
    new Command('clear')
      .description('Clear a file of orders: who trades how much, and at what price.')
      .argument('<file>', 'JSON with bids and offers; - reads standard input')
      .addOption(
        new Option('--mechanism <name>', 'one of them (default: each that can be)').choices(MECHANISMS),
      )
      .option('--retail <price>', 'what the grid takes, for mid-market')
      .option('--feed-in <price>', 'what the grid pays, for mid-market')
      .option('--json', 'one JSON object a mechanism; amounts as decimal text')
      .addHelpText(
        'after',
        `
Example: daisee market clear orders.json --json

  {"unit": "kWh", "retail": 20, "feedIn": 5,
   "bids":   [{"id": "A", "energy": 1, "price": 10}],
   "offers": [{"id": "B", "energy": 1.00002, "price": 8}]}

Energies are in the unit (kWh, or Wh), prices in coins for one of it.`,
      )
      .action(async (file: string, options: ClearOptions) =>
        action<ClearOptions>(async (given, output) => {
          const problem = readBook(file, given);
          const mechanisms = given.mechanism
            ? [given.mechanism]
            : MECHANISMS.filter((name) => name !== 'mid-market' || problem.grid);
          for (const mechanism of mechanisms) show(output, mechanism, problem);
        })(options),
      ),
  );
