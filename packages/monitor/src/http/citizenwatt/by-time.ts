/** `by_time` of the CitizenWatt API: samples, energy and cost of instants, windows and steps, as JSON text. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Duration, Instant } from '@daisee/units';
import { stepEdges } from '../../store/steps.ts';
import { type Asked, energyByRate, powerByRate } from '../measured/by-rate.ts';
import { type Amount, amountJson, answer, listOf, meanJson, row } from './answers.ts';
import type { Window } from './numbers.ts';
import { rowsOf } from './rows.ts';

/** Samples read, and steps computed, before others get their turn. */
const PAGE = 500;

/** The sample at an instant. */
export const sampleAt = async (asked: Asked, at: Instant): Promise<string> => {
  const [sample] = await asked.store.powers(asked.sensorId, at, Instant(at + 1), 1);
  return answer(asked, sample && row(asked, sample));
};

/** The samples of a window: one text when they are few, else piece by piece. */
export const samplesOfWindow = async (
  asked: Asked,
  { from, to }: Window,
): Promise<string | AsyncIterable<Buffer>> => {
  const { store, sensorId, pricing } = asked;
  /** The samples are garbage before anybody else's turn; that is all of them when no next page is named. */
  const page = async (start: Instant, before: string): Promise<{ rows: Buffer; next?: Instant }> => {
    const samples = await store.powers(sensorId, start, to, PAGE);
    const rows = samples.length === 0 ? Buffer.alloc(0) : rowsOf(asked, samples, before);
    const last = samples.length === PAGE ? samples.at(-1) : undefined;
    return last ? { rows, next: Instant(last.at + 1) } : { rows };
  };
  const { rows, next } = await page(from, '');
  if (next === undefined)
    return answer(asked, rows.length === 0 ? undefined : `[${rows.toString('latin1')}]`);
  return (async function* () {
    yield Buffer.from('{"data": [');
    yield rows;
    for (let start: Instant | undefined = next; start !== undefined; ) {
      await nextTurn();
      const more: Awaited<ReturnType<typeof page>> = await page(start, ', ');
      if (more.rows.length > 0) yield more.rows;
      start = more.next;
    }
    yield Buffer.from(`], "rate": ${pricing.rate}}`);
  })();
};

/** The energy of a window or its cost; null when nothing was measured in it. */
export const amountOfWindow = async (amount: Amount, asked: Asked, { from, to }: Window): Promise<string> => {
  const [energy] = await energyByRate(asked, to > from ? [from, to] : []);
  return answer(asked, amountJson(amount, asked, energy));
};

/** One answer for each step of a window, a page of steps at a time. */
const bySteps = async (
  asked: Asked,
  { from, to }: Window,
  step: Duration,
  items: (edges: readonly Instant[]) => Promise<readonly (string | undefined)[]>,
): Promise<string> => {
  const all: (string | undefined)[] = [];
  const span = step * PAGE;
  for (let page = 0; from + page * span < to; page++) {
    if (page > 0) await nextTurn();
    const edges = stepEdges(from + page * span, Math.min(to, from + (page + 1) * span), step);
    for (const item of await items(edges)) all.push(item);
  }
  return answer(asked, listOf(all));
};

/** The energy of each step or its cost. */
export const amountOfSteps = (
  amount: Amount,
  asked: Asked,
  window: Window,
  step: Duration,
): Promise<string> =>
  bySteps(asked, window, step, async (edges) =>
    (await energyByRate(asked, edges)).map((energy) => amountJson(amount, asked, energy)),
  );

/** The mean power of each step. */
export const meanPowers = (asked: Asked, window: Window, step: Duration): Promise<string> =>
  bySteps(asked, window, step, async (edges) =>
    (await powerByRate(asked, edges)).map((sum) => sum && meanJson(sum)),
  );
