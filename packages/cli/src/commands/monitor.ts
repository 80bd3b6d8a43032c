import { Command, InvalidArgumentError } from 'commander';
import { commandClock } from '../command-clock.ts';
import { duration, hostNames, list, port, UsageError } from '../options.ts';
import { startMonitor } from '../parts/monitor.ts';
import { type MeterSettings, meter } from '../settings/meters.ts';
import { homeAssistant, type MonitorSettings, monitor } from '../settings/monitor.ts';
import { monitorFrom } from '../settings/monitoring.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { secretFrom } from '../settings/secrets.ts';
import { unpublishCommand } from './monitor-home-assistant.ts';
import { monitorTokenCommand } from './monitor-token.ts';
import { type CommonOptions, service } from './run.ts';

interface MonitorOptions extends CommonOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly hosts?: readonly string[];
  readonly data?: string;
  readonly database?: string;
  readonly databasePasswordFile?: string;
  readonly login?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly retention?: MonitorSettings['retention'];
  readonly name?: string;
  readonly sign?: string;
  readonly invert?: boolean;
  readonly serial?: string;
  readonly sysfs?: true;
  readonly replay?: string;
  readonly mqtt?: string;
  readonly topic?: readonly string[];
  readonly mqttUser?: string;
  readonly mqttPasswordFile?: string;
  readonly mqttCa?: string;
  readonly shelly?: string;
  readonly shellyPasswordFile?: string;
  readonly component?: string;
  readonly phase?: string;
  readonly homeAssistant?: string | true;
  readonly homeAssistantId?: string;
}

/** `30d` or `30d,365d`: one sample a minute after the first, one a quarter of an hour after the second. */
const retention = (text: string): NonNullable<MonitorSettings['retention']> => {
  const [minutes, quarters, ...more] = list(text).map(duration);
  if (!minutes || more.length > 0)
    throw new InvalidArgumentError('It needs one or two lengths of time, like 30d or 30d,365d.');
  if (quarters !== undefined && quarters <= minutes)
    throw new InvalidArgumentError('The second length of time needs to be longer than the first.');
  return { minutes, ...(quarters === undefined ? {} : { quarters }) };
};

const sources = ['serial', 'sysfs', 'mqtt', 'shelly', 'replay'] as const;

/** Under which option a key of the settings is given. */
const OPTIONS: Readonly<Record<string, string>> = {
  path: '--serial',
  file: '--replay',
  url: '--mqtt',
  topics: '--topic',
  username: '--mqtt-user',
  host: '--shelly',
  component: '--component',
  phase: '--phase',
  sign: '--sign',
  invert: '--invert',
  id: '--home-assistant-id',
  database: '--database',
};

interface Shape<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly {
            readonly code: string;
            readonly path: readonly PropertyKey[];
            readonly message: string;
            readonly keys?: readonly string[];
          }[];
        };
      };
}

/** What options say, by the same rules as settings. @throws UsageError naming the options */
const checked = <T>(shape: Shape<T>, values: Readonly<Record<string, unknown>>, options = OPTIONS): T => {
  const result = shape.safeParse(
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
  );
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(({ path, message, keys }) =>
    keys
      ? keys.map((key) => `${options[key] ?? key}: is of no use with this source`)
      : [`${options[String(path[0])] ?? path.join('.')}: ${message}`],
  );
  throw new UsageError(problems.join('\n'));
};

const meterOf = (options: MonitorOptions): MeterSettings | undefined => {
  const { name, sign, invert, serial, replay, mqtt, topic, shelly, component, phase } = options;
  const named = sources.filter((source) => options[source] !== undefined);
  const [driver, ...more] = named;
  if (more.length > 0)
    throw new UsageError(
      `A sensor has one source: give only one of ${named.map((source) => `--${source}`).join(', ')} (several meters go into the settings: monitor.meters).`,
    );
  const device = { invert, component, phase };
  const common = { driver, name, sign };
  switch (driver) {
    case 'serial':
      return checked(meter, { ...common, ...device, path: serial });
    case 'sysfs':
      return checked(meter, { ...common, ...device });
    case 'replay':
      return checked(meter, { ...common, ...device, file: replay });
    case 'mqtt':
      if (!topic) throw new UsageError('--mqtt needs --topic beside it, like --topic tele/plug/SENSOR.');
      return checked(meter, {
        ...common,
        ...device,
        url: mqtt,
        topics: topic,
        username: options.mqttUser,
        passwordFile: options.mqttPasswordFile,
        ca: options.mqttCa,
      });
    case 'shelly':
      return checked(meter, { ...common, ...device, host: shelly, passwordFile: options.shellyPasswordFile });
    default:
      for (const key of ['sign', 'invert', 'component', 'phase', 'topic'] as const)
        if (options[key] !== undefined)
          throw new UsageError(
            `--${key} needs a source beside it: --mqtt, --shelly, --serial, --sysfs or --replay.`,
          );
      return undefined;
  }
};

const homeAssistantOf = (options: MonitorOptions): Settings['homeAssistant'] => {
  const { homeAssistant: url, homeAssistantId: id, mqtt, mqttUser, mqttPasswordFile, mqttCa } = options;
  if (url === undefined) return undefined;
  if (url === true && mqtt === undefined)
    throw new UsageError('--home-assistant needs the address of its broker where there is no --mqtt.');
  return checked(
    homeAssistant,
    { url: url === true ? mqtt : url, id, username: mqttUser, passwordFile: mqttPasswordFile, ca: mqttCa },
    { ...OPTIONS, url: '--home-assistant' },
  );
};

