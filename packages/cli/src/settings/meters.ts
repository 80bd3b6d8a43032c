/** The meters that settings may name, by their driver. */
import { ENERGY_UNITS, POWER_UNITS } from '@daisee/meter';
import { z } from 'zod';
import { broker, energy, number, seconds, text, truth, watts } from './fields.ts';

/** A sensor of the monitor is fed by each meter. */
const sensor = {
  name: text('the name of the sensor').optional(),
  sign: z
    .enum(['load', 'source', 'signed'], {
      error: "needs 'load' (what it takes), 'source' (what it gives) or 'signed' (import positive)",
    })
    .optional(),
  /** It says nothing while its power stays the same: the last value holds, up to `monitor.maxGap`. */
  reports: z
    .literal('change', { error: "needs 'change' (for a sensor that reports only then), or not to be there" })
    .optional(),
};

/** For devices that count energy themselves. */
const counter = {
  invert: truth.optional(),
  highestPower: watts.optional(),
  rollsOverAt: energy.optional(),
};

const topicName = text('a topic').refine((value) => !/[+#]/.test(value), 'needs one topic, without + and #');
const path = text('a JSON path, like ENERGY.Power');
const paths = z.union([path, z.array(path).min(1)], { error: 'needs a JSON path, or a list of them' });
/** A path, several that are added up, or a sum and what is taken off it. */
const quantity = z
  .union([paths, z.strictObject({ add: paths.optional(), subtract: paths.optional() })], {
    error: 'needs a JSON path, a list of them to be added up, or { add: [in.watts], subtract: [out.watts] }',
  })
  .optional();
const units = <const U extends string>(known: Readonly<Record<U, number>>) => {
  const names = Object.keys(known) as U[];
  return z.enum(names, { error: `needs ${names.join(', ').replace(/, (?=[^,]*$)/, ' or ')}` }).optional();
};
const topicWithPaths = z.strictObject({
  topic: topicName,
  power: quantity,
  energy: quantity,
  exported: quantity,
  time: path.optional(),
  value: z.enum(['power', 'energy', 'exported'], { error: 'needs power, energy or exported' }).optional(),
  part: z.enum(['add', 'subtract'], { error: 'needs add or subtract' }).optional(),
  powerUnit: units(POWER_UNITS),
  energyUnit: units(ENERGY_UNITS),
});
const topic = z.union([topicName, topicWithPaths], {
  error: 'needs a topic, or a topic with JSON paths like { topic: t, power: meters[0].watts }',
});

const phase = z.enum(['a', 'b', 'c'], { error: 'needs a, b or c' }).optional();
const component = text('a component, like em:0 or switch:0')
  .transform((value) => value.toLowerCase())
  .refine(
    (value) => /^(em1?|switch|pm1|cover|light):\d+$/.test(value),
    'needs a component of a Shelly that measures: em:0, em1:0, pm1:0, switch:0, cover:0 or light:0',
  )
  .optional();

const serial = z.strictObject({
  driver: z.literal('serial'),
  ...sensor,
  path: text('a device, like /dev/ttyACM0'),
  baudRate: number('a baud rate').int().positive().optional(),
  format: z.enum(['auto', 'power', 'gauge'], { error: 'needs auto, power or gauge' }).optional(),
});

const replay = z.strictObject({
  driver: z.literal('replay'),
  ...sensor,
  file: text('a CSV file of timestamp and watts'),
  loop: truth.optional(),
});

const simulated = z.strictObject({
  driver: z.literal('simulated'),
  ...sensor,
  power: number('a power in watts'),
  period: seconds.optional(),
});

const mqtt = z.strictObject({
  driver: z.literal('mqtt'),
  ...sensor,
  ...broker,
  topic: topic.optional(),
  topics: z.array(topic, { error: 'needs a list of topics' }).min(1, 'needs at least one topic').optional(),
  qos: z.literal([0, 1], { error: 'needs 0 or 1' }).optional(),
  component,
  phase,
  availability: topicName.optional(),
  zone: text('a time zone, like Europe/Paris').optional(),
  repeatEvery: seconds.optional(),
  maxGap: seconds.optional(),
  silence: seconds.optional(),
  clientId: text('an identity at the broker').optional(),
  ...counter,
});

const shelly = z.strictObject({
  driver: z.literal('shelly'),
  ...sensor,
  host: text('a host, like 192.168.0.20'),
  password: text('the password of the Shelly').optional(),
  passwordFile: text('a file with the password of the Shelly').optional(),
  component,
  phase,
  period: seconds.optional(),
  timeout: seconds.optional(),
  ...counter,
});

const I2C = 'needs an I²C address, like 0x40';
const i2c = {
  bus: number('the number of an I²C bus').int().min(0).optional(),
  // Addresses without quotes are text here, as those of Ethereum are.
  address: z
    .union([z.number(), z.string().regex(/^0x[0-9a-f]{1,2}$|^\d{1,3}$/i, I2C)], { error: I2C })
    .transform(Number)
    .refine((value) => value >= 0x03 && value <= 0x77, I2C)
    .optional(),
};

/** An INA219, and a MAX17043 where `gauge` is set, through the kernel's drivers. */
const sysfs = z.strictObject({
  driver: z.literal('sysfs'),
  ...sensor,
  ...i2c,
  shunt: number('the resistance of the shunt in ohms').positive('needs ohms above zero').optional(),
  gauge: z
    .union([truth, z.strictObject(i2c)], { error: 'needs true, or { bus: 1, address: 0x36 }' })
    .optional(),
  invert: truth.optional(),
  period: seconds.optional(),
  every: seconds.optional(),
});

export const meter = z.discriminatedUnion('driver', [serial, sysfs, mqtt, shelly, replay, simulated], {
  error: 'needs a driver: serial, sysfs, mqtt, shelly, replay or simulated',
});

export type MeterSettings = z.output<typeof meter>;
export type MqttMeterSettings = z.output<typeof mqtt>;
export type ShellyMeterSettings = z.output<typeof shelly>;
export type SysfsMeterSettings = z.output<typeof sysfs>;
