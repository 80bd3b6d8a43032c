/** Meters, database, retention and Home Assistant in the settings. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { afterAll, describe, expect, it } from 'vitest';
import { meterFrom } from '../src/parts/meter.ts';
import { monitorFrom } from '../src/settings/monitoring.ts';
import { SettingsError } from '../src/settings/problems.ts';
import { parseSettings, readSettings } from '../src/settings/read.ts';

const folder = mkdtempSync(join(tmpdir(), 'daisee-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

const example = (name: string): string => join(import.meta.dirname, '../../../examples', name);
const DAY = 86_400_000;

const problemsOf = (text: string): readonly string[] => {
  try {
    parseSettings(text, 'parameters.yml');
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

/** A monitor with one meter, its keys in YAML's flow style. */
const withMeter = (meter: string): string => `monitor:\n  meter: { ${meter} }\n`;

describe('the examples', () => {
  it('of an MQTT household is read: meters of three kinds of devices, Home Assistant, retention', () => {
    const { monitor, homeAssistant } = readSettings(example('parameters-mqtt.yml'));
    expect(monitor && monitorFrom({ ...monitor, meters: [] }, {}).retention).toEqual({
      minutesAfter: 30 * DAY,
      quartersAfter: 365 * DAY,
    });
    expect(monitor?.meters?.map(({ name, driver, sign }) => [name, driver, sign])).toEqual([
      ['House', 'mqtt', undefined],
      ['Panel', 'mqtt', 'source'],
      ['Workshop', 'mqtt', undefined],
    ]);
    expect(homeAssistant).toMatchObject({ url: 'mqtt://192.168.0.10', username: 'daisee' });
  });

  it('of a household with Shellys is read, and its meters can be made', () => {
    const { monitor } = readSettings(example('parameters-shelly.yml'));
    const secret = file('shelly-password', 'secret\n');
    const meters = (monitor?.meters ?? []).map((settings) =>
      meterFrom(
        settings.driver === 'shelly' && settings.passwordFile
          ? { ...settings, passwordFile: secret }
          : settings,
        { name: settings.name ?? '', clock: systemClock },
      ),
    );
    expect(meters.map(({ name, sign }) => [name, sign])).toEqual([
      ['Grid', 'signed'],
      ['Heat pump', 'load'],
      ['Balcony', 'source'],
    ]);
  });

  it('says in its text what the README says', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    for (const name of ['parameters-mqtt.yml', 'parameters-shelly.yml'])
      expect([name, readme.includes(`examples/${name}`)]).toEqual([name, true]);
  });
});

