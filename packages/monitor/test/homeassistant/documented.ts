/**
 * What Home Assistant's documentation says of the keys that are published: "MQTT" (device discovery payload, origin,
 * availability), "MQTT sensor" (configuration variables) and "Sensor" (device classes and their units), and the
 * developers' page on sensor entities (which state classes a device class takes).
 */
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value.length > 0;
const wholeNumber: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
const texts: Check = (value) => text(value) || (Array.isArray(value) && value.every(text));
/** A topic to publish to: no wildcards, no NUL, at most 65,535 bytes. */
const topic: Check = (value) => text(value) && !/[+#\0]/.test(String(value)) && String(value).length < 65_536;
const mapping: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf =
  (...options: readonly string[]): Check =>
  (value) =>
    options.includes(String(value));

type Table = Readonly<Record<string, { readonly check: Check; readonly required?: true }>>;

const ROOT: Table = {
  device: { check: mapping, required: true },
  origin: { check: mapping, required: true },
  components: { check: mapping, required: true },
  availability_topic: { check: topic },
  payload_available: { check: text },
  payload_not_available: { check: text },
  state_topic: { check: topic },
  qos: { check: (value) => value === 0 || value === 1 || value === 2 },
  encoding: { check: text },
};

const DEVICE: Table = {
  // "At least one of identifiers or connections must be present."
  identifiers: { check: texts, required: true },
  name: { check: text },
  manufacturer: { check: text },
  model: { check: text },
  sw_version: { check: text },
};

const ORIGIN: Table = {
  name: { check: text, required: true },
  sw_version: { check: text },
  support_url: { check: text },
};

const SENSOR: Table = {
  platform: { check: oneOf('sensor'), required: true },
  unique_id: { check: text, required: true },
  state_topic: { check: topic, required: true },
  name: { check: text },
  device_class: { check: text },
  state_class: { check: oneOf('measurement', 'total', 'total_increasing') },
  unit_of_measurement: { check: text },
  suggested_display_precision: { check: wholeNumber },
  expire_after: { check: wholeNumber },
};

/** Units and state classes that a device class takes. */
const CLASSES: Readonly<
  Record<string, { readonly units: readonly string[]; readonly states: readonly string[] }>
> = {
  power: { units: ['mW', 'W', 'kW', 'MW', 'GW', 'TW'], states: ['measurement'] },
  energy: {
    units: ['J', 'kJ', 'MJ', 'GJ', 'mWh', 'Wh', 'kWh', 'MWh', 'GWh', 'TWh', 'cal', 'kcal', 'Mcal', 'Gcal'],
    states: ['total', 'total_increasing'],
  },
  battery: { units: ['%'], states: ['measurement'] },
  voltage: { units: ['µV', 'mV', 'V', 'kV', 'MV'], states: ['measurement'] },
};

const against = (where: string, value: unknown, table: Table): string[] => {
  if (!mapping(value)) return [`${where}: is no mapping`];
  const given = value as Readonly<Record<string, unknown>>;
  return [
    ...Object.keys(given)
      .filter((key) => !(key in table))
      .map((key) => `${where}.${key}: is not documented`),
    ...Object.entries(table).flatMap(([key, { check, required }]) => {
      if (given[key] === undefined) return required ? [`${where}.${key}: is missing`] : [];
      return check(given[key]) ? [] : [`${where}.${key}: ${JSON.stringify(given[key])}`];
    }),
  ];
};

/** Discovery topics: `<prefix>/<component>/[<node_id>/]<object_id>/config`, identities of `[a-zA-Z0-9_-]`. */
const DISCOVERY = /^homeassistant\/device\/[a-zA-Z0-9_-]+\/[a-zA-Z0-9_-]+\/config$/;

/** What of a discovery message is not as documented; empty when all is. */
export const undocumented = (topicName: string, payload: string): readonly string[] => {
  const message = JSON.parse(payload) as Readonly<Record<string, unknown>>;
  const components = (message['components'] ?? {}) as Readonly<Record<string, Record<string, unknown>>>;
  const identities = Object.values(components).map((component) => component['unique_id']);
  return [
    ...(DISCOVERY.test(topicName) ? [] : [`topic ${topicName}`]),
    ...against('message', message, ROOT),
    ...against('device', message['device'], DEVICE),
    ...against('origin', message['origin'], ORIGIN),
    ...(new Set(identities).size === identities.length ? [] : ['unique_id: is there twice']),
    ...Object.entries(components).flatMap(([name, component]) => {
      const rule = CLASSES[String(component['device_class'])];
      return [
        ...against(name, component, SENSOR),
        ...(rule?.units.includes(String(component['unit_of_measurement'])) ? [] : [`${name}: unit`]),
        ...(rule?.states.includes(String(component['state_class'])) ? [] : [`${name}: state class`]),
      ];
    }),
  ];
};
