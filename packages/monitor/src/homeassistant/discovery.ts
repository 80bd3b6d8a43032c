/**
 * What Home Assistant is told of a sensor, and where its values are published. Pure.
 *
 * Device-based discovery (home-assistant.io/integrations/mqtt, "Device discovery payload"; Home Assistant 2024.12 or
 * newer): one retained message a device at `<prefix>/device/<node>/<object>/config`, with its entities under
 * `components`. Every sensor of the monitor is a device of its own, every value a plain number on a topic of its own,
 * so that other programs can read them without a template.
 *
 * Signs are the sensor's: power positive for what a `load` takes, a `source` gives, or a `signed` connection imports.
 */
import type { Sensor, StoredSample } from '../store/store.ts';

/** What a sensor can have; all but `power` and `energy` only where it is measured. */
export type Value = 'power' | 'energy' | 'exported' | 'charge' | 'voltage';

/** Who publishes, and below which topics. */
export interface Place {
  /** Of letters, digits, `_` and `-`; unique among the nodes at the broker, and the same after every restart. */
  readonly id: string;
  /** Home Assistant's own, `homeassistant` unless it was changed there. */
  readonly discoveryPrefix: string;
  /** Where the values are. */
  readonly statePrefix: string;
}

export interface Origin {
  readonly version?: string | undefined;
  /** Seconds after which a power that was not published again is unknown. */
  readonly expireAfter: number;
}

interface Entity {
  readonly name: string;
  readonly device_class: string;
  readonly state_class: 'measurement' | 'total_increasing';
  readonly unit_of_measurement: string;
  readonly suggested_display_precision: number;
}

const measured = (
  name: string,
  device_class: string,
  unit_of_measurement: string,
  digits: number,
): Entity => ({
  name,
  device_class,
  state_class: 'measurement',
  unit_of_measurement,
  suggested_display_precision: digits,
});

const counted = (name: string): Entity => ({
  name,
  device_class: 'energy',
  state_class: 'total_increasing',
  unit_of_measurement: 'kWh',
  suggested_display_precision: 3,
});

const ENERGY_NAMES = { load: 'Energy', source: 'Energy produced', signed: 'Energy imported' } as const;

const entities = ({ sign }: Sensor): Readonly<Record<Value, Entity>> => ({
  power: measured('Power', 'power', 'W', 1),
  energy: counted(ENERGY_NAMES[sign]),
  exported: counted('Energy exported'),
  charge: measured('State of charge', 'battery', '%', 0),
  voltage: measured('Voltage', 'voltage', 'V', 2),
});

/** A register outlives its last reading; the other values are of the moment. */
export const isCounted = (value: Value): boolean => value === 'energy' || value === 'exported';

/** Which values a sensor has, as far as a sample shows. */
export const valuesOf = (sensor: Sensor, sample: StoredSample | undefined): readonly Value[] => [
  'power',
  'energy',
  ...(sensor.sign === 'signed' ? (['exported'] as const) : []),
  ...(sample?.stateOfCharge === undefined ? [] : (['charge'] as const)),
  ...(sample?.voltage === undefined ? [] : (['voltage'] as const)),
];

const objectOf = (sensorId: number): string => `sensor${sensorId}`;

export const availabilityTopic = ({ statePrefix, id }: Place): string => `${statePrefix}/${id}/status`;

/** Where Home Assistant says that it is there (its birth message). */
export const birthTopic = ({ discoveryPrefix }: Place): string => `${discoveryPrefix}/status`;

export const discoveryTopic = ({ discoveryPrefix, id }: Place, sensorId: number): string =>
  `${discoveryPrefix}/device/${id}/${objectOf(sensorId)}/config`;

export const stateTopic = ({ statePrefix, id }: Place, sensorId: number, value: Value): string =>
  `${statePrefix}/${id}/${objectOf(sensorId)}/${value}`;

/** Where the registers of all sensors are. */
export const registerTopics = ({ statePrefix, id }: Place): readonly string[] =>
  (['energy', 'exported'] as const).map((value) => `${statePrefix}/${id}/+/${value}`);

/** Everything that a node may have left at a broker. */
export const topicsOf = ({ discoveryPrefix, statePrefix, id }: Place): readonly string[] => [
  `${discoveryPrefix}/device/${id}/+/config`,
  `${statePrefix}/${id}/#`,
];

/** The discovery message of a sensor. */
export const discoveryPayload = (
  place: Place,
  sensor: Sensor,
  values: Iterable<Value>,
  { version, expireAfter }: Origin,
): Readonly<Record<string, unknown>> => {
  const device = `${place.id}_${objectOf(sensor.id)}`;
  const software = version === undefined ? {} : { sw_version: version };
  return {
    device: {
      identifiers: [device],
      name: sensor.name,
      manufacturer: 'DAISEE',
      model: 'Monitor',
      ...software,
    },
    origin: { name: 'DAISEE', ...software },
    availability_topic: availabilityTopic(place),
    components: Object.fromEntries(
      [...values].map((value) => [
        value,
        {
          platform: 'sensor',
          unique_id: `${device}_${value}`,
          state_topic: stateTopic(place, sensor.id, value),
          ...entities(sensor)[value],
          ...(isCounted(value) ? {} : { expire_after: expireAfter }),
        },
      ]),
    ),
  };
};

const PER_KILO = 1_000_000_000n;

/** µWh as kWh, exactly: a register has at most nine places. */
export const kilowattHours = (register: bigint): string =>
  `${register / PER_KILO}.${(register % PER_KILO).toString().padStart(9, '0')}`;

/** Reads what `kilowattHours` wrote; undefined for anything else. */
export const registerOf = (text: string): bigint | undefined =>
  /^\d{1,12}\.\d{9}$/.test(text) ? BigInt(text.replace('.', '')) : undefined;

/** At most milliwatts: more is noise. */
export const plainNumber = (value: number): string => String(Number(value.toFixed(3)));
