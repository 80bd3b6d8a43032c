import type { Address, LedgerEvent, LedgerFact } from '@daisee/chain';
import { Coin, Energy, Instant, Price, Register } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { checkNeeds, replay } from '../../src/checker/replay.ts';
import { createShownSums } from '../../src/checker/undone.ts';

const buyer = '0x1111111111111111111111111111111111111111' as Address;
const seller = '0x2222222222222222222222222222222222222222' as Address;
const nobody = '0x0000000000000000000000000000000000000000' as Address;
const hashOf = (block: number) => `0x${block.toString(16).padStart(64, '0')}` as const;

/** Each fact in a block of its own. */
const told = (facts: readonly LedgerFact[]): readonly LedgerEvent[] =>
  facts.map((fact, block) => ({
    block,
    at: Instant(block * 5000),
    hash: hashOf(block),
    logIndex: 0,
    ...fact,
  }));

const registered = (node: Address, price: bigint): LedgerFact => ({
  type: 'nodeRegistered',
  node,
  kind: price > 0n ? 'producer' : 'consumer',
  meterKey: nobody,
  price: Price(price),
});
const moved = (from: Address, to: Address, amount: bigint): LedgerFact => ({
  type: 'transferred',
  from,
  to,
  amount: Coin(amount),
});
const produced = (energy: bigint, register: bigint): LedgerFact => ({
  type: 'produced',
  node: seller,
  energy: Energy(energy),
  register: Register(register),
});
const bought = (energy: bigint, cost: bigint): LedgerFact => ({
  type: 'bought',
  buyer,
  seller,
  energy: Energy(energy),
  cost: Coin(cost),
});
const consumed = (energy: bigint, register: bigint): LedgerFact => ({
  type: 'consumed',
  consumer: buyer,
  origin: seller,
  energy: Energy(energy),
  register: Register(register),
});
const overdrawn = (energy: bigint, total: bigint, owed: bigint): LedgerFact => ({
  type: 'overdrawn',
  consumer: buyer,
  origin: seller,
  energy: Energy(energy),
  total: Energy(total),
  owed: Coin(owed),
});
const paid = (energy: bigint, cost: bigint): LedgerFact => ({
  type: 'debtPaid',
  buyer,
  seller,
  energy: Energy(energy),
  cost: Coin(cost),
});
/** After all that is told. */
const LATER = Instant(8e15);
const community = [registered(buyer, 0n), registered(seller, 2_000_000n), moved(nobody, buyer, 900n)];

const lawsBroken = (facts: readonly LedgerFact[]): readonly number[] => {
  const laws: number[] = [];
  replay(told([...community, ...facts]), (law) => laws.push(law));
  return laws;
};

describe('the books made of events', () => {
  it('are in order when everything was produced, paid and priced as it was', () => {
    expect(lawsBroken([produced(100n, 100n), bought(60n, 120n), moved(buyer, seller, 120n)])).toEqual([]);
    const repriced: LedgerFact = { type: 'priceChanged', seller, price: Price(1n), from: Instant(0) };
    expect(lawsBroken([produced(100n, 100n), repriced, bought(60n, 1n)])).toEqual([]);
  });

  it('know a price from the instant on that it was announced for', () => {
    const announced: LedgerFact = { type: 'priceChanged', seller, price: Price(3_000_000n), from: LATER };
    expect(lawsBroken([produced(100n, 100n), announced, bought(60n, 120n)])).toEqual([]);
    expect(lawsBroken([produced(100n, 100n), announced, bought(60n, 180n)])).toEqual([4]);
  });

  it('count what was overdrawn at the price of when it was drawn, and as taken', () => {
    const drawn = [produced(100n, 100n), consumed(40n, 40n), overdrawn(40n, 40n, 80n)];
    const cheap: LedgerFact = { type: 'priceChanged', seller, price: Price(1n), from: Instant(0) };
    expect(lawsBroken([...drawn, cheap, paid(40n, 80n), bought(100n, 81n)])).toEqual([]);
    expect(lawsBroken([...drawn, cheap, paid(40n, 80n), bought(101n, 81n)])).toEqual([2]);
    expect(lawsBroken([...drawn, cheap, paid(40n, 1n), bought(100n, 2n)])).toEqual([4]);
    expect(lawsBroken([produced(100n, 100n), consumed(40n, 40n), overdrawn(40n, 40n, 79n)])).toEqual([3]);
  });

  it('show a register that went by another amount than was credited', () => {
    expect(lawsBroken([produced(100n, 100n), produced(50n, 140n)])).toEqual([1]);
  });

  it('show energy that was sold and not produced', () => {
    expect(lawsBroken([produced(100n, 100n), bought(60n, 120n), bought(41n, 82n)])).toEqual([2]);
  });

  it('show a wrong cost, and coins that nobody had', () => {
    expect(lawsBroken([produced(100n, 100n), bought(60n, 119n)])).toEqual([4]);
    expect(lawsBroken([moved(buyer, seller, 901n)])).toEqual([4]);
  });

  it('show a report of one who is no node', () => {
    expect(lawsBroken([{ type: 'nodeRemoved', node: seller }, produced(1n, 1n)])).toEqual([5]);
  });
});

describe('a purchase for each need', () => {
  const intent = (beyond: bigint) => `energy from ${seller} beyond ${beyond} µWh`;
  const needs = (
    intents: ReadonlyMap<string, string>,
    shown: readonly (readonly [sum: bigint, block: number])[] = [],
  ): readonly number[] => {
    const laws: number[] = [];
    const events = told([bought(60n, 120n), bought(40n, 80n)]);
    const sums = createShownSums();
    for (const [sum, block] of shown) sums.show(seller, sum, block);
    checkNeeds(events, buyer, intents, sums.wasUndone(events, buyer), (law) => laws.push(law));
    return laws;
  };

  it('is named by what was bought before it', () => {
    expect(
      needs(
        new Map([
          [hashOf(0), intent(0n)],
          [hashOf(1), intent(60n)],
        ]),
      ),
    ).toEqual([]);
  });

  const counted = new Map([
    [hashOf(0), intent(0n)],
    [hashOf(1), intent(85n)],
  ]);

  it('may have counted one that a reorganisation took away since', () => {
    expect(needs(counted, [[85n, 0]])).toEqual([]);
    // Shown again when it was there again: that takes nothing back.
    expect(
      needs(counted, [
        [85n, 0],
        [85n, 9],
      ]),
    ).toEqual([]);
  });

  it('shows when it counted what was never bought, or is bought only later', () => {
    expect(needs(counted)).toEqual([8]);
    const early = new Map([
      [hashOf(0), intent(60n)],
      [hashOf(1), intent(60n)],
    ]);
    expect(needs(early, [[60n, 0]])).toEqual([8]);
  });

  it('shows when one need was bought for twice, or nobody knows of a purchase', () => {
    expect(
      needs(
        new Map([
          [hashOf(0), intent(0n)],
          [hashOf(1), intent(0n)],
        ]),
      ),
    ).toEqual([8]);
    expect(needs(new Map([[hashOf(0), intent(0n)]]))).toEqual([8]);
  });
});
