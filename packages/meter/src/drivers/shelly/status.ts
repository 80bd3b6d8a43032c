/**
 * The states of Shelly's metering components (generation 2 and later), as Shelly's API documentation describes them
 * under "Components and Services": EM and EM1 (clamps) with their counters in EMData and EM1Data, Switch, PM1, Cover
 * and Light (metering in the path of the load).
 *
 * Signs: power is positive from the grid into what is measured. EM and EM1 count the two directions apart. The others
 * add the returned energy to `aenergy` too (Shelly's documentation of `ret_aenergy`), so what was consumed is the
 * difference. All counters are watt-hours.
 */
import { type Energy, Instant, wattHours } from '@daisee/units';

/** What a component's state says; `undefined` where it says nothing. */
export interface ShellyReading {
  /** Watts. */
  readonly power?: number;
  /** Counted in the positive direction, µWh. */
  readonly imported?: Energy;
  /** Counted in the negative direction, µWh. */
  readonly exported?: Energy;
  /** The beginning of the minute in which the state was made, for components that tell. */
  readonly minute?: Instant;
}

/** A conductor of a three-phase meter. */
export type Phase = 'a' | 'b' | 'c';

type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Above this a counter in watt-hours does not fit the integers that numbers hold exactly: no device gets there. */
const MOST_WATT_HOURS = 9e9;

/** Energy from a number of watt-hours, or undefined when no counter can show that. */
export const counterOf = (value: unknown, wattHoursEach = 1): Energy | undefined => {
  if (typeof value !== 'number') return undefined;
  const energy = value * wattHoursEach;
  return energy >= 0 && energy < MOST_WATT_HOURS ? wattHours(energy) : undefined;
};

/** The last second that a date can have (ECMAScript, "Time Values and Time Range"). */
const LAST_SECOND = 8.64e12;

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** Unix seconds from 1970 on that a date can have. */
const secondOf = (value: unknown): number | undefined => {
  const second = number(value);
  return second !== undefined && second >= 0 && second <= LAST_SECOND ? second : undefined;
};

/** The first of the fields that is there. */
const first = (status: Fields, ...names: readonly string[]): unknown =>
  names.map((name) => status[name]).find((value) => value !== undefined);

/** What a component's state has as its power, a number or not; undefined where it has none. */
export const powerField = (status: Fields, phase?: Phase): unknown => {
  if ('apower' in status) return status['apower'];
  return phase ? status[`${phase}_act_power`] : first(status, 'total_act_power', 'act_power');
};

/** Watts of the three conductors of a three-phase meter; undefined for any other. */
export const phasePowers = (status: Fields): readonly number[] | undefined => {
  const powers = ['a', 'b', 'c'].map((phase) => number(status[`${phase}_act_power`]));
  return powers.every((power) => power !== undefined) ? powers : undefined;
};

const throughLoad = (status: Fields): ShellyReading => {
  const { aenergy, ret_aenergy: returned } = status;
  const both = isFields(aenergy) ? counterOf(aenergy['total']) : undefined;
  const exported = isFields(returned) ? counterOf(returned['total']) : undefined;
  const power = number(powerField(status));
  const minute = isFields(aenergy) ? secondOf(aenergy['minute_ts']) : undefined;
  const imported = both === undefined ? undefined : wattHoursBetween(exported, both);
  return {
    ...(power !== undefined && { power }),
    ...(imported !== undefined && { imported }),
    ...(exported !== undefined && { exported }),
    ...(minute !== undefined && { minute: Instant(minute * 1000) }),
  };
};

/** What is left of a counter of both directions without one of them. */
const wattHoursBetween = (part: Energy | undefined, whole: Energy): Energy => {
  const rest = whole - (part ?? 0n);
  return (rest > 0n ? rest : 0n) as Energy;
};

const clamp = (status: Fields, phase: Phase | undefined): ShellyReading => {
  const power = powerField(status, phase);
  const imported = phase
    ? status[`${phase}_total_act_energy`]
    : first(status, 'total_act', 'total_act_energy');
  const exported = phase
    ? status[`${phase}_total_act_ret_energy`]
    : first(status, 'total_act_ret', 'total_act_ret_energy');
  const watts = number(power);
  const counted = counterOf(imported);
  const returned = counterOf(exported);
  return {
    ...(watts !== undefined && { power: watts }),
    ...(counted !== undefined && { imported: counted }),
    ...(returned !== undefined && { exported: returned }),
  };
};

/** Reads a component's state; empty when it measures nothing. `phase` takes one of a three-phase meter's. */
export const readShellyStatus = (status: Fields, phase?: Phase): ShellyReading =>
  'apower' in status || 'aenergy' in status ? throughLoad(status) : clamp(status, phase);

const MEASURING =
  /^(?:apower|(?:ret_)?aenergy|(?:[abc]_|total_)?act_power|(?:[abc]_)?total_act(?:_ret)?(?:_energy)?)$/;

/** The fields of a state that are read here: of the others nothing has to be kept. */
export const measuringFields = (status: Fields): Fields =>
  Object.fromEntries(Object.entries(status).filter(([name]) => MEASURING.test(name)));

/** `emdata:0` holds the counters of `em:0`: the component that a meter is named by, or undefined for any other. */
export const meteringComponent = (key: string): string | undefined => {
  const match = /^(em1?)(?:data)?:(\d+)$|^((?:switch|pm1|cover|light):\d+)$/.exec(key);
  if (!match) return undefined;
  return match[3] ?? `${match[1]}:${match[2]}`;
};
