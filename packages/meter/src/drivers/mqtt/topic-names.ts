/** What a topic's name says of the values on it, and where its device says more of them. */
import type { EnergyUnit } from './units.ts';

/** What a plain number can be. */
export type Quantity = 'power' | 'energy' | 'exported';

/** What is known of the values of a topic by its name alone. */
export interface NamedTopic {
  /**
   * - `plain`: a number, or JSON that settings describe by paths;
   * - `tasmota`: Tasmota's SENSOR;
   * - `shelly`: the `status/…` and `events/rpc` of Shelly's second generation and later, which name their components;
   * - `other`: a number that is none of these quantities, by its name.
   */
  readonly kind: 'plain' | 'tasmota' | 'shelly' | 'other';
  /** What a plain number is, by the part of the name that names the value; a power where nothing names it. */
  readonly quantity: Quantity;
  /** Nothing names it. */
  readonly isNameless?: true;
  /** Its unit where that is documented. */
  readonly energyUnit?: EnergyUnit;
}

/** Levels that say only that there is a value. */
const NAMELESS = /^(?:state|value|status|get)$/i;
const WORDS: readonly (readonly [RegExp, 'power' | 'energy'])[] = [
  [/^(?:power|watts?|w|kw|leistung|puissance|potencia)$/, 'power'],
  [/^(?:energy|energie|energia|[km]?wh)$/, 'energy'],
];
/** Names that end so, or have one of `NO_ENERGY`, are of something else. */
const OTHER = /^(?:voltage|volts?|current|amps?|amperes?|temperature|humidity|frequency|factor|rssi|uptime)$/;
const NO_ENERGY = /^(?:reactive|apparent)$/;
/** Words for the direction that is counted apart: given back to the grid. */
const EXPORTED = /^(?:export(?:ed)?|return(?:ed)?|ret|inject(?:ed|ion)?|feedin|feed)$/;

/** The level that names the value: the last one that is not only `state`, `value`… */
const valueName = (levels: readonly string[]): string =>
  levels.findLast((level, index) => index === 0 || !NAMELESS.test(level)) ?? '';

const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);

const plain = (name: string): NamedTopic => {
  const words = wordsOf(name);
  if (OTHER.test(words.at(-1) ?? '') || words.some((word) => NO_ENERGY.test(word)))
    return { kind: 'other', quantity: 'power' };
  const kinds = words.map((word) => WORDS.find(([pattern]) => pattern.test(word))?.[1]);
  // Of "energy meter power" the last one names the value.
  const quantity = kinds.findLast((one) => one !== undefined);
  if (quantity === undefined) return { kind: 'plain', quantity: 'power', isNameless: true };
  const isExported = quantity === 'energy' && words.some((word) => EXPORTED.test(word));
  return { kind: 'plain', quantity: isExported ? 'exported' : quantity };
};

/**
 * Shelly's first generation (its API documentation, "MQTT"): `shellies/<device>/relay/0/energy` counts watt-minutes since
 * the device started; `…/emeter/0/energy` and `returned_energy` have those of the current minute only, while `total` and
 * `total_returned` are its counters, in watt-hours.
 */
const firstGeneration = (levels: readonly string[]): NamedTopic | undefined => {
  if (levels.length < 5 || levels.at(-5) !== 'shellies') return undefined;
  const [part, , value = ''] = levels.slice(-3);
  const energy = (quantity: Quantity, energyUnit: EnergyUnit): NamedTopic => ({
    kind: 'plain',
    quantity,
    energyUnit,
  });
  if (value === 'power') return { kind: 'plain', quantity: 'power' };
  if (part === 'emeter') {
    if (value === 'total') return energy('energy', 'Wh');
    return value === 'total_returned'
      ? energy('exported', 'Wh')
      : { kind: 'other', quantity: 'energy', energyUnit: 'Wmin' };
  }
  const counts = part === 'relay' || part === 'roller' || part === 'light';
  return counts && value === 'energy' ? energy('energy', 'Wmin') : { kind: 'other', quantity: 'power' };
};

/** What a topic's name says. */
export const namedTopic = (topic: string): NamedTopic => {
  const levels = topic.split('/');
  const last = levels.at(-1) ?? '';
  const old = firstGeneration(levels);
  if (old) return old;
  if (last === 'SENSOR' || /^STATUS(?:8|10)$/.test(last)) return { kind: 'tasmota', quantity: 'power' };
  const parent = levels.at(-2);
  if ((parent === 'events' && last === 'rpc') || (parent === 'status' && /^[a-z0-9]+:\d+$/.test(last)))
    return { kind: 'shelly', quantity: 'power' };
  return plain(valueName(levels));
};

/** Where a device or Home Assistant may say in which unit a plain number is. */
export interface UnitTopic {
  readonly topic: string;
  /** `text`: the unit alone; `discovery`: a message by which Home Assistant discovers the sensor. */
  readonly form: 'text' | 'discovery';
}

/**
 * Home Assistant's statestream has attributes beside the state (`publish_attributes: true`); ESPHome announces each sensor
 * to Home Assistant under its name and the sensor's.
 */
export const unitTopics = (topic: string): readonly UnitTopic[] => {
  const levels = topic.split('/');
  if (levels.at(-1) !== 'state' || levels.length < 3) return [];
  const stem = levels.slice(0, -1);
  const beside: UnitTopic = { topic: [...stem, 'unit_of_measurement'].join('/'), form: 'text' };
  const [device, component, name] = levels.slice(-4);
  if (levels.length < 4 || component !== 'sensor') return [beside];
  return [beside, { topic: `homeassistant/sensor/${device}/${name}/config`, form: 'discovery' }];
};

/** The unit in a message by which Home Assistant discovers the sensor with that state topic; its keys may be short. */
export const unitOfDiscovery = (text: string, topic: string): string | undefined => {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof told !== 'object' || told === null) return undefined;
  const fields = told as Readonly<Record<string, unknown>>;
  const textAt = (short: string, long = short): string => {
    const value = fields[short] ?? fields[long];
    return typeof value === 'string' ? value : '';
  };
  const state = textAt('stat_t', 'state_topic').replace('~', textAt('~'));
  const unit = textAt('unit_of_meas', 'unit_of_measurement');
  return unit !== '' && state === topic ? unit : undefined;
};
