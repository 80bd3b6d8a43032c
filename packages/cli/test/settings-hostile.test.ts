/** Files of settings that attack their reader; found with hostile input. */
import { describe, expect, it } from 'vitest';
import { SettingsError } from '../src/settings/problems.ts';
import { parseSettings } from '../src/settings/read.ts';

const problemsOf = (text: string): readonly string[] => {
  try {
    parseSettings(text, 'f');
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

describe('settings that attack their reader', () => {
  it('by keys that every object has are told of as unknown keys', () => {
    expect(problemsOf('constructor: 1')).toEqual([
      expect.stringContaining('line 1: constructor: is not known'),
    ]);
    expect(problemsOf('node: { toString: 1 }').join()).toContain('toString: is not known');
    expect(problemsOf('__proto__: { relay: { host: a } }').join()).toContain('__proto__: is not known');
  });

  it('by aliases of aliases, merges of nothing and nesting are refused as settings', () => {
    const bomb = ['a: &a [x, x]', 'b: &b [*a, *a, *a]', `c: [${'*b, '.repeat(60)}]`].join('\n');
    for (const text of [bomb, '<<: 1', 'a: &a { <<: *a }', '['.repeat(5000), '? '.repeat(5000)])
      expect(problemsOf(text).length).toBeGreaterThan(0);
  });

  it('by thousands of keys are told of the first ones', () => {
    const many = Array.from({ length: 2000 }, (_, n) => `k${n}: 1`).join('\n');
    expect(problemsOf(many)).toHaveLength(50);
    expect(problemsOf(`node: { login: '${'x'.repeat(40_000)}' }`)).toEqual([
      'is longer than 32 KiB: no settings are',
    ]);
  });

  it('by amounts beyond any are told of', () => {
    expect(problemsOf('node: { delta: 1.8e302 }').join()).toContain('below 1,000,000,000,000');
  });
});
