import { describe, expect, it } from 'vitest';
import type { Address, Community } from '../src/api.ts';
import { largest, REST } from '../web/parts/largest.ts';
import { apart } from '../web/words/apart.ts';

const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const flow = (origin: number, consumer: number, consumed: number): Community['flows'][number] => ({
  origin: account(origin),
  consumer: account(consumer),
  consumed: String(consumed),
  bought: '0',
  cost: '0',
});

describe('the picture of the energy between nodes', () => {
  it('has every node of a few', () => {
    expect(largest([flow(1, 2, 3), flow(2, 2, 4)], account(9), 12)).toEqual([
      { origin: account(1), consumer: account(2), consumed: 3 },
      { origin: account(2), consumer: account(2), consumed: 4 },
    ]);
  });

  it('has the largest of many, the node itself, and the rest together', () => {
    const flows = Array.from({ length: 200 }, (_, i) => flow(i + 1, 500, i + 1));
    const bands = largest(flows, account(1), 12);
    const origins = bands.map(({ origin }) => origin);
    expect(origins).toContain(account(1));
    expect(origins).toContain(account(200));
    expect(origins).toHaveLength(13);
    expect(origins.filter((origin) => origin === REST)).toHaveLength(1);
    expect(bands.reduce((sum, { consumed }) => sum + consumed, 0)).toBe((200 * 201) / 2);
  });
});

describe('a name in a sentence', () => {
  it('does not turn the words after it', () => {
    expect(apart('Node 2')).toBe('Node 2');
    expect(apart('\u{202E}abc')).toBe('\u{2068}\u{202E}abc\u{2069}');
    expect(apart('جار')).toBe('\u{2068}جار\u{2069}');
  });
});
