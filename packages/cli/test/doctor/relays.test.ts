/** Relays over HTTP and on devices of their own, as the doctor looks at them. */
import { createServer, type Server } from 'node:http';
import { hashOf } from '@daisee/http';
import { createBoard, createRelayHttpServer, createSimulatedDriver } from '@daisee/relay';
import { Duration, systemClock } from '@daisee/units';
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
  const startShelly = async (initial: string): Promise<string> => {
    const server: Server = createServer((request, response) => {
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
    ]);
  });
});
