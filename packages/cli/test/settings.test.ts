import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SettingsError } from '../src/settings/problems.ts';
import { parseSettings, readSettings } from '../src/settings/read.ts';
import { wiringOf } from '../src/settings/translate.ts';

/** The example of the v0.2 page, byte for byte. */
const page = `contract:
  address: '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558'
  token: '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF'
  node: '192.168.0.10'
node:
  address: '0x004ec07d2329997267ec62b4166639513386f32e'
  accountpswd: 'password1'
  url: 'http://192.168.0.10:8080'
  sensorId: 1
  typ: 'C'
  login: 'user'
  password: 'password2'
  limit: 20
  delta: 200
  channel: 0
  fuelgauge: False
sellers:
  seller1:
    account: '0x00625a1a269ac76c7c7b98939b5e60916fd41070'
    channel: 1
relay:
  host: '192.168.0.50'
  port: 15555
`;

const problemsOf = (text: string): readonly string[] => {
  try {
    parseSettings(text, 'parameters.yml');
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

describe('parameters.yml', () => {
  it("accepts the page's example as it is", () => {
    const settings = parseSettings(page, 'parameters.yml');
    expect(settings.contracts).toEqual({
      daisee: '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558',
      token: '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF',
      node: 'http://192.168.0.10:8545',
    });
    expect(settings.node).toMatchObject({
      id: 1,
      type: 'C',
      limit: 20,
      delta: 200_000_000n,
      channel: [0],
      fuelgauge: false,
    });
    expect(settings.sellers?.['seller1']?.channel).toEqual([1]);
    expect(wiringOf(settings)).toEqual({
      loads: [{ name: 'consumer', own: [0], sellers: [{ name: 'seller1', channels: [1] }] }],
    });
  });

  it("accepts a producer's file of v0.2, whose keys without a purpose are there and empty", () => {
    const producer = page
      .replace("typ: 'C'", "typ: 'P'")
      .replace(/sellers:[\s\S]*$/, "sellers: ''\nrelay: {host: '', port: }\n");
    const settings = parseSettings(producer, 'parameters.yml');
    expect(settings).toEqual({
      contracts: parseSettings(page, 'parameters.yml').contracts,
      node: { ...parseSettings(page, 'parameters.yml').node, type: 'P' },
    });
    const emptier = producer
      .replace(/limit: .*$/m, 'limit:')
      .replace(/delta: .*$/m, "delta: ''")
      .replace(/channel: .*$/m, 'channel: ')
      .replace(/fuelgauge: .*$/m, 'fuelgauge: ~')
      .replace("relay: {host: '', port: }", "relay:\n  host: ''\n  port: ''")
      .replace("sellers: ''", 'sellers:');
    expect(parseSettings(producer.replace('port: }', 'port: 15555}'), 'parameters.yml')).toEqual(settings);
    expect(parseSettings(emptier, 'parameters.yml').node).toEqual({
      ...settings.node,
      limit: undefined,
      delta: undefined,
      channel: undefined,
      fuelgauge: undefined,
    });
  });

  it('names what a consumer left empty as missing, and an empty key that v0.2 did not have', () => {
    const empty = page
      .replace(/sellers:[\s\S]*$/, "sellers: ''\nrelay: {host: '', port: }\n")
      .replace("login: 'user'", "login: ''");
    expect(problemsOf(empty)).toEqual([expect.stringMatching(/node\.login: is missing/)]);
    expect(problemsOf(empty.replace("login: ''", 'login: user'))).toEqual([
      expect.stringMatching(/sellers: is missing; a consumer/),
      expect.stringMatching(/relay: is missing; a consumer/),
    ]);
    expect(problemsOf(page.replace("host: '192.168.0.50'", "host: ''"))).toEqual([
      expect.stringMatching(/relay: is missing; a consumer/),
    ]);
    expect(problemsOf(page.replace("  host: '192.168.0.50'\n", ''))).toEqual([
      expect.stringMatching(/relay\.host: is missing; it needs the host of the relay/),
    ]);
    expect(problemsOf(`${page}  serve: \n`)).toEqual([
      expect.stringMatching(/relay\.serve: needs true or false/),
    ]);
  });

  it("accepts the spellings of the page's table too", () => {
    const table = page
      .replace('contract:', 'contracts:')
      .replace("  address: '0xc3", "  daisee: '0xc3")
      .replace('sensorId', 'id')
      .replace('typ:', 'type:');
    expect(parseSettings(table, 'parameters.yml')).toEqual(parseSettings(page, 'parameters.yml'));
  });

  it('takes addresses and passwords of digits without quotes as they are written', () => {
    const bare = page
      .replace("'0x004ec07d2329997267ec62b4166639513386f32e'", '0x004ec07d2329997267ec62b4166639513386f32e')
      .replace("'password2'", '007');
    expect(parseSettings(bare, 'parameters.yml').node).toMatchObject({
      address: '0x004ec07d2329997267Ec62b4166639513386F32E',
      password: '007',
    });
  });

  it('names the nearest known key for an unknown one', () => {
    expect(problemsOf(page.replace('fuelgauge', 'fuelguage'))).toEqual([
      'line 16: node.fuelguage: is not known; did you mean "fuelgauge"?',
    ]);
    expect(problemsOf(page.replace('relay:', 'relais:'))).toContain(
      'line 21: relais: is not known; did you mean "relay"?',
    );
  });

  it('reports every problem at once, each with its line, its path in the words of the file, what it got and what it needs', () => {
    const problems = problemsOf(
      page
        .replace('0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558', '0xC33179A7f73fCcCe0DED8e613Fcf2688bA385558')
        .replace('sensorId: 1', 'sensorId: first')
        .replace("typ: 'C'", "typ: 'X'")
        .replace('port: 15555', 'port: 155555')
        .replace("  login: 'user'\n", ''),
    );
    expect(problems).toEqual([
      'line 2: contract.address: has a wrong checksum: a letter was mistyped, or its case changed (got "0xC33179A7f73fCcCe0DED8e613Fcf2688bA385558")',
      'line 5: node.login: is missing; it needs the login of the monitor',
      'line 9: node.sensorId: needs the number of the sensor (got "first")',
      `line 10: node.typ: needs 'C' (consumer) or 'P' (producer) (got "X")`,
      'line 22: relay.port: needs a port number from 1 to 65535 (got 155555)',
    ]);
  });

  it('refuses a contact with two purposes, a consumer without sellers and a producer with some', () => {
    expect(problemsOf(page.replace('    channel: 1', '    channel: 0'))[0]).toMatch(
      /sellers.seller1.channel: 0 is taken by node.channel/,
    );
    expect(problemsOf(page.replace(/sellers:[\s\S]*?(?=relay:)/, ''))[0]).toMatch(/^sellers: is missing/);
    expect(problemsOf(page.replace("typ: 'C'", "typ: 'P'"))[0]).toMatch(/^line 17: sellers: a producer/);
  });

  it('takes what makes a purchase worth a switch, and refuses what none can be', () => {
    const page2 = page.replace(
      '  channel: 0\n',
      '  channel: 0\n  minStay: 20m\n  minPurchase: 50\n  maxSwitches: 6\n',
    );
    expect(parseSettings(page2, 'parameters.yml').node).toMatchObject({
      minStay: 1_200_000,
      minPurchase: 50_000_000n,
      maxSwitches: 6,
    });
    expect(
      problemsOf(
        page2.replace('minPurchase: 50', 'minPurchase: 250').replace('maxSwitches: 6', 'maxSwitches: 1'),
      ),
    ).toEqual(['line 18: node.maxSwitches: needs a number of switches an hour, from 2 to 3600 (got 1)']);
    expect(problemsOf(page2.replace('minPurchase: 50', 'minPurchase: 250'))).toEqual([
      'line 17: node.minPurchase: needs to be at most node.delta (200 Wh), which is the most it has in hand (got 250)',
    ]);
  });

  it('never repeats a secret in a problem', () => {
    const text = page.replace("accountpswd: 'password1'", 'accountpswd: [hunter2]');
    expect(problemsOf(text).join()).not.toContain('hunter2');
  });

  it('says which file does not exist, and which line is no YAML', () => {
    expect(() => readSettings('/nowhere/parameters.yml')).toThrow(
      '/nowhere/parameters.yml: does not exist; give the settings with -c FILE',
    );
    const file = join(mkdtempSync(join(tmpdir(), 'daisee-')), 'parameters.yml');
    writeFileSync(file, 'node:\n  limit: [1, 2\nrelay: {}\n');
    expect(() => readSettings(file)).toThrow(/parameters.yml: line \d+: is no YAML/);
  });
});
