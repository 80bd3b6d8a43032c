import { encodeErrorResult, getAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import { daiseeAbi, daiseeCoinAbi } from '../src/generated/contracts.ts';
import { ContractRefused, RpcRefused } from '../src/index.ts';
import { decodeRefusal, refusalOf } from '../src/refusals.ts';

type ErrorItem = {
  readonly type: 'error';
  readonly name: string;
  readonly inputs: readonly { name: string; type: string }[];
};
const errors = [...daiseeAbi, ...daiseeCoinAbi].filter(
  (item) => item.type === 'error',
) as readonly ErrorItem[];
const distinct = [...new Map(errors.map((item) => [item.name, item])).values()];

const SAMPLES: Readonly<Record<string, unknown>> = {
  address: getAddress(`0x${'ab'.repeat(20)}`),
  uint256: 123_456_789n,
  uint8: 8,
  bytes32: `0x${'cd'.repeat(32)}`,
  string: 'text',
  uint40: 40,
};

describe('Every error of the contracts', () => {
  test.each(distinct.map((item) => [item.name, item] as const))(
    '%s is decoded with its values',
    (name, item) => {
      const values = item.inputs.map(({ type }) => SAMPLES[type]);
      const data = encodeErrorResult({ abi: [item], errorName: name, args: values });
      const refusal = decodeRefusal(data);
      expect(refusal).toEqual({
        errorName: name,
        args: Object.fromEntries(item.inputs.map((input, index) => [input.name, values[index]])),
      });
      const { message, args } = new ContractRefused('It', refusal);
      expect(args).toBe(refusal.args);
      expect(message).toMatch(/^It was refused: [^\n]+\.$/);
      expect(message).not.toMatch(/undefined|\[object/);
    },
  );
});

describe('A revert', () => {
  const NotSelling = encodeErrorResult({
    abi: daiseeAbi,
    errorName: 'NotSelling',
    args: [getAddress(`0x${'ab'.repeat(20)}`)],
  });

  test.each([
    ['as geth, anvil and Besu give it', { code: 3, message: 'execution reverted', data: NotSelling }],
    ['one level down', { code: -32000, message: 'VM execution reverted', data: { data: NotSelling } }],
    ['in a text', { code: -32015, message: 'VM execution error: reverted', data: `Reverted ${NotSelling}` }],
  ])('is found %s', (_, error) => {
    expect(refusalOf(new RpcRefused('eth_call', error))?.errorName).toBe('NotSelling');
  });

  test('with a plain message keeps it', () => {
    const error = new RpcRefused('eth_call', { code: 3, message: 'execution reverted: no such thing' });
    expect(refusalOf(error)).toEqual({ errorName: 'Error', args: { message: 'no such thing' } });
  });

  test('of a contract that is not ours is unknown, and still said', () => {
    const refusal = decodeRefusal('0xdeadbeef');
    expect(new ContractRefused('It', refusal).message).toContain('0xdeadbeef');
  });

  test('is no other RPC error', () => {
    expect(
      refusalOf(new RpcRefused('eth_call', { code: -32000, message: 'header not found' })),
    ).toBeUndefined();
  });
});
