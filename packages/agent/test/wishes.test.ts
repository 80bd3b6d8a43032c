import { join } from 'node:path';
import { Coin, Duration, Instant, Percent, Price, Seconds, wattHours } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConsumerWishes, createProducer } from '../src/index.ts';
import { consumerRules } from '../src/settings.ts';
import { wishedRules } from '../src/wishes.ts';
import { createLab, type Lab, SELLER_1, START, settings } from './world/lab.ts';
import { expectTrueBooks, isAtRest, lowSoon } from './world/scene.ts';

let lab: Lab | undefined;
afterEach(() => lab?.end());

describe('What the person wishes', () => {
  it('takes the place of the settings, also of a cap and a budget, and leaves the rest', () => {
    const rules = consumerRules({ ...settings, priceCap: Price(5n), budgetPerDay: Coin(7n) });
    expect(wishedRules(rules, {})).toEqual(rules);
    const wished = wishedRules(rules, { limit: 40, resume: Percent(60), delta: wattHours(3) });
    expect(wished).toEqual({ ...rules, limit: 40, resume: 60, delta: wattHours(3) });
    expect(wishedRules(rules, { priceCap: Price(9n) }).priceCap).toBe(9n);
    const without = wishedRules(rules, { priceCap: null, budgetPerDay: null });
    expect('priceCap' in without || 'budgetPerDay' in without).toBe(false);
  });

  it('holds from the next look on: a higher limit buys at once', async () => {
    lab = createLab({ battery: { wattHours: 1000, charge: 50, charger: 0 } });
    const wishes: { now: ConsumerWishes } = { now: {} };
    const agent = lab.consumer({ wishes: () => wishes.now });
    await agent.start();
    await lab.pass(Seconds(120));
    expect(lab.of('bought')).toHaveLength(0);
    wishes.now = { limit: 90 };
    await lab.pass(Seconds(120));
    expect(lab.of('bought').length).toBeGreaterThan(0);
    expect(lab.of('switched').map(({ why }) => why)).toEqual(['below-limit']);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('keeps it on its own source, buys nothing meanwhile, and lets it decide again afterwards', async () => {
    lab = createLab({ battery: lowSoon });
    const { clock } = lab;
    const wishes: { now: ConsumerWishes } = { now: {} };
    const agent = lab.consumer({ wishes: () => wishes.now });
    await agent.start();
    await lab.pass(Seconds(300));
    expect(isAtRest(lab)).toBe(false);
    const bought = lab.of('bought').length;
    wishes.now = { ownUntil: Instant(clock.now() + Seconds(600)) };
    agent.wake();
    await lab.pass(Duration(100));
    expect(isAtRest(lab)).toBe(true);
    expect(lab.of('switched').at(-1)).toMatchObject({ to: 'own', why: 'held' });
    await lab.pass(Seconds(590));
    expect(isAtRest(lab)).toBe(true);
    expect(lab.of('bought')).toHaveLength(bought);
    await lab.pass(Seconds(60));
    expect(isAtRest(lab)).toBe(false);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('is the price that a producer asks', async () => {
    lab = createLab({ withCharge: false });
    let price = Price(1_500_000n);
    const agent = createProducer({
      clock: lab.clock,
      ledger: lab.ledger.connect(SELLER_1),
      monitor: lab.monitor,
      store: join(lab.directory, 'producer.sqlite'),
      settings: { price: Price(1n), maxGap: Seconds(60) },
      wishes: () => ({ price }),
      since: START,
    });
    await agent.start();
    await lab.pass(Seconds(200));
    expect(lab.ledger.nodeOf(SELLER_1).price).toBe(1_500_000n);
    price = Price(2_000_000n);
    await lab.pass(Seconds(200));
    expect(lab.ledger.nodeOf(SELLER_1).price).toBe(2_000_000n);
    await agent.stop(lab.stopped);
  });
});
