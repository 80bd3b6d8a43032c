import { describe, expect, it } from 'vitest';
import { createAllowance, InvalidAllowance, plainAddress } from '../src/v02/allowance.ts';

describe('the allow list', () => {
  const rows: readonly (readonly [list: readonly string[], address: string, allowed: boolean])[] = [
    [['127.0.0.1', '::1'], '127.0.0.1', true],
    [['127.0.0.1', '::1'], '::ffff:127.0.0.1', true],
    [['127.0.0.1', '::1'], '::FFFF:127.0.0.1', true],
    [['127.0.0.1', '::1'], '::1', true],
    [['127.0.0.1', '::1'], '0:0:0:0:0:0:0:1', true],
    [['127.0.0.1', '::1'], '127.0.0.2', false],
    [['127.0.0.1', '::1'], '::2', false],
    [['192.168.0.0/24'], '192.168.0.255', true],
    [['192.168.0.0/24'], '::ffff:192.168.0.7', true],
    [['192.168.0.0/24'], '192.168.1.0', false],
    [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
    [['::ffff:10.0.0.0/104'], '11.1.2.3', false],
    [['::ffff:10.0.0.9'], '10.0.0.9', true],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '2001:db8::1', true],
    [['2001:db8::/32'], '2001:db8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['fe80::1%eth0'], 'fe80::1', true],
    [[' 10.0.0.1 '], '10.0.0.1', true],
    [[], '127.0.0.1', false],
    [['127.0.0.1'], '', false],
    [['127.0.0.1'], 'nonsense', false],
  ];

  it.each(rows)('%j says of %s: %s', (list, address, allowed) => {
    expect(createAllowance(list)(address)).toBe(allowed);
  });

  it.each([
    '',
    'localhost',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
    '::ffff:10.0.0.0/8',
    '10.0.0.1 10.0.0.2',
  ])('refuses the entry %j with what it expects', (entry) => {
    expect(() => createAllowance([entry])).toThrow(InvalidAllowance);
    expect(() => createAllowance([entry])).toThrow(/expected an IP address/);
  });

  it('shows addresses as they would be written', () => {
    expect(plainAddress('::ffff:192.168.0.7')).toBe('192.168.0.7');
    expect(plainAddress('fe80::1%eth0')).toBe('fe80::1');
  });
});