describe('a meter in the settings', () => {
  it.each([
    ['driver: mqtt, url: "mqtt://b", topic: tele/plug/SENSOR'],
    [
      'driver: mqtt, url: "mqtts://b:8883", topics: [a/b, { topic: c, power: "x[0].y", value: power }], qos: 0',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: { topic: t, power: { add: [a, b], subtract: c }, energy: [d, e], energyUnit: MJ, powerUnit: MW }',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topics: [{ topic: in/power, part: add }, { topic: out/power, part: subtract }], reports: change',
    ],
    ['driver: shelly, host: 192.168.0.20, component: EM:0, phase: b, period: 4s'],
    ['driver: simulated, power: 450, period: 1'],
    ['driver: sysfs, shunt: 0.1, gauge: true, address: 0x41, bus: 1, sign: load'],
    ['driver: sysfs, gauge: { address: 0x36 }, invert: true'],
    ['driver: serial, path: /dev/ttyACM0, sign: source, name: Panel'],
    ['driver: replay, file: day.csv, loop: True'],
  ])('is read and made: %s', (text) => {
    const meter = parseSettings(withMeter(text), 'parameters.yml').monitor?.meter;
    if (!meter) throw new TypeError('a meter');
    expect(meterFrom(meter, { name: 'House', clock: systemClock }).name).toBe('House');
  });

  it.each([
    [
      'driver: mqt',
      'line 2: monitor.meter.driver: needs a driver: serial, sysfs, mqtt, shelly, replay or simulated (got "mqt")',
    ],
    [
      'driver: mqtt, url: "http://b", topic: t',
      'line 2: monitor.meter.url: needs the address of a broker, like mqtt://192.168.0.10:1883 or mqtts://broker.lan (got "http://b")',
    ],
    [
      'driver: mqtt, url: "mqtt://b"',
      'line 2: monitor.meter.topic: is missing; it needs a topic of the device, like tele/plug/SENSOR',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: tele/+/SENSOR',
      'line 2: monitor.meter.topic: needs one topic, without + and # (got "tele/+/SENSOR")',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topics: [a], topic: b',
      'line 2: monitor.meter.topic: is given beside topics; keep one',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: { topic: t, power: "a..b" }',
      'line 2: monitor.meter.topic: needs a path like ENERGY.Power, meters[0].power or params["em:0"] (got "a..b")',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: { topic: t, energyUnit: kcal }',
      'line 2: monitor.meter.topic.energyUnit: needs Wh, kWh, MWh, J, kJ, MJ or Wmin (got "kcal")',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topics: [day/energy, night/energy]',
      'line 2: monitor.meter.topics: needs one counter of energy, or of each what it is to the whole, part: add or part: subtract (phases and tariffs add; what is given, where that is a positive power, subtracts), or value: of one that is something else (got ["day/energy","night/energy"])',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: { topic: t, powr: "a" }',
      'line 2: monitor.meter.topic.powr: is not known; did you mean "power"?',
    ],
    [
      'driver: mqtt, url: "mqtt://b", topic: t, zone: Paris',
      'line 2: monitor.meter.zone: needs the name of a time zone, like Europe/Paris or UTC (got "Paris")',
    ],
    ['driver: mqtt, url: "mqtt://b", topic: t, qos: 2', 'line 2: monitor.meter.qos: needs 0 or 1 (got 2)'],
    [
      'driver: mqtt, url: "mqtt://b", topic: t, passwordfile: p',
      'line 2: monitor.meter.passwordfile: is not known; did you mean "passwordFile"?',
    ],
    [
      'driver: shelly, host: h, component: gas:0',
      'line 2: monitor.meter.component: needs a component of a Shelly that measures: em:0, em1:0, pm1:0, switch:0, cover:0 or light:0 (got "gas:0")',
    ],
    ['driver: shelly, host: h, hots: h', 'line 2: monitor.meter.hots: is not known; did you mean "host"?'],
    [
      'driver: shelly, host: h, password: p, passwordFile: f',
      'line 2: monitor.meter.password: is given beside passwordFile; keep one',
    ],
    [
      'driver: sysfs, gauge: yess',
      'line 2: monitor.meter.gauge: needs true, or { bus: 1, address: 0x36 } (got "yess")',
    ],
    [
      'driver: sysfs, address: 0x99',
      'line 2: monitor.meter.address: needs an I²C address, like 0x40 (got "0x99")',
    ],
    [
      'driver: shelly, host: h, period: often',
      'line 2: monitor.meter.period: needs a length of time above zero: a number of seconds, or like 90s, 30m, 2h, 30d (got "often")',
    ],
    [
      'driver: serial, path: p, sign: loads',
      `line 2: monitor.meter.sign: needs 'load' (what it takes), 'source' (what it gives) or 'signed' (import positive) (got "loads")`,
    ],
  ])('that is wrong gets one clear line: %s', (text, problem) => {
    expect(problemsOf(withMeter(text))).toEqual([problem]);
  });

  it('never shows a login that stands in an address', () => {
    const [problem] = problemsOf(withMeter('driver: mqtt, url: "mqt://me:hunter2@b", topic: t'));
    expect(problem).toMatch(/needs the address of a broker/);
    expect(problem).not.toContain('hunter2');
  });

  it('among several has a name of its own, on its line', () => {
    expect(
      problemsOf(`monitor:
  name: House
  meters:
    - { driver: simulated, power: 1, name: House }
    - { driver: simulated, power: 1 }
    - driver: simulated
      power: 1
      name: House
`),
    ).toEqual([
      'line 2: monitor.name: is given beside meters; each of them has a name of its own',
      'line 5: monitor.meters[1].name: is missing; of several meters each needs the name of its sensor',
      'line 8: monitor.meters[2].name: "House" is taken by monitor.meters[0]',
    ]);
  });
});

