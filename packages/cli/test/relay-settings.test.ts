import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Seconds } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { relayClient } from '../src/parts/relay-client.ts';
import { ownPins, relayDriver } from '../src/parts/relay-driver.ts';
import { leaseFor } from '../src/settings/lease.ts';
import { SettingsError } from '../src/settings/problems.ts';
import { parseSettings } from '../src/settings/read.ts';
import { addToken, tokensFrom } from '../src/settings/relay-tokens.ts';
import { boardOptions } from '../src/settings/translate.ts';

const board = (text: string) => {
  const settings = parseSettings(`relay:\n  host: 127.0.0.1\n${text}`, 'p.yml');
  return boardOptions(settings, 'p.yml');
};

const problemsOf = (text: string): readonly string[] => {
  try {
    board(text);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

describe('the settings of a relay', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'relay-settings-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('make a board of pins and devices, numbered one after the other', () => {
    const options = board(`  driver: gpio
  pins: [5, 6]
  devices:
    - { driver: shelly, host: 192.168.0.60, outputs: [0, 1], lease: 30s }
    - { driver: tasmota, url: 'mqtt://192.168.0.10', topic: plug, outputs: [1] }
    - { driver: esphome, url: 'mqtt://192.168.0.10', topic: shed, outputs: [relay_1] }
`);
    const wiring = { loads: [{ name: 'home', own: [2], sellers: [{ name: 'east', channels: [3] }] }] };
    const { driver, name } = relayDriver(options, wiring);
    expect([name, driver.channels]).toEqual(['gpio and shelly and tasmota and esphome, 6 channels', 6]);
    expect([2, 3, 4, 5].map((channel) => driver.lostAfter?.(channel).latest)).toEqual([
      Seconds(54),
      Seconds(30),
      Seconds(60),
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('name the wiring of a board that others switch: v0.2’s one contact a node', () => {
    const options = board(
      '  serve: true\n  driver: gpio\n  wiring: { node1: { own: 0, sellers: { node2: 1 } } }',
    );
    expect(options.wiring).toEqual({
      loads: [{ name: 'node1', own: [0], sellers: [{ name: 'node2', channels: [1] }] }],
    });
    expect(ownPins(options, options.wiring)).toEqual([0]);
    expect(problemsOf('  wiring: { node1: { own: 0 } }')).toEqual([
      expect.stringMatching(/relay\.wiring\.node1\.sellers/),
    ]);
  });

  it('of devices alone make a board of these', () => {
    const { driver, name } = relayDriver(
      board('  devices: [{ driver: shelly, host: 10.0.0.1 }]\n'),
      undefined,
    );
    expect([name, driver.channels]).toEqual(['shelly, 1 channels', 1]);
  });

  it('let the token of the agent open the HTTP of the same machine, beside those of a file', () => {
    const file = join(directory, 'tokens');
    const secret = addToken(file, 'page', ['read']);
    expect(readFileSync(file, 'utf8')).not.toContain(secret);
    writeFileSync(join(directory, 'secret'), 'a-token-of-the-agent\n', { mode: 0o600 });
    const { tokens } = board(
      `  tokenFile: ${join(directory, 'secret')}\n  http: { host: 0.0.0.0, tokens: ${file} }\n`,
    );
    const known = typeof tokens === 'function' ? tokens() : tokens;
    expect(known?.map(({ name, scopes }) => [name, scopes])).toEqual([
      ['page', ['read']],
      ['agent', ['read', 'switch']],
    ]);
    writeFileSync(file, 'page all sha256:00\n', { mode: 0o600 });
    expect(() => tokensFrom(file)).toThrow(/no token in line 1/);
  });

  describe('beside the period of its agent', () => {
    const consumer = (period: string, relay: string) => `relay: ${relay}
node: { address: '0x${'1'.repeat(40)}', type: C, url: 'http://127.0.0.1:1', id: 1, login: me, limit: 30, delta: 1, channel: 0, period: ${period} }
sellers: { east: { account: '0x${'2'.repeat(40)}', channel: 1 } }
`;
    const problems = (text: string): readonly string[] => {
      try {
        parseSettings(text, 'p.yml');
        return [];
      } catch (error) {
        if (error instanceof SettingsError) return error.problems;
        throw error;
      }
    };

    it('ask for a lease of three periods over HTTP, and of a minute at least', () => {
      expect([undefined, Seconds(8), Seconds(120)].map(leaseFor)).toEqual([
        Seconds(60),
        Seconds(60),
        Seconds(360),
      ]);
      expect(problems(consumer('2m', "{ url: 'http://127.0.0.1:15556' }"))).toEqual([]);
      expect(problems(consumer('9h', "{ url: 'http://127.0.0.1:15556' }"))).toEqual([
        expect.stringContaining(
          "node.period: needs 8 hours at most: the relay's lease, a day at most, has to last 3 periods (got 32400 s)",
        ),
      ]);
    });

    it('are refused where the lease of the v0.2 port would end between two looks', () => {
      expect(problems(consumer('2m', '{ host: 127.0.0.1 }'))).toEqual([
        expect.stringContaining(
          "node.period: of 120 s is too long for the relay's lease of 120 s, which has to last 3 periods: set relay.lease to 360 (where the board is served too), or relay.url, whose lease follows the period",
        ),
      ]);
      for (const [period, relay] of [
        ['40', '{ host: 127.0.0.1 }'],
        ['2m', '{ host: 127.0.0.1, lease: 360 }'],
        ['2m', '{ host: 127.0.0.1, lease: 0 }'],
      ] as const)
        expect(problems(consumer(period, relay))).toEqual([]);
    });

    it('send that lease with each order', async () => {
      const asked: number[] = [];
      const server = createServer((request, response) => {
        let text = '';
        request.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        request.on('end', () => {
          asked.push((JSON.parse(text) as { lease: number }).lease);
          response.setHeader('content-type', 'application/json').end('{}');
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
      const stops: (() => Promise<void>)[] = [];
      const { relay } = relayClient(
        { url, host: '127.0.0.1' },
        {
          output: { note: () => undefined } as never,
          lifecycle: { started: ({ stop }: { stop: () => Promise<void> }) => stops.push(stop) } as never,
          period: Seconds(120),
        },
      );
      await relay.order(new Map([[0, true]]));
      expect(asked).toEqual([360_000]);
      for (const stop of stops) await stop();
      await new Promise((resolve) => server.close(resolve));
    });
  });

  it('say what is wrong with them, and show no secret', () => {
    expect(
      problemsOf(`  pins: [5]
  ca: ca.pem
  token: too-short
  http: { cert: a.pem }
`),
    ).toEqual(['line 5: relay.token: needs a token of 16 characters or more (got something else)']);
    expect(
      problemsOf(`  pins: [5]
  ca: ca.pem
  http: { cert: a.pem }
  devices: [{ driver: shelly, host: a, password: b, passwordFile: c }]
`),
    ).toEqual([
      "line 3: relay.pins: needs relay.driver 'gpio' beside it",
      'line 4: relay.ca: needs relay.url beside it, with https:',
      'line 5: relay.http: needs cert and key together',
      'line 6: relay.devices[0].password: is given beside passwordFile; keep one',
    ]);
    expect(
      problemsOf(`  devices:
    - { driver: shelly, host: a, outputs: [0, 0] }
    - { driver: shelly, host: b }
    - { driver: tasmota, url: 'mqtt://c', topic: d }
    - { driver: tasmota, url: 'mqtt://c', topic: d, outputs: [2, 1] }
`),
    ).toEqual([
      'line 4: relay.devices[0].outputs: 0 is the contact of relay.devices[0].outputs[0] again; each contact has one channel',
      'line 7: relay.devices[3].outputs: 1 is the contact of relay.devices[2].outputs[0] again; each contact has one channel',
    ]);
    expect(problemsOf('  devices: [{ driver: shely }]\n')[0]).toMatch(
      /needs a driver: shelly, tasmota or esphome/,
    );
  });
});
