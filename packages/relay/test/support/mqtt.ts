/** A real broker in this process, and devices at it that behave as their documentation says. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';

export interface TestBroker {
  readonly url: string;
  /** Cuts every connection. */
  cut(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param tls certificate and key (PEM) for `mqtts:` */
export const startBroker = async (
  login?: { user: string; password: string },
  tls?: { cert: string; key: string; ca?: string },
): Promise<TestBroker> => {
  const aedes = await Aedes.createBroker(
    login
      ? {
          authenticate: (_client, user, password, done) => {
            if (user === login.user && password?.toString() === login.password) done(null, true);
            else done(Object.assign(new Error('not authorised'), { returnCode: 4 }), false);
          },
        }
      : {},
  );
  const sockets = new Set<Socket>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // torn down in a test
    aedes.handle(socket);
  };
  const server = tls
    ? createTlsServer({ ...tls, ...(tls.ca ? { requestCert: true, rejectUnauthorized: true } : {}) }, serve)
    : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${address.port}`,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
};

export interface TestDevice {
  readonly states: boolean[];
  /** Every command that it heard: `POWER1 ON`. */
  readonly commands: string[];
  /** Deaf: hears and does nothing. */
  mood: 'works' | 'deaf';
  /** Its button: the contact changes, whoever ordered it last. */
  press(index: number): void;
  /** Hears each contact that was set. */
  onChange?: () => void;
  client: MqttClient;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestTasmota extends TestDevice {
  readonly pulseTimes: number[];
  powerOnState: number;
}

/**
 * Tasmota: `cmnd/TOPIC/POWERn`, `State`, `PulseTimen`, `PowerOnState`; every POWER command ends the running PulseTime.
 * @param second real ms for one of its seconds
 */
export const startTasmota = async (
  url: string,
  { topic = 'tasmota_1', relays = 2, second = 1000, login = {} } = {},
): Promise<TestTasmota> => {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 4,
    will: { topic: `tele/${topic}/LWT`, payload: Buffer.from('Offline'), qos: 1, retain: true },
    ...login,
  });
  const timers = new Map<number, NodeJS.Timeout>();
  const nameOf = (index: number) => (relays === 1 ? 'POWER' : `POWER${index + 1}`);
  const send = (name: string, payload: unknown) =>
    client.publish(`stat/${topic}/${name}`, typeof payload === 'string' ? payload : JSON.stringify(payload));
  const publish = (index: number) => {
    const word = device.states[index] ? 'ON' : 'OFF';
    send('RESULT', { [nameOf(index)]: word });
    send(nameOf(index), word);
  };
  const switchTo = (index: number, on: boolean) => {
    device.states[index] = on;
    device.onChange?.();
    const pulse = device.pulseTimes[index] ?? 0;
    if (on && pulse > 0)
      timers.set(
        index,
        setTimeout(() => switchTo(index, false), (pulse > 111 ? pulse - 100 : pulse / 10) * second),
      );
    publish(index);
  };
  const device: TestTasmota = {
    client,
    states: Array.from({ length: relays }, () => false),
    pulseTimes: Array.from({ length: relays }, () => 0),
    powerOnState: 0,
    commands: [],
    mood: 'works',
    press: (index) => switchTo(index, !device.states[index]),
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers.values()) clearTimeout(timer);
      await client.endAsync(true);
    },
  };
  client.on('message', (heard, bytes) => {
    const payload = bytes.toString();
    const [, name = '', digits] = /^(.*?)(\d*)$/.exec(heard.split('/')[2] ?? '') ?? [];
    const index = Number(digits || 1) - 1;
    device.commands.push(`${name}${digits} ${payload}`.trim());
    if (device.mood === 'deaf') return;
    if (name === 'POWER') {
      clearTimeout(timers.get(index));
      if (payload === 'ON' || payload === 'OFF') switchTo(index, payload === 'ON');
      else publish(index);
    } else if (name === 'State')
      send('RESULT', {
        Time: '2026-11-22T12:00:00',
        Uptime: '0T01:00:00',
        ...Object.fromEntries(device.states.map((on, at) => [nameOf(at), on ? 'ON' : 'OFF'])),
      });
    else if (name === 'PulseTime') {
      if (payload !== '') device.pulseTimes[index] = Number(payload);
      send('RESULT', { [`PulseTime${index + 1}`]: { Set: device.pulseTimes[index], Remaining: 0 } });
    } else if (name === 'PowerOnState') send('RESULT', { PowerOnState: device.powerOnState });
    else send('RESULT', { Command: 'Unknown' });
  });
  await client.subscribeAsync(`cmnd/${topic}/+`);
  await client.publishAsync(`tele/${topic}/LWT`, 'Online', { retain: true, qos: 1 });
  return device;
};

/**
 * ESPHome: retained states on change only, `online`/`offline` on `status`.
 * @param lease real ms after the last `ON` until it switches off, as the README's automation does; never by default
 */
export const startEsphome = async (
  url: string,
  topic: string,
  names: readonly string[],
  { lease }: { lease?: number } = {},
): Promise<TestDevice> => {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 4,
    will: { topic: `${topic}/status`, payload: Buffer.from('offline'), qos: 0, retain: true },
  });
  const publish = (index: number) =>
    client.publishAsync(`${topic}/switch/${names[index]}/state`, device.states[index] ? 'ON' : 'OFF', {
      retain: true,
    });
  const device: TestDevice = {
    client,
    states: names.map(() => false),
    commands: [],
    mood: 'works',
    press: (index) => switchTo(index, !device.states[index]),
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers.values()) clearTimeout(timer);
      await client.endAsync(true);
    },
  };
  const timers = new Map<number, NodeJS.Timeout>();
  const switchTo = (index: number, on: boolean): void => {
    if (device.states[index] === on) return;
    device.states[index] = on;
    device.onChange?.();
    void publish(index);
  };
  client.on('message', (heard, bytes) => {
    const name = heard.split('/')[2] ?? '';
    const index = names.indexOf(name);
    const on = bytes.toString() === 'ON';
    device.commands.push(`${name} ${bytes.toString()}`);
    if (device.mood === 'deaf') return;
    if (on && lease !== undefined) {
      clearTimeout(timers.get(index));
      timers.set(
        index,
        setTimeout(() => switchTo(index, false), lease),
      );
    }
    switchTo(index, on);
  });
  await client.subscribeAsync(names.map((name) => `${topic}/switch/${name}/command`));
  for (const index of names.keys()) await publish(index);
  await client.publishAsync(`${topic}/status`, 'online', { retain: true });
  return device;
};
