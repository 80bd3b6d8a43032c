/** Relays over HTTP and on devices of their own, as the doctor looks at them. */
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { hashOf } from '@daisee/http';
import { createBoard, createRelayHttpServer, createSimulatedDriver } from '@daisee/relay';
import { Duration, systemClock } from '@daisee/units';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { type Check, runChecks } from '../../src/doctor/check.ts';
import { relayCheck } from '../../src/doctor/connections.ts';
import { deviceChecks } from '../../src/doctor/devices.ts';
import { parseSettings } from '../../src/settings/read.ts';
import { freePort } from '../support/daisee.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});

const look = (checks: readonly Check[]) => runChecks(checks, Duration(30_000));

const [READER, SWITCHER] = ['reader-0123456789abcdef', 'switcher-0123456789abcdef'];

/** A relay's HTTP with a token that reads and one that switches too. */
const startRelay = async (): Promise<string> => {
  const board = createBoard({ driver: createSimulatedDriver(), clock: systemClock });
  const http = createRelayHttpServer({
    board,
    clock: systemClock,
    port: 0,
    tokens: [
      { name: 'reader', scopes: ['read'], hash: hashOf(READER) },
      { name: 'switcher', scopes: ['read', 'switch'], hash: hashOf(SWITCHER) },
    ],
  });
  await board.start();
  await http.start();
  ending.push(
    () => board.stop(),
    () => http.stop(),
  );
  return http.url;
};

describe('a relay over HTTP', () => {
  const settings = (url: string, token: string) =>
    parseSettings(`relay:\n  url: ${url}\n  token: ${token}\n`, 'p.yml');

  it('needs no host beside its url, and is asked for all that an agent needs of it', async () => {
    const url = await startRelay();
    expect(await look([relayCheck(settings(url, SWITCHER))])).toMatchObject([
      { state: 'ok', text: `${url} answers; contacts 0 off` },
      { state: 'ok', text: 'the token may switch' },
    ]);
  });

  it('a token that may read alone, or nothing, is told', async () => {
    const url = await startRelay();
    expect(await look([relayCheck(settings(url, READER))])).toMatchObject([
      { state: 'ok' },
      { state: 'failed', mend: expect.stringContaining('scope switch') as string },
    ]);
    expect(await look([relayCheck(settings(url, 'nobody-0123456789abcdef'))])).toMatchObject([
      { state: 'failed' },
    ]);
  });

  it('a relay without host and url, or a board that says not where it is served, is told', () => {
    expect(() => parseSettings('relay:\n  port: 1\n', 'p.yml')).toThrow(/relay\.host: is missing/);
    expect(() => parseSettings("relay:\n  url: 'http://h:1'\n  serve: true\n", 'p.yml')).toThrow(
      /relay\.host: is missing; it needs the address/,
    );
  });
});

