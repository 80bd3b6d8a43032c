/** Energy as decimal text, and what `/api/v1` says of a device's own counters. */
import type { CounterRule, Sample } from '@daisee/meter';
import { Energy, formatMicro, parseMicro, Watts } from '@daisee/units';
import * as z from 'zod';
import type { RuleChange, Sensor } from '../../store/store.ts';

/** Watt-hours, exactly. */
export const wattHoursShape = z
  .string()
  .regex(/^-?\d+(\.\d{1,6})?$/, 'watt-hours like 12.345678')
  .describe('Watt-hours as decimal text');
/** A register never falls below zero. */
export const registerShape = z
  .string()
  .regex(/^\d+(\.\d{1,6})?$/, 'watt-hours like 12.345678')
  .describe('Watt-hours as decimal text');

/** No store takes more. */
export const counterShape = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'watt-hours like 12.345678');

/** What can be believed of a counter, in text. */
const counterRuleShape = z.strictObject({
  highestPower: z.number().positive().max(1e8).describe('Watts; a counter that rises faster is not believed'),
  tolerance: counterShape.optional().describe('Wh that a reading may be off either way; 10 if absent'),
  rollsOverAt: counterShape.optional().describe('Wh at which the counter shows zero again'),
});

export const ruleShape = {
  counter: counterRuleShape
    .optional()
    .describe("What can be believed of the device's own counter; if absent, up to 100 kW"),
  reports: z
    .literal('change')
    .optional()
    .describe('The sensor says nothing while its power stays the same: the last value holds'),
};

/** What may be told anew of it. */
export const ruleChangeShape = {
  counter: counterRuleShape
    .nullish()
    .describe(
      "What can be believed of the device's own counter; null: up to 100 kW, as where nothing was said",
    ),
  reports: z
    .literal('change')
    .nullish()
    .describe(
      'The sensor says nothing while its power stays the same: the last value holds; null: no longer',
    ),
};

interface RuleText {
  readonly counter?: z.infer<typeof counterRuleShape> | undefined;
  readonly reports?: 'change' | undefined;
}

const energyOf = (text: string): Energy => Energy(parseMicro(text));

const counterRuleOf = ({
  highestPower,
  tolerance,
  rollsOverAt,
}: z.infer<typeof counterRuleShape>): CounterRule => ({
  highestPower: Watts(highestPower),
  ...(tolerance === undefined ? {} : { tolerance: energyOf(tolerance) }),
  ...(rollsOverAt === undefined ? {} : { rollsOverAt: energyOf(rollsOverAt) }),
});

/** Reads how a sensor counts. */
export const ruleOf = ({ counter, reports }: RuleText): Pick<Sensor, 'counter' | 'reports'> => ({
  ...(counter ? { counter: counterRuleOf(counter) } : {}),
  ...(reports ? { reports } : {}),
});

type RuleChangeText = { readonly [K in keyof RuleText]: RuleText[K] | null };

/** Reads what is told anew of how a sensor counts. */
export const ruleChangeOf = ({ counter, reports }: RuleChangeText): RuleChange => ({
  ...(counter === undefined ? {} : { counter: counter && counterRuleOf(counter) }),
  ...(reports === undefined ? {} : { reports }),
});

/** Writes how a sensor counts. */
export const ruleAnswer = ({ counter, reports }: Pick<Sensor, 'counter' | 'reports'>): RuleText => ({
  ...(counter
    ? {
        counter: {
          highestPower: counter.highestPower,
          ...(counter.tolerance === undefined ? {} : { tolerance: formatMicro(counter.tolerance) }),
          ...(counter.rollsOverAt === undefined ? {} : { rollsOverAt: formatMicro(counter.rollsOverAt) }),
        },
      }
    : {}),
  ...(reports ? { reports } : {}),
});

type Counters = Pick<Sample, 'counter' | 'exportedCounter'>;
interface CountersText {
  readonly counter?: string | undefined;
  readonly exportedCounter?: string | undefined;
}

/** Reads the counters of a sample. */
export const countersOf = ({ counter, exportedCounter }: CountersText): Counters => ({
  ...(counter === undefined ? {} : { counter: energyOf(counter) }),
  ...(exportedCounter === undefined ? {} : { exportedCounter: energyOf(exportedCounter) }),
});

/** Writes the counters of a sample. */
export const countersText = ({ counter, exportedCounter }: Counters): CountersText => ({
  ...(counter === undefined ? {} : { counter: formatMicro(counter) }),
  ...(exportedCounter === undefined ? {} : { exportedCounter: formatMicro(exportedCounter) }),
});
