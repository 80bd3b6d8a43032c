/** A monitor with its store, its meters, its HTTP server, and what it tells Home Assistant. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_COUNTER_RULE } from '@daisee/meter';
import {
  createHomeAssistant,
  createMonitor,
  type Directory,
  type HomeAssistantBroker,
  type Monitor,
  openDirectory,
  openPostgresDirectory,
  openPostgresStore,
  openStore,
  type Retention,
  type RuleChange,
  type SampleStore,
  type Sensor,
} from '@daisee/monitor';
import { type Clock, DaiseeError, type Duration, messageOf } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';
import { machineIdentity } from '../settings/identity.ts';
import type { MeterSettings } from '../settings/meters.ts';
import { memoryDirectory } from '../settings/places.ts';
import { passwordInForce } from '../settings/secrets.ts';
import { VERSION } from '../version.ts';
import { meterFrom } from './meter.ts';

/** What v0.2 called its only sensor. */
const DEFAULT_NAME = 'CitizenWatt';

export interface MonitorPartOptions {
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
  readonly host: string;
  readonly port: number;
  /** Names that it answers to besides its own. */
  readonly hosts?: readonly string[] | undefined;
  /** Where the embedded store is. */
  readonly directory: string;
  /** PostgreSQL instead, with its password. */
  readonly database?: string;
  readonly login?: string;
  readonly password?: string;
  /** Instead of `password`: what it says while the monitor runs counts. */
  readonly passwordFile?: string | undefined;
  /** Each feeds the sensor of its name; one without a name the first sensor of the embedded store. */
  readonly meters: readonly MeterSettings[];
  readonly maxGap?: Duration;
  /** How long samples of its meters may be in memory only (embedded store); false: each is written by itself. */
  readonly holdFor?: Duration | false;
  /** From which age on samples are thinned. */
  readonly retention?: Retention;
  readonly homeAssistant?: HomeAssistantBroker;
}

interface Opened {
  readonly store: SampleStore;
  readonly directory: Directory;
  /** For people, without a password. */
  readonly place: string;
}

/** Thrown for a place of samples that cannot be made. */
class DataUnmakeable extends DaiseeError {
  constructor(directory: string, cause: unknown) {
    const { code } = cause as { code?: unknown };
    const why =
      code === 'EROFS'
        ? 'that file system is read-only'
        : code === 'EACCES' || code === 'EPERM'
          ? 'this user may not write there'
          : code === 'ENOTDIR' || code === 'EEXIST'
            ? 'a part of that path is a file'
            : messageOf(cause);
    super({
      code: 'cli.monitor-data',
      message: `The monitor cannot keep samples in ${directory}: ${why}. Name a folder that it may write with --data (monitor.data).`,
      retryable: false,
      values: { directory, reason: code },
      cause,
    });
  }
}

const makeDirectory = (directory: string): void => {
  try {
    // When somebody is at home can be read from it.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DataUnmakeable(directory, error);
  }
};

const open = async (options: MonitorPartOptions): Promise<Opened> => {
  const { clock, database, directory, lifecycle, maxGap } = options;
  const counting = { clock, ...(maxGap === undefined ? {} : { maxGap }) };
  if (database !== undefined) {
    const store = await openPostgresStore({ url: database, ...counting });
    lifecycle.started({ name: 'the store of the monitor', stop: () => store.close() });
    const names = await openPostgresDirectory({ url: database });
    lifecycle.started({ name: 'the names and tokens of the monitor', stop: () => names.close() });
    return {
      store,
      directory: names,
      place: `the database ${new URL(database).host}${new URL(database).pathname}`,
    };
  }
  makeDirectory(directory);
  const file = join(directory, 'monitor.sqlite');
  const memory = options.holdFor === false ? undefined : memoryDirectory();
  const store = openStore({
    file,
    ...counting,
    ...(memory === undefined ? {} : { hold: { directory: memory, onWarning: options.output.note } }),
  });
  lifecycle.started({ name: 'the store of the monitor', stop: async () => store.close() });
  const names = openDirectory({ file });
  lifecycle.started({ name: 'the names and tokens of the monitor', stop: async () => names.close() });
  return { store, directory: names, place: directory };
};

/**
 * How the sensor's samples count. The settings' word holds, so what they do not say any more is taken back; of counters
 * only where they could say it.
 */
