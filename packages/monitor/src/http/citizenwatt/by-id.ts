/**
 * `by_id` of the CitizenWatt API. Identities from 0 on are those of the rows; negative ones count places from the
 * newest sample back, as in Python's lists. A sample stands for the time from its instant to the next sample's, so
 * that the energy of ranges side by side adds up to that of both and is what `by_time` says of the same time.
 */
import { type Energy, Instant } from '@daisee/units';
import type { FollowedSample, PowerSum } from '../../store/store.ts';
import type { DayAndNight } from '../../tariff/tariff.ts';
import { type Asked, addPowers, energyByRate, NO_POWER } from '../measured/by-rate.ts';
import { isNight } from '../measured/pricing.ts';
import { type Amount, amountJson, answer, listOf, meanJson, row } from './answers.ts';
import type { Range } from './numbers.ts';

/** A sample and the identity, or the place, by which it was asked for. */
interface Found {
  readonly number: number;
  readonly sample: FollowedSample;
}

/** The samples of a range, ascending in time. */
const samplesOf = async ({ store, sensorId }: Asked, { from, to }: Range): Promise<readonly Found[]> => {
  if (from >= 0)
    return (await store.samplesById(sensorId, from, to)).map((sample) => ({ number: sample.id, sample }));
  const samples = await store.samplesFromEnd(sensorId, from, to);
  return samples.map((sample, i) => ({ number: to - samples.length + i, sample }));
};

/** A stretch of time of samples that follow each other and belong to one group. */
interface Stretch {
  readonly group: number;
  readonly from: Instant;
  readonly to: Instant;
}

const stretchesOf = (found: readonly Found[], groupOf: (number: number) => number): readonly Stretch[] => {
  const stretches: Stretch[] = [];
  for (const { number, sample } of found) {
    const group = groupOf(number);
    // What follows the newest sample is not known yet: that it was there is.
    const to = sample.next ?? Instant(sample.at + 1);
    const last = stretches.at(-1);
    if (last?.group === group && last.to === sample.at) stretches[stretches.length - 1] = { ...last, to };
    else stretches.push({ group, from: sample.at, to });
  }
  return stretches;
};

/** The energy of each group that has samples. */
const energyOfGroups = async (
  asked: Asked,
  found: readonly Found[],
  groupOf: (number: number) => number,
): Promise<ReadonlyMap<number, DayAndNight<Energy>>> => {
  const stretches = stretchesOf(found, groupOf);
  const edges = [...new Set(stretches.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
  const energies = await energyByRate(asked, edges);
  const from = new Map(edges.map((edge, i) => [edge, energies[i]]));
  const sums = new Map<number, DayAndNight<Energy>>();
  for (const { group, from: start } of stretches) {
    const energy = from.get(start);
    const sum = sums.get(group);
    if (!energy) continue;
    sums.set(
      group,
      sum ? { day: (sum.day + energy.day) as Energy, night: (sum.night + energy.night) as Energy } : energy,
    );
  }
  return sums;
};

const one = (): number => 0;

/** The sample of an identity. */
export const sampleById = async (asked: Asked, range: Range): Promise<string> => {
  const [found] = await samplesOf(asked, range);
  return answer(asked, found && row(asked, found.sample));
};

/** The samples of a range. */
export const samplesById = async (asked: Asked, range: Range): Promise<string> => {
  const found = await samplesOf(asked, range);
  return answer(
    asked,
    found.length === 0 ? undefined : `[${found.map(({ sample }) => row(asked, sample)).join(', ')}]`,
  );
};

/** The energy of a range or its cost. */
export const amountById = async (amount: Amount, asked: Asked, range: Range): Promise<string> => {
  const energy = (await energyOfGroups(asked, await samplesOf(asked, range), one)).get(0);
  return answer(asked, amountJson(amount, asked, energy));
};

/** In which of its range's groups of `step` identities an identity is. */
const grouped =
  ({ from }: Range, step: number) =>
  (number: number): number =>
    Math.floor((number - from) / step);

const forGroups = ({ from, to }: Range, step: number, item: (group: number) => string | undefined): string =>
  listOf(Array.from({ length: Math.ceil((to - from) / step) }, (_, group) => item(group)));

/** The energy of each `step` identities of a range, or its cost. */
export const amountByIdSteps = async (
  amount: Amount,
  asked: Asked,
  range: Range,
  step: number,
): Promise<string> => {
  const energies = await energyOfGroups(asked, await samplesOf(asked, range), grouped(range, step));
  return answer(
    asked,
    forGroups(range, step, (group) => amountJson(amount, asked, energies.get(group))),
  );
};

/** The mean power of each `step` identities of a range. */
export const meanPowersById = async (asked: Asked, range: Range, step: number): Promise<string> => {
  const groupOf = grouped(range, step);
  const sums = new Map<number, DayAndNight<PowerSum>>();
  for (const { number, sample } of await samplesOf(asked, range)) {
    const group = groupOf(number);
    const { day, night } = sums.get(group) ?? { day: NO_POWER, night: NO_POWER };
    const power = { count: 1, microWatts: Math.round(sample.power * 1e6) };
    sums.set(
      group,
      isNight(asked.pricing, sample.at)
        ? { day, night: addPowers(night, power) }
        : { day: addPowers(day, power), night },
    );
  }
  return answer(
    asked,
    forGroups(range, step, (group) => {
      const sum = sums.get(group);
      return sum && meanJson(sum);
    }),
  );
};
