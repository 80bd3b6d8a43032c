/** The real command with a real broker: a Tasmota's payload in, energy and Home Assistant's discovery out. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch, start } from './support/daisee.ts';

const TOPIC = 'tele/plug/SENSOR';

/** A broker in this process; `login`: the only one that it lets in. */
const startBroker = async (login?: string) => {
  const aedes = await Aedes.createBroker({
    ...(login !== undefined && {
      authenticate: (_client, user, password, done) =>
        `${user}:${password?.toString()}` === login
          ? done(null, true)
          : done(Object.assign(new Error('not authorized'), { returnCode: 5 }), false),
    }),
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  const heard: { readonly topic: string; readonly text: string }[] = [];
  const listeners = new Set<() => void>();
  aedes.on('publish', (packet) => {
    heard.push({ topic: packet.topic, text: packet.payload.toString() });
    for (const listener of listeners) listener();
  });
  const subscribed = new Set<string>();
  aedes.on('subscribe', (subscriptions) => {
    for (const { topic } of subscriptions) subscribed.add(topic);
    for (const listener of listeners) listener();
  });
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const again = () => {
        const found = look();
        if (found === undefined) return;
        listeners.delete(again);
        resolve(found);
      };
      listeners.add(again);
      again();
    });
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    heard,
    /** The first message on a topic, with that text where one is given. */
    on: (topic: string, text?: string) =>
      until(() => heard.find((one) => one.topic === topic && (text === undefined || one.text === text))),
    wanted: (topic: string) => until(() => (subscribed.has(topic) ? true : undefined)),
    publish: (topic: string, payload: object | string) =>
      new Promise<void>((resolve, reject) => {
        const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
        aedes.publish(
          { cmd: 'publish', topic, payload: bytes, qos: 1, retain: false, dup: false },
          (error) => (error ? reject(error) : resolve()),
        );
      }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
};

const words = (line: string): string[] => line.split(' ');

/** What a Tasmota under `SetOption52 1` publishes: its time has an offset. */
const tasmota = (at: number, watts: number, total: number) => ({
  Time: new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00'),
  ENERGY: { TotalStartTime: '2026-01-01T00:00:00', Total: total, Power: watts, Voltage: 230, Current: 2 },
});

const json = async (url: string, token?: string): Promise<Record<string, unknown>> => {
  const response = await fetch(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  return (await response.json()) as Record<string, unknown>;
};

/** The monitor's address, out of the record that it listens. */
const urlOf = (line: string): string => (JSON.parse(line) as { url: string }).url;

describe('daisee monitor --mqtt', { timeout: 120_000 }, () => {
  it('makes registers of what a Tasmota publishes, and shows itself to Home Assistant', async () => {
    await using broker = await startBroker('house:secret');
    const home = scratch();
    const password = join(home, 'mqtt-password');
    writeFileSync(password, 'secret\n', { mode: 0o600 });
    const login = ['--mqtt-user', 'house', '--mqtt-password-file', password];
    const options = [
      ...words(`monitor --port 0 --json --name House --data ${join(home, 'monitor')}`),
      ...words(`--mqtt ${broker.url} --topic ${TOPIC} --home-assistant --home-assistant-id attic`),
      ...login,
    ];
    const monitor = start(options);
    const url = urlOf(await monitor.line(/"listening"/));
    await broker.wanted(TOPIC);
    // 450 W for 8 s is 1 Wh, and the device's counter says so, too.
    const now = Math.floor(Date.now() / 1000) * 1000;
    await broker.publish(TOPIC, tasmota(now - 8000, 450, 12.345));
    await broker.publish(TOPIC, tasmota(now, 450, 12.346));
    await broker.on('daisee/attic/sensor1/energy', '0.001000000');
    const energy = await json(`${url}/api/v1/sensors/1/energy?from=${now - 8000}&to=${now}`);
    expect(energy['energy']).toBe('1.000000');

    const { text } = await broker.on('homeassistant/device/attic/sensor1/config');
    expect(JSON.parse(text)).toMatchObject({
      device: { name: 'House', identifiers: ['attic_sensor1'], sw_version: '0.3.0' },
      components: { energy: { state_class: 'total_increasing', state_topic: 'daisee/attic/sensor1/energy' } },
    });
    await broker.on('daisee/attic/sensor1/power', '450');
    await broker.on('daisee/attic/status', 'online');

    // Killed, the broker says that it is away; started again, its registers go on.
    monitor.signal('SIGKILL');
    await monitor.ended;
    await broker.on('daisee/attic/status', 'offline');
    const again = start(options);
    await again.line(/"listening"/);
    const from = broker.heard.length;
    await broker.publish(TOPIC, tasmota(now + 8000, 450, 12.347));
    await broker.on('daisee/attic/sensor1/energy', '0.002000000');
    expect(broker.heard.slice(from).some(({ text: value }) => value === '0.000000000')).toBe(false);
    again.signal('SIGTERM');
    expect(await again.ended).toMatchObject({ code: 0, stderr: '' });

    const unpublish = await daisee([
      ...words(`monitor unpublish --home-assistant ${broker.url} --home-assistant-id attic --json`),
      ...login,
    ]);
    expect(records(unpublish.stdout)).toEqual([{ type: 'unpublished', id: 'attic', devices: 1 }]);
    await broker.on('homeassistant/device/attic/sensor1/config', '');
  });

  it('says once who refused whom when the broker refuses the login, and shows no password', async () => {
    await using broker = await startBroker('house:secret');
    const monitor = start(
      words(`monitor --port 0 --data ${scratch()} --mqtt ${broker.url} --topic ${TOPIC} --mqtt-user house`),
      { DAISEE_MQTT_PASSWORD: 'hunter2' },
    );
    const line = await monitor.line(/refuses the login/);
    expect(line).toMatch(
      /^Meter CitizenWatt at mqtt:\/\/127.0.0.1:\d+: the broker refuses the login .*; check user and password\. Trying again every 2 s\.$/,
    );
    monitor.signal('SIGTERM');
    const { code, stdout, stderr } = await monitor.ended;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('says so when the topic stays silent', async () => {
    await using broker = await startBroker();
    const file = join(scratch(), 'parameters.yml');
    writeFileSync(
      file,
      `monitor:\n  port: 1\n  data: ${scratch()}\n  meter: { driver: mqtt, url: '${broker.url}', topic: tele/plg/SENSOR, silence: 1s, repeatEvery: 1s, highestPower: 5000, rollsOverAt: 1000000000 }\n`,
    );
    const monitor = start(['monitor', '-c', file, '--port', '0', '--json']);
    const url = urlOf(await monitor.line(/"listening"/));
    // What was set of the device's counter is the sensor's from here on.
    expect((await json(`${url}/api/v1/sensors/1`))['counter']).toEqual({
      highestPower: 5000,
      rollsOverAt: '1000000000.000000',
    });
    const line = await monitor.line(/no reading/);
    expect(line).toMatch(
      /^Meter CitizenWatt at mqtt:.*: no reading on tele\/plg\/SENSOR for 1 s; check the topic and the device\.$/,
    );
    monitor.signal('SIGTERM');
    expect((await monitor.ended).code).toBe(0);
  });
});

describe('daisee monitor token', { timeout: 120_000 }, () => {
  it('makes, lists and revokes tokens of a running monitor', async () => {
    const env = { DAISEE_PASSWORD: 'secret' };
    const data = scratch();
    const monitor = start(['monitor', '--port', '0', '--data', data, '--login', 'me', '--json'], env);
    const url = urlOf(await monitor.line(/"listening"/));
    const access = ['--url', url, '--login', 'me'];
    const made = await daisee(['monitor', 'token', 'create', ...access, '--name', 'grafana'], env);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const secret = /^(daisee_\S+)\nToken 1 "grafana" may read; /.exec(made.stdout)?.[1] ?? '';
    expect((await json(`${url}/api/v1/sensors`, secret))['sensors']).toHaveLength(1);
    const listed = await daisee(['monitor', 'token', 'list', ...access, '--json'], env);
    expect(records(listed.stdout)).toMatchObject([{ id: 1, name: 'grafana', scopes: ['read'] }]);
    expect(listed.stdout).not.toContain(secret);
    const removed = await daisee(['monitor', 'token', 'remove', ...access, '--id', '1'], env);
    expect(removed.stdout).toBe('Token 1 opens nothing any more.\n');
    expect((await json(`${url}/api/v1/sensors`, secret))['status']).toBe(401);

    const again = await daisee(['monitor', 'token', 'remove', ...access, '--id', '1'], env);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^The monitor at http:\S+ refuses: There is no token 1/);
    const refused = await daisee(['monitor', 'token', 'list', '--url', url]);
    expect(refused.stderr).toBe(`The monitor at ${url} wants a login: give --login and --password-file.\n`);
    const wrong = await daisee(['monitor', 'token', 'list', ...access], { DAISEE_PASSWORD: 'guess' });
    expect(wrong.stderr).toBe(`The monitor at ${url} refuses the login: check --login and the password.\n`);
    monitor.signal('SIGTERM');
    expect((await monitor.ended).code).toBe(0);
    const away = await daisee(['monitor', 'token', 'list', '--url', url]);
    expect(away.stderr).toMatch(
      /^The monitor at \S+ gives no answer \(.*\): check that it runs, and --url\.\n$/,
    );
  });
});