const rulesOf = (settings: MeterSettings): RuleChange => {
  const reports = settings.reports ?? null;
  if (settings.driver !== 'mqtt' && settings.driver !== 'shelly') return { reports };
  const { highestPower, rollsOverAt } = settings;
  if (highestPower === undefined && rollsOverAt === undefined) return { reports, counter: null };
  return {
    reports,
    counter: {
      highestPower: highestPower ?? DEFAULT_COUNTER_RULE.highestPower,
      ...(rollsOverAt === undefined ? {} : { rollsOverAt }),
    },
  };
};

/** The sensor that a meter feeds, made if it is not there; without a name the first one of the store. */
const sensorOf = async (store: SampleStore, settings?: MeterSettings): Promise<Sensor> => {
  const rules = settings ? rulesOf(settings) : {};
  const first = settings?.name === undefined ? (await store.sensors())[0] : undefined;
  if (first)
    return settings
      ? await store.addSensor({ name: first.name, sign: first.sign, type: first.type, ...rules })
      : first;
  return await store.addSensor({
    name: settings?.name ?? DEFAULT_NAME,
    sign: settings?.sign ?? 'load',
    ...rules,
  });
};

const publish = async (
  options: MonitorPartOptions,
  homeAssistant: HomeAssistantBroker,
  { store, monitor, sensorIds }: { store: SampleStore; monitor: Monitor; sensorIds: readonly number[] },
): Promise<void> => {
  const { clock, output, lifecycle, maxGap } = options;
  const publisher = createHomeAssistant({
    ...homeAssistant,
    store,
    clock,
    sensorIds,
    version: VERSION,
    onSample: (listener) => monitor.onSample(listener),
    ...(maxGap === undefined ? {} : { maxGap }),
    onWarning: (warning) => output.note(warning.message),
  });
  await publisher.start(lifecycle.signal);
  lifecycle.started({ name: 'publishing to Home Assistant', stop: () => publisher.stop() });
};

/** Starts a monitor with a sensor for each meter; a new embedded store has one even without. */
export const startMonitor = async (options: MonitorPartOptions): Promise<void> => {
  const { clock, output, lifecycle, maxGap, homeAssistant, database } = options;
  const { store, directory, place } = await open(options);
  const fed: { readonly sensor: Sensor; readonly settings: MeterSettings }[] = [];
  for (const settings of options.meters) fed.push({ sensor: await sensorOf(store, settings), settings });
  if (fed.length === 0 && database === undefined) await sensorOf(store);
  const reader = `${machineIdentity()} ${place}`;
  const monitor = createMonitor({
    store,
    clock,
    host: options.host,
    port: options.port,
    hosts: options.hosts,
    directory,
    ...(options.login === undefined ? {} : { login: options.login }),
    password:
      options.passwordFile === undefined
        ? options.password
        : passwordInForce(options.passwordFile, output.note),
    ...(maxGap === undefined ? {} : { maxGap }),
    ...(options.holdFor ? { holdFor: options.holdFor } : {}),
    ...(options.retention ? { retention: options.retention } : {}),
    meters: fed.map(({ sensor, settings }) => ({
      sensorId: sensor.id,
      meter: meterFrom(settings, { name: sensor.name, clock, reader, onWarning: output.note }),
    })),
    onWarning: (warning) => output.note(warning.message),
  });
  await monitor.start(lifecycle.signal);
  lifecycle.started({ name: 'the monitor', stop: () => monitor.stop() });
  if (homeAssistant)
    await publish(options, homeAssistant, { store, monitor, sensorIds: fed.map(({ sensor }) => sensor.id) });
  const told = fed.map(
    ({ sensor, settings }) => `sensor ${sensor.id} "${sensor.name}" by ${settings.driver}`,
  );
  output.result(
    `Monitor on ${monitor.url}, ${told.length > 0 ? `fed: ${told.join(', ')}` : 'no meter: samples come over HTTP'}, kept in ${place}${homeAssistant ? ', published to Home Assistant' : ''}.`,
    {
      type: 'listening',
      url: monitor.url,
      sensor: fed[0]?.sensor.id ?? (await store.sensors())[0]?.id,
      sensors: fed.map(({ sensor: { id, name }, settings: { driver } }) => ({ id, name, driver })),
      directory: place,
    },
  );
};
