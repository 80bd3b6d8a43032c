import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch } from './support/daisee.ts';

const TABLE = `start;consumer:A;consumer:B;producer:P
2026-11-01T00:00Z;0,300;0,300;0,200
2026-11-01T00:15Z;0,100;0,400;5
`;

const fileOf = (content: string): string => {
  const file = join(scratch(), 'quarters.csv');
  writeFileSync(file, content);
  return file;
};

describe('daisee allocate', () => {
  it('gives a line of JSON an interval', async () => {
    const { stdout, code, stderr } = await daisee([
      'allocate',
      '--rule',
      'at/dynamic',
      fileOf(TABLE),
      '--json',
    ]);
    expect(records(stdout)).toEqual([
      {
        start: '2026-11-01T00:00:00Z',
        share: { A: '0.100000', B: '0.100000' },
        covered: { A: '0.100000', B: '0.100000' },
        surplus: { P: '0.000000' },
      },
      {
        start: '2026-11-01T00:15:00Z',
        share: { A: '1.000000', B: '4.000000' },
        covered: { A: '0.100000', B: '0.400000' },
        surplus: { P: '4.500000' },
      },
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('sums up for people, with shares from a file', async () => {
    const shares = fileOf('point,share\nA,0.75\nB,0.25\n');
    const { stdout, code } = await daisee([
      'allocate',
      '--rule',
      'fr/static',
      '--shares',
      shares,
      fileOf(TABLE),
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^consumer A +0\.400 +0\.250 +62\.5 % +0\.150$/m);
    expect(stdout).toMatch(/^producer P +5\.200 +0\.700 +13\.5 % +4\.500$/m);
  });

  it.each([
    [['--rule', 'at/dinamic', 'FILE'], TABLE, /There is no rule "at\/dinamic". The rules are fr\/dynamic/],
    [['FILE'], TABLE, /By which rule\? Give --rule NAME/],
    [['--rule', 'fr/static', 'FILE'], TABLE, /fr\/static needs coefficients: give them with --shares FILE/],
    [
      ['--rule', 'equal', 'FILE', '--zone', 'Europe/Wien'],
      TABLE,
      /'--zone <name>' argument 'Europe\/Wien' is invalid. It needs the name of a time zone/,
    ],
    [['--rule', 'equal', '/nonexistent.csv'], TABLE, /\/nonexistent.csv cannot be read: ENOENT/],
    [['--rule', 'equal', 'FILE'], TABLE.replace('5\n', '-5\n'), /quarters.csv:3: producer:P cannot be "-5"/],
  ])('%j: one line says what is wrong, and nothing is 0', async (args, content, message) => {
    const file = fileOf(content);
    const { code, stderr } = await daisee([
      'allocate',
      ...args.map((word) => (word === 'FILE' ? file : word)),
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(
      stderr
        .trim()
        .replace(/\n+\(--help.*$/, '')
        .split('\n'),
    ).toHaveLength(1);
  });

  it('says from when on a rule is in force, and lists the rules', async () => {
    const { stderr } = await daisee([
      'allocate',
      '--rule',
      'ch/leg',
      fileOf(TABLE.replaceAll('2026', '2025')),
      '--json',
    ]);
    expect(stderr).toBe('2 intervals are before 2026-01-01, from when on ch/leg is in force.\n');
    const { stdout } = await daisee(['allocate', '--list', '--json']);
    expect(records(stdout)).toContainEqual(
      expect.objectContaining({ name: 'at/dynamic', country: 'AT', since: '2021-07-28' }),
    );
  });
});
