/** Rows of `sensors`, the same in every database. */
import { type CounterRule, DEFAULT_COUNTER_RULE, type IntegrationRule, type SignRule } from '@daisee/meter';
import { type Duration, Energy, Watts } from '@daisee/units';
import { SensorDiffers } from './errors.ts';
import { type AppendOptions, DEFAULT_TYPE, type NewSensor, type RuleChange, type Sensor } from './store.ts';

/** Whole numbers as bigint or number, as the database gives them. */
export interface SensorRow {
  readonly id: number | bigint;
  readonly name: string;
  readonly sign: SignRule;
  readonly type: string;
  readonly type_id: number | bigint;
  readonly highest_power: bigint | null;
  readonly counter_tolerance: bigint | null;
  readonly rolls_over_at: bigint | null;
  readonly reports: string | null;
}

export const SELECT_SENSORS = `SELECT sensors.id, sensors.name, sign, types.name AS type, types.id AS type_id,
  highest_power, counter_tolerance, rolls_over_at, reports FROM sensors JOIN types ON types.id = sensors.type`;

export const RULE_COLUMNS = ['highest_power', 'counter_tolerance', 'rolls_over_at', 'reports'] as const;

/** What a row says of how its sensor counts. */
export type RuleRow = Pick<SensorRow, (typeof RULE_COLUMNS)[number]>;

const ruleOfRow = (row: RuleRow): Pick<Sensor, 'counter' | 'reports'> => ({
  ...(row.highest_power === null
    ? {}
    : {
        counter: {
          highestPower: Watts(Number(row.highest_power) / 1e6),
          ...(row.counter_tolerance === null ? {} : { tolerance: Energy(row.counter_tolerance) }),
          ...(row.rolls_over_at === null ? {} : { rollsOverAt: Energy(row.rolls_over_at) }),
        },
      }),
  ...(row.reports === 'change' ? { reports: 'change' } : {}),
});

export const sensorOfRow = (row: SensorRow): Sensor => ({
  id: Number(row.id),
  name: row.name,
  sign: row.sign,
  type: row.type,
  typeId: Number(row.type_id),
  ...ruleOfRow(row),
});

/** A sensor that counts as a row says now, whatever was remembered of it. */
export const ruledBy = ({ id, name, sign, type, typeId }: Sensor, row: RuleRow): Sensor => ({
  id,
  name,
  sign,
  type,
  typeId,
  ...ruleOfRow(row),
});

/** The values of `RULE_COLUMNS`. */
export const ruleValues = ({ counter, reports }: RuleChange): readonly (bigint | string | null)[] => [
  counter ? BigInt(Math.round(counter.highestPower * 1e6)) : null,
  counter?.tolerance ?? null,
  counter?.rollsOverAt ?? null,
  reports ?? null,
];

/**
 * The one there is, with what was asked for: a sensor's sign and type stay, how it counts may be told anew.
 * Undefined when it has all of it already.
 * @throws SensorDiffers
 */
export const changedSensor = (there: Sensor, asked: NewSensor): Sensor | undefined => {
  const { name, sign, type = DEFAULT_TYPE } = asked;
  const { counter: oldCounter, reports: oldReports, ...unruled } = there;
  const { counter = oldCounter, reports = oldReports } = asked;
  if (there.sign !== sign || there.type !== type)
    throw new SensorDiffers(name, `${there.sign}, ${there.type}`, `${sign}, ${type}`);
  if (sameRule(counter ?? undefined, oldCounter) && (reports ?? undefined) === oldReports) return undefined;
  return { ...unruled, ...(counter ? { counter } : {}), ...(reports ? { reports } : {}) };
};

const sameRule = (a: CounterRule | undefined, b: CounterRule | undefined): boolean =>
  a?.highestPower === b?.highestPower && a?.tolerance === b?.tolerance && a?.rollsOverAt === b?.rollsOverAt;

/** What silence is bridged. */
export interface Bridging {
  readonly maxGap: Duration;
  readonly rhythm: boolean;
}

/** What is bridged as an append was asked, in a store with a longest gap of its own. */
export const bridgingOf = (
  { maxGap, rhythm }: Pick<AppendOptions, 'maxGap' | 'rhythm'>,
  ownGap: Duration,
): Bridging => ({
  maxGap: maxGap ?? ownGap,
  rhythm: rhythm ?? maxGap === undefined,
});

/** How a sensor's samples are integrated. */
export const integrationRule = (
  { sign, counter = DEFAULT_COUNTER_RULE, reports }: Sensor,
  bridging: Bridging,
): IntegrationRule => ({ sign, ...bridging, counter, holds: reports === 'change' });
