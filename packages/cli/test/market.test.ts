import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch } from './support/daisee.ts';

const fileOf = (content: unknown): string => {
  const file = join(scratch(), 'orders.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const one = (energy: unknown, price: unknown) => ({ id: 'A', energy, price });
const README = {
  retail: 40,
  feedIn: 5,
  bids: [
    { id: 'A', energy: 1.00002, price: 25 },
    { id: 'B', energy: 5, price: 30 },
    { id: 'C', energy: 2.4, price: 35 },
  ],
  offers: [
    { id: 'A', energy: 1, price: 10 },
    { id: 'B', energy: 2, price: 15 },
    { id: 'C', energy: 3, price: 20 },
  ],
};

describe('daisee market clear', () => {
  it('gives a line of JSON a mechanism: the table of the README', async () => {
    const { stdout, code } = await daisee(['market', 'clear', fileOf(README), '--json']);
    expect(code).toBe(0);
    const [uniform, asBid, middle] = records(stdout);
    expect(uniform).toMatchObject({
      mechanism: 'uniform-price',
      price: '25.000000',
      energy: '6.000000',
      surplus: '92.000000',
      bids: [
        { id: 'A', energy: '0.000000', pays: '0.000000' },
        { id: 'B', energy: '3.600000', pays: '90.000000' },
        { id: 'C', energy: '2.400000', pays: '60.000000' },
      ],
      offers: [{ receives: '25.000000' }, { receives: '50.000000' }, { receives: '75.000000' }],
    });
    expect(asBid).toMatchObject({
      mechanism: 'pay-as-bid',
      price: null,
      surplus: '92.000000',
      offers: [{ receives: '35.000000' }, { receives: '67.000000' }, { receives: '90.000000' }],
    });
    expect(middle).toMatchObject({
      mechanism: 'mid-market',
      price: '22.500000',
      bids: [{ energy: '0.714298299' }, { energy: '3.571420068' }, { energy: '1.714281633' }],
    });
  });

  it('reads numbers as they are written, not as floats', async () => {
    const file = fileOf(
      '{"bids":[{"id":"A","energy":9007199.254740993,"price":"0.100001"}],"offers":[{"id":"B","energy":1e7,"price":1e-6}]}',
    );
    const { stdout } = await daisee(['market', 'clear', file, '--json', '--mechanism', 'uniform-price']);
    expect(records(stdout)[0]).toMatchObject({ energy: '9007199.254740993', price: '0.050001' });
  });

  it('says why nothing trades', async () => {
    const file = fileOf({ bids: [one(1, 10)], offers: [one(1, 25)] });
    const { stdout } = await daisee(['market', 'clear', file]);
    expect(stdout).toBe(
      'uniform-price: no trade, the highest bid is 10, the lowest offer 25\npay-as-bid: no trade, the highest bid is 10, the lowest offer 25\n',
    );
  });

  it.each([
    ['{"bids":', [], /orders.json is no JSON/],
    [{ asks: [] }, [], /orders.json: the whole: Unrecognized key: "asks". Expected \{"unit"/],
    [{ bids: [one(1, null)] }, [], /orders.json: bids.0.price: /],
    [{ bids: [one(-1, 10)] }, [], /the energy of bid A cannot be "-1": expected kWh of 0 or more/],
    [{ bids: [one('1,5', 10)] }, [], /the energy of bid A cannot be "1,5"/],
    [
      { offers: [one(1, '0.1234567')] },
      [],
      /the price of offer A cannot be "0.1234567".* at most 6 decimals/,
    ],
    [{ bids: [one(1, 1), one(1, 1)] }, [], /There are two bids "A"/],
    [
      { bids: [] },
      ['--mechanism', 'mid-market'],
      /give retail and feedIn in the file, or --retail and --feed-in/,
    ],
    [
      {},
      ['--mechanism', 'mid-market', '--retail', '1', '--feed-in', '2'],
      /with a retail price below feed-in/,
    ],
  ])('%j %j: one line says what is wrong, and nothing is 0', async (content, args, message) => {
    const { code, stderr, stdout } = await daisee(['market', 'clear', fileOf(content), ...args]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
