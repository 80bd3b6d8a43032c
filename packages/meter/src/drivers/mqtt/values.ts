/** Numbers out of messages: alone, in lists with one a phase, or added up from several places. */
import type { Energy } from '@daisee/units';
import { counterOf } from '../shelly/status.ts';
import { MqttSettingWrong } from './errors.ts';
import { atPath, type JsonPath, parseJsonPath } from './json-path.ts';

/** A JSON path, several that are added up, or a sum and what is taken off it. */
export type PathSetting =
  | string
  | readonly string[]
  | {
      readonly add?: string | readonly string[] | undefined;
      readonly subtract?: string | readonly string[] | undefined;
    };

/** The places of a quantity in a document. */
export interface Places {
  readonly add: readonly JsonPath[];
  readonly subtract: readonly JsonPath[];
}

export const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** What Home Assistant and ESPHome publish in place of a number. */
const ABSENT = /^(?:unavailable|unknown|none|null|nan)?$/i;

const listOf = (paths: string | readonly string[] | undefined): readonly JsonPath[] =>
  (typeof paths === 'string' ? [paths] : (paths ?? [])).map(parseJsonPath);

/** @throws MqttSettingWrong when a text is no path, or there is none */
export const placesOf = (setting: PathSetting): Places => {
  const isList = (value: PathSetting): value is string | readonly string[] =>
    typeof value === 'string' || Array.isArray(value);
  const { add, subtract } = isList(setting) ? { add: setting, subtract: undefined } : setting;
  const places = { add: listOf(add), subtract: listOf(subtract) };
  if (places.add.length === 0 && places.subtract.length === 0)
    throw new MqttSettingWrong(
      'path',
      setting,
      'at least one path, like { add: in.watts, subtract: out.watts }',
    );
  return places;
};

/** What is there in place of a number: null, an empty list, a word for nothing, or one of these in a list. */
export const wordsOf = (value: unknown): string | undefined => {
  if (value === null) return 'null';
  if (typeof value === 'string' && ABSENT.test(value.trim())) return value.trim() || 'empty';
  if (!Array.isArray(value)) return undefined;
  return value.length === 0 ? '[]' : value.map(wordsOf).find((words) => words !== undefined);
};

const number = (value: unknown): number | undefined => {
  if (typeof value === 'string' && NUMBER.test(value.trim())) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

/** The numbers of a list, or a number alone; undefined where one of them is none. */
export const numbersOf = (value: unknown): readonly number[] | undefined => {
  const numbers = (Array.isArray(value) ? value : [value]).map(number);
  return numbers.length > 0 && numbers.every((one) => one !== undefined) ? numbers : undefined;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** What places of a document hold: numbers, words that there is none, or nothing. */
export type Found = { readonly numbers: readonly number[] } | { readonly words: string } | undefined;

/** The numbers at places: one for each phase, or each place; what is taken off makes them one. */
export const foundAt = (document: unknown, { add, subtract }: Places): Found => {
  const values = [...add, ...subtract].map((path) => atPath(document, path));
  const words = values.map(wordsOf).find((one) => one !== undefined);
  if (words !== undefined) return { words };
  const lists = values.map(numbersOf);
  if (!lists.every((list) => list !== undefined)) return undefined;
  if (subtract.length === 0) return { numbers: lists.flat() };
  return { numbers: [sum(lists.slice(0, add.length).flat()) - sum(lists.slice(add.length).flat())] };
};

/** Power in watts: the sum, and the phases where there are several. */
export const powerOf = (numbers: readonly number[], watts: number) => ({
  power: sum(numbers) * watts,
  phases: numbers.length > 1 ? numbers.map((one) => one * watts) : undefined,
});

/** Counters: the sum, and each one where there are several; nothing where one is no counter. */
export const countersOf = (
  numbers: readonly number[],
  wattHours: number,
): { readonly total: Energy; readonly channels: readonly Energy[] | undefined } | undefined => {
  const total = counterOf(sum(numbers), wattHours);
  const channels = numbers.map((one) => counterOf(one, wattHours));
  if (total === undefined || !channels.every((one) => one !== undefined)) return undefined;
  return { total, channels: channels.length > 1 ? channels : undefined };
};
