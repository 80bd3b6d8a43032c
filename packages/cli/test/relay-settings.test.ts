import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Seconds } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownPins, relayDriver } from '../src/parts/relay-driver.ts';
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
    expect(tokens?.map(({ name, scopes }) => [name, scopes])).toEqual([
      ['page', ['read']],
      ['agent', ['read', 'switch']],
    ]);
    writeFileSync(file, 'page all sha256:00\n', { mode: 0o600 });
    expect(() => tokensFrom(file)).toThrow(/no token in line 1/);
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
    expect(problemsOf('  devices: [{ driver: shely }]\n')[0]).toMatch(
      /needs a driver: shelly, tasmota or esphome/,
    );
  });
});