describe('relays on devices', () => {
  /** What the Shellys were asked. */
  const asked: string[] = [];
  /** A broker with the Tasmota device "shed" and the ESPHome device "attic", and everything else it was sent. */
  const startBroker = async (pulseTimes: Readonly<Record<string, number>>) => {
    const aedes = await Aedes.createBroker();
    const say = (topic: string, payload: string, retain = false) =>
      aedes.publish({ cmd: 'publish', topic, payload, retain, qos: 0, dup: false }, () => undefined);
    const heard: string[] = [];
    const answers: Readonly<Record<string, unknown>> = {
      PowerOnState: { PowerOnState: 0 },
      State: { Uptime: '0T01:00:00', POWER1: 'OFF', POWER2: 'ON' },
      ...Object.fromEntries(
        Object.entries(pulseTimes).map(([name, pulse]) => [name, { [name]: { Set: pulse } }]),
      ),
    };
    aedes.on('publish', ({ topic, payload }, client) => {
      if (!client) return;
      heard.push(`${topic} ${payload.toString()}`);
      const command = topic.split('/').at(-1) ?? '';
      if (topic.startsWith('cmnd/shed/')) say('stat/shed/RESULT', JSON.stringify(answers[command] ?? {}));
    });
    for (const [topic, payload] of [
      ['attic/status', 'online'],
      ['attic/switch/own/state', 'OFF'],
      ['attic/switch/east/state', 'OFF'],
    ] as const)
      say(topic, payload, true);
    const server = createTcpServer(aedes.handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ending.push(() => new Promise((resolve) => aedes.close(() => server.close(resolve))));
    const address = server.address();
    return {
      heard,
      url: `mqtt://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    };
  };
  const startShelly = async (initial: string): Promise<string> => {
    const server: Server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const isConfig = (request.url ?? '').includes('GetConfig');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          isConfig ? { id: 0, initial_state: initial, auto_on: false } : { id: 0, output: false },
        ),
      );
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
    ending.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `127.0.0.1:${port}`;
  };
  const settings = (devices: string) =>
    parseSettings(`relay:\n  host: 127.0.0.1\n  serve: true\n  devices:\n${devices}`, 'p.yml');

  it('none is switched or set, as a board may hold it: an own contact keeps its longer lease', async () => {
    // Leases as this board sets them: an own source's is the longer one.
    const broker = await startBroker({ PulseTime1: 204, PulseTime2: 160 });
    const shelly = await startShelly('off');
    const all = settings(
      `    - { driver: tasmota, url: '${broker.url}', topic: shed, outputs: [1, 2] }\n` +
        `    - { driver: esphome, url: '${broker.url}', topic: attic, outputs: [own, east], lease: 60 }\n` +
        `    - { driver: shelly, host: '${shelly}', outputs: [0, 1] }\n` +
        '  wiring:\n    home: { own: 0, sellers: { east: 1 } }\n',
    );
    expect(await look(deviceChecks(all))).toMatchObject([
      { state: 'ok', text: 'tasmota shed answers; off, on' },
      { state: 'ok', text: 'esphome attic answers; off, off' },
      { state: 'ok', text: `shelly ${shelly} answers; off, off` },
    ]);
    expect(broker.heard).toEqual([
      'cmnd/shed/PowerOnState ',
      'cmnd/shed/PulseTime1 ',
      'cmnd/shed/PulseTime2 ',
      'cmnd/shed/State ',
    ]);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((url) => !/^\/rpc\/Switch\.Get(Config|Status)\?/.test(url))).toEqual([]);
  });

  it('that carry a load between them are told: one of them may lose its power alone', async () => {
    const apart = async (home: string) => {
      const all = settings(
        "    - { driver: shelly, host: '192.0.2.1', outputs: [0, 1] }\n" +
          "    - { driver: shelly, host: '192.0.2.2', outputs: [0] }\n" +
          `  wiring:\n    home: ${home}\n`,
      );
      const check = deviceChecks(all).filter(({ name }) => name === 'relay wiring');
      return look(check);
    };
    expect(await apart('{ own: 0, sellers: { east: 1 } }')).toEqual([]);
    expect(await apart('{ own: 0, sellers: { east: 1, west: 2 } }')).toEqual([
      {
        name: 'relay wiring',
        state: 'warning',
        text: 'home has its own source on shelly 192.0.2.1 and west on shelly 192.0.2.2: where one alone loses its power, both may feed it until that is seen',
        mend: 'put the contacts of one load on one device',
      },
    ]);
  });

  it('one whose lease is not set yet is told, and left so', async () => {
    const broker = await startBroker({ PulseTime1: 0 });
    const found = await look(
      deviceChecks(settings(`    - { driver: tasmota, url: '${broker.url}', topic: shed }\n`)),
    );
    expect(found).toMatchObject([
      {
        state: 'warning',
        text: expect.stringMatching(/^tasmota shed answers; off; PulseTime1 is 0 instead of \d+$/) as string,
        mend: 'start the relay anew: it sets this when it starts',
      },
    ]);
    expect(broker.heard.filter((command) => !command.endsWith(' '))).toEqual([]);
  });

  it('each is looked at: one that answers, one that is set unsafely, one that is away', async () => {
    const [well, unsafe] = [await startShelly('off'), await startShelly('restore_last')];
    const away = await freePort();
    const found = await look(
      deviceChecks(
        settings(
          `    - { driver: shelly, host: '${well}' }\n    - { driver: shelly, host: '${unsafe}' }\n` +
            `    - { driver: tasmota, url: 'mqtt://127.0.0.1:${away}', topic: shed }\n`,
        ),
      ),
    );
    expect(found).toMatchObject([
      { name: 'relay device', state: 'ok', text: `shelly ${well} answers; off` },
      { state: 'failed', text: expect.stringContaining('does not start switched off') as string },
      { state: 'failed', text: expect.stringContaining('shed') as string },
      { name: 'relay wiring', state: 'warning' },
    ]);
  });
});