describe('the monitor in the settings', () => {
  it('keeps its samples in one place', () => {
    expect(
      problemsOf(
        'monitor:\n  data: ./m\n  database: postgres://db/daisee\n  meter: { driver: simulated, power: 1 }\n',
      ),
    ).toEqual([
      'line 1: monitor.name: is missing; in a database that others may use, the sensor needs a name',
      'line 2: monitor.data: is given beside database; keep one',
    ]);
    expect(problemsOf('monitor:\n  database: db.lan/daisee\n')).toEqual([
      'line 2: monitor.database: needs the address of a PostgreSQL database, like postgres://daisee@db.lan/daisee (got "db.lan/daisee")',
    ]);
  });

  it('takes the password of its database from a file of its own', () => {
    const databasePasswordFile = file('database-password', 'a b@c\n');
    const { monitor } = parseSettings(
      `monitor: { database: 'postgres://daisee@db.lan/daisee', databasePasswordFile: ${databasePasswordFile} }`,
      'parameters.yml',
    );
    expect(monitor && monitorFrom(monitor, {}).database).toBe('postgres://daisee:a%20b%40c@db.lan/daisee');
  });

  it('has a login of its own, else that of the node', () => {
    const passwordFile = file('monitor-password', 'secret\n');
    const { monitor } = parseSettings(`monitor: { login: me, passwordFile: ${passwordFile} }`, 'p.yml');
    expect(monitor && monitorFrom(monitor, {})).toMatchObject({ login: 'me', password: 'secret' });
  });

  it('thins what is old by ages that make sense', () => {
    expect(problemsOf('monitor:\n  retention: { minutes: 30d, quarters: 7d }\n')).toEqual([
      'line 2: monitor.retention.quarters: needs to be longer than minutes: it thins what minutes left',
    ]);
    expect(problemsOf('monitor:\n  retention: { minutes: a month }\n')[0]).toMatch(
      /^line 2: monitor.retention.minutes: needs a length of time above zero/,
    );
  });
});

describe('Home Assistant in the settings', () => {
  it('knows the node by its account, else by its host, else as it is told', () => {
    const base = 'monitor: {}\nhomeAssistant: { url: mqtt://b';
    const idOf = (text: string, address?: `0x${string}`) => {
      const { monitor, homeAssistant } = parseSettings(text, 'p.yml');
      const node = address && ({ address, login: 'l', password: 'p' } as never);
      return monitor && monitorFrom(monitor, { node, homeAssistant }).homeAssistant?.id;
    };
    expect(idOf(`${base} }`, '0x004ec07d2329997267Ec62b4166639513386F32E')).toBe(
      'daisee-0x004ec07d2329997267ec62b4166639513386f32e',
    );
    expect(idOf(`${base} }`)).toMatch(/^daisee-[a-z0-9_-]+$/);
    expect(idOf(`${base}, id: attic }`)).toBe('attic');
  });

  it.each([
    ['monitor: {}\nhomeAssistant:\n  url: b\n', /^line 3: homeAssistant.url: needs the address of a broker/],
    [
      'monitor: {}\nhomeAssistant: { url: mqtt://b, id: my node }\n',
      /^line 2: homeAssistant.id: needs up to 64/,
    ],
    ['homeAssistant: { url: mqtt://b }\n', /^line 1: homeAssistant: needs a section monitor/],
    [
      'monitor: {}\nhomeAssistant: { url: mqtt://b, discoveryprefix: ha }\n',
      /^line 2: homeAssistant.discoveryprefix: is not known; did you mean "discoveryPrefix"\?$/,
    ],
    [
      'monitor: {}\nhomeassistant: { url: mqtt://b }\n',
      /^line 2: homeassistant: is not known; did you mean "homeAssistant"/,
    ],
  ])('that is wrong gets one clear line: %j', (text, problem) => {
    expect(problemsOf(text)).toHaveLength(1);
    expect(problemsOf(text)[0]).toMatch(problem);
  });
});