const collect = (text: string, all: readonly string[] | undefined): string[] => [...(all ?? []), text];

const EXAMPLES = `
Examples:
  daisee monitor --serial /dev/ttyACM0 --data ./monitor --login user --password-file ./password
  daisee monitor --mqtt mqtt://192.168.0.10 --topic tele/plug/SENSOR --home-assistant
  daisee monitor --mqtt mqtts://broker.lan --mqtt-user me --mqtt-password-file ./mqtt --topic shelly/events/rpc
  daisee monitor --shelly 192.168.0.20 --component em:0 --sign signed
  daisee monitor --database postgres://daisee@db.lan/daisee --name House --shelly 192.168.0.20
  daisee monitor -c parameters.yml`;

export const monitorCommand = (): Command =>
  new Command('monitor')
    .description('Take samples from a meter, keep them, and serve the CitizenWatt API and /api/v1.')
    .enablePositionalOptions()
    .option('-c, --config <file>', 'take monitor, homeAssistant and node.login from the settings')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port to listen on (default 8080)', port)
    .option('--data <directory>', 'where samples are kept (default ~/.daisee/monitor)')
    .option('--database <url>', 'keep them in PostgreSQL, like postgres://daisee@db.lan/daisee')
    .option('--database-password-file <file>', 'file with its password (else DAISEE_DATABASE_PASSWORD)')
    .option('--hosts <names>', 'names to answer to besides its own: of a proxy in front of it', hostNames)
    .option('--retention <times>', 'one sample a minute after 30d, one a quarter after 30d,365d', retention)
    .option('--login <name>', 'login that clients use')
    .option('--password <password>', 'password that clients use (rather: --password-file or DAISEE_PASSWORD)')
    .option('--password-file <file>', 'file with the password')
    .option('--name <name>', 'name of the sensor (default: the first one there, CitizenWatt in a new store)')
    .option('--sign <sign>', 'load (takes), source (gives) or signed (import positive); default load')
    .option('--invert', 'the device counts the other way round')
    .option('--mqtt <url>', 'read a device that publishes to this MQTT broker')
    .option('--topic <topic>', 'its topic; once for each (Tasmota, Shelly, ESPHome, numbers)', collect)
    .option('--mqtt-user <name>', 'user at the broker')
    .option('--mqtt-password-file <file>', 'file with its password (else DAISEE_MQTT_PASSWORD)')
    .option('--mqtt-ca <file>', "certificate of the broker's authority, for mqtts://")
    .option('--shelly <host>', 'ask a Shelly (second generation or later) over HTTP')
    .option('--shelly-password-file <file>', 'file with its password (else DAISEE_SHELLY_PASSWORD)')
    .option('--component <name>', 'what measures in a Shelly that has several, like em:0 or switch:1')
    .option('--phase <a|b|c>', 'one conductor of a three-phase Shelly')
    .option('--serial <device>', 'read an Arduino on a serial port, like /dev/ttyACM0')
    .option('--sysfs', 'read an INA219 on this machine, through its kernel driver')
    .option('--replay <file>', 'replay a CSV of timestamp and watts')
    .option('--home-assistant [url]', "publish to Home Assistant's MQTT broker (default: that of --mqtt)")
    .option('--home-assistant-id <id>', 'what Home Assistant knows this node by (default: of this host)')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLES)
    .addCommand(monitorTokenCommand())
    .addCommand(unpublishCommand())
    .action(
      service<MonitorOptions>(async (options, output, lifecycle) => {
        const settings: Settings = options.config ? readSettings(options.config) : {};
        const { host, data, database, databasePasswordFile, login, password, passwordFile } = options;
        const source = meterOf(options);
        const published = homeAssistantOf(options);
        if (data !== undefined && database !== undefined)
          throw new UsageError('Samples are kept in one place: give --data or --database, not both.');
        if (database !== undefined) checked(monitor, { database });
        if (database !== undefined && source && source.name === undefined)
          throw new UsageError('In a database that others may use the sensor needs a name: give --name.');
        const base = settings.monitor ?? {};
        const merged: MonitorSettings = {
          ...base,
          ...(host === undefined ? {} : { host }),
          ...(options.port === undefined ? {} : { port: options.port }),
          ...(options.hosts === undefined ? {} : { hosts: [...options.hosts] }),
          ...(data === undefined ? {} : { data, database: undefined }),
          ...(database === undefined ? {} : { database, databasePassword: undefined, databasePasswordFile }),
          ...(options.retention === undefined ? {} : { retention: options.retention }),
          ...(source ? { meter: source, meters: undefined, name: undefined } : {}),
        };
        const part = monitorFrom(merged, {
          ...settings,
          ...(published ? { homeAssistant: published } : {}),
        });
        const user = login ?? part.login;
        const secret =
          password ??
          (passwordFile ? secretFrom(passwordFile) : part.password) ??
          (user === undefined ? undefined : process.env['DAISEE_PASSWORD']);
        const secretFile = password === undefined ? (passwordFile ?? part.passwordFile) : undefined;
        await startMonitor({
          ...part,
          clock: commandClock(),
          output,
          lifecycle,
          ...(user === undefined ? {} : { login: user }),
          ...(secret === undefined ? {} : { password: secret }),
          passwordFile: secretFile,
        });
      }),
    );
