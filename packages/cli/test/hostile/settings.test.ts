import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distorted, hostile, hostileJson, hostileText, torn } from '@daisee/fuzz';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { SettingsError } from '../../src/settings/problems.ts';
import { parseSettings } from '../../src/settings/read.ts';

const PAGE = `contract:
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
const examples = ['parameters-mqtt.yml', 'parameters-shelly.yml'].map((name) =>
  readFileSync(join(import.meta.dirname, '../../../../examples', name), 'utf8'),
);
const texts = [PAGE, ...examples];
const trees = texts.map((text) => parse(text, { version: '1.1' }) as unknown);

/** Texts of which each is an attack on readers of YAML. */
const ATTACKS = fc.oneof(
  fc
    .integer({ min: 2, max: 12 })
    .map((levels) =>
      [
        'a0: &a0 [x, x, x, x, x, x, x, x, x]',
        ...Array.from(
          { length: levels },
          (_, n) => `a${n + 1}: &a${n + 1} [${Array.from({ length: 9 }, () => `*a${n}`).join(', ')}]`,
        ),
      ].join('\n'),
    ),
  fc
    .tuple(fc.nat(3000), fc.constantFrom('[', '{a: ', '- ', '? ', '&a ', '!!map {', '"'))
    .map(([n, open]) => `node: ${open.repeat(n)}`),
  fc.nat(400).map((n) => Array.from({ length: n }, (_, i) => `${' '.repeat(i)}a:`).join('\n')),
  fc.nat(3000).map((n) => `node:\n${Array.from({ length: n }, (_, i) => `  key${i}: ${i}`).join('\n')}`),
  fc.nat(40_000).map((n) => `node: { login: '${'x'.repeat(n)}', id: ${'9'.repeat(n % 5000)} }`),
  fc.constantFrom(
    'node: &a { b: *a }',
    'a: &a [*a]',
    '<<: 1',
    'node: { <<: [1, 2] }',
    'node: { <<: *x }',
    '? {a: 1}\n: b',
    '? [a]\n: b',
    'node: !!binary "////"',
    'node: !!set {a, b}',
    'node: !!omap [a: 1]',
    'node: !!js/function "x"',
    'node: !!timestamp 2001-99-99',
    'node: 2001-12-14t21:59:43.10-05:00',
    '__proto__: { polluted: 1 }',
    'constructor: { prototype: { polluted: 1 } }',
    'node: { __proto__: { polluted: 1 }, constructor: 1, toString: 2 }',
    'toString: 1\nhasOwnProperty: 2',
    'sellers: { __proto__: { account: a, channel: 1 } }',
    '%YAML 9.9\n---\na: 1',
    'a: 1\n---\nb: 2',
    '- 1\n- 2',
    '"\\ud800": 1',
    'node: ~\n~: 1\n1: 2\ntrue: 3',
    'relay: 0x7fffffffffffffffffff\nnode: 0o7777777777777777777777777\nchain: 1_000:59:59.5\nmonitor: .inf\napp: .nan',
  ),
);

const input = fc.oneof(
  { weight: 4, arbitrary: distorted(...trees).map((tree) => stringify(tree)) },
  { weight: 4, arbitrary: torn(...texts) },
  { weight: 2, arbitrary: ATTACKS },
  { weight: 1, arbitrary: hostileJson.map((value) => stringify(value)) },
  { weight: 1, arbitrary: hostileText },
);

describe('a file of settings', () => {
  hostile('is read or refused with its problems, each in a line', {
    input,
    feed: (text) => {
      try {
        parseSettings(text, 'parameters.yml');
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const problem of error.problems) expect(problem).not.toMatch(/\n/);
      }
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    },
  });
});
