import { Percent, Seconds } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createLife } from './world/faults.ts';
import { createLab, type Lab, type LabOptions, NODE, SELLER_1, SELLER_2, START } from './world/lab.ts';
import { expectTrueBooks, kindsOf, lowSoon, registersOf, run } from './world/scene.ts';

let lab: Lab;
afterEach(() => lab.end());

const open = (options: LabOptions = {}): void => {
  lab = createLab({ battery: lowSoon, ...options });
};

describe('faults of v0.2 that this agent does not have', () => {
  it('what is metered is what is on chain (5200 against 4800, 3200 against 2000)', async () => {
    open({ load: (at) => 150 + 100 * Math.sin((at - START) / 50_000) });
    await run(lab, Seconds(1500));
    expectTrueBooks(lab);
    const { own, from1, from2 } = registersOf(lab);
    const metered = lab.truth('own') + lab.truth(SELLER_1) + lab.truth(SELLER_2);
    expect(Math.abs(own + from1 + from2 - metered)).toBeLessThanOrEqual(3);
  });

  it('the relay does not toggle with coins gone and energy left', async () => {
    open();
    lab.ledger.nodeOf(NODE).balance = 30_000_000n;
    await run(lab, Seconds(3600));
    expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit', 'allowance-used']);
    const { purchased, consumed } = lab.ledger.tradeOf(NODE, SELLER_1);
    // What is left is what two periods at this load use.
    expect(Number(purchased - consumed)).toBeLessThan(900_000);
    expect(lab.ledger.overdrafts).toEqual([]);
    expect(kindsOf(lab).filter((one) => one === 'trouble agent.out-of-coins')).toHaveLength(1);
    expect(lab.of('trouble')[0]?.message).toContain('daisee token');
  });

  it('it rechecks the battery on a seller', async () => {
    open({ battery: { wattHours: 100, charge: 22, charger: 100 } });
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.of('switched').some((event) => event.why === 'recovered'));
    expect(lab.charge()).toBeGreaterThanOrEqual(30);
    await agent.stop();
  });

  it('a monitor without samples does not crash it, and it takes nothing from a neighbour unmeasured', async () => {
    open();
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() === SELLER_1);
    lab.moods.monitor = 'silent';
    await lab.until(() => lab.source() === 'own', Seconds(120));
    expect(kindsOf(lab)).toContain('trouble agent.no-samples');
    lab.moods.monitor = 'works';
    await lab.until(() => lab.source() === SELLER_1, Seconds(120));
    expect(kindsOf(lab)).toContain('recovered agent.no-samples');
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('neither does one without any sample from the start', async () => {
    open();
    lab.moods.monitor = 'silent';
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(200));
    expect(kindsOf(lab)).toEqual(['trouble agent.charge-unknown', 'trouble agent.no-samples']);
    await agent.stop();
  });

  it('a bad login does not crash it: it is said once and tried on', async () => {
    open();
    lab.moods.monitor = 'refuses-login';
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(200));
    expect(kindsOf(lab).filter((one) => one.includes('monitor'))).toEqual(['trouble monitor.refused']);
    lab.moods.monitor = 'works';
    await lab.until(() => lab.source() === SELLER_1);
    expect(kindsOf(lab)).toContain('recovered monitor.refused');
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('a relay that is down does not crash it', async () => {
    open();
    lab.moods.relay = 'unreachable';
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(300));
    expect(kindsOf(lab)).toEqual(['trouble relay.unreachable']);
    expect(lab.of('buying')).toEqual([]);
    lab.moods.relay = 'works';
    await lab.until(() => lab.source() === SELLER_1);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it.each([
    ['that waits', true],
    ['that fails', false],
  ])('a chain that is down does not crash it, with a client %s', async (_name, patient) => {
    open();
    lab.ledger.setDown(true);
    const agent = lab.consumer({}, undefined, patient);
    await agent.start();
    await lab.pass(Seconds(300));
    expect(lab.source()).toBe('own');
    expect(kindsOf(lab).filter((one) => one === 'trouble chain.unreachable').length).toBeLessThanOrEqual(1);
    lab.ledger.setDown(false);
    await lab.until(() => lab.source() === SELLER_1, Seconds(300));
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it.each([
    ['that waits', true],
    ['that fails', false],
  ])(
    'a chain that goes down after the payment was sent does not make it pay twice, with a client %s',
    async (_name, patient) => {
      open({ blockTime: Seconds(20) });
      const agent = lab.consumer({}, undefined, patient);
      await agent.start();
      await lab.until(() => lab.of('buying').length > 0);
      await lab.pass(Seconds(2));
      lab.ledger.setDown(true);
      await lab.pass(Seconds(300));
      expect(lab.source()).toBe('own');
      lab.ledger.setDown(false);
      await lab.until(() => lab.source() === SELLER_1, Seconds(300));
      expect(lab.ledger.purchases).toHaveLength(1);
      await agent.stop({ ...lab.stopped, limit: Seconds(120) });
      expectTrueBooks(lab);
    },
  );

  it('a relay that answers False is heeded: it stays, tries again ever more slowly, and buys nothing more', async () => {
    open();
    lab.moods.relay = 'refuses';
    const agent = lab.consumer({ settings: { ...lab.rules, sellers: lab.rules.sellers.slice(0, 1) } });
    await agent.start();
    await lab.pass(Seconds(400));
    expect(lab.ledger.purchases).toHaveLength(1);
    expect(kindsOf(lab).filter((one) => one.startsWith('trouble agent.order-refused'))).toHaveLength(1);
    expect(lab.source()).toBe('own');
    lab.moods.relay = 'works';
    await lab.until(() => lab.source() === SELLER_1, Seconds(300));
    expect(kindsOf(lab)).toContain('recovered agent.order-refused');
    await agent.stop(lab.stopped);
    expect(lab.ledger.purchases).toHaveLength(1);
    expectTrueBooks(lab);
  });

  it('a relay that says True and does nothing is seen through', async () => {
    open();
    lab.moods.relay = 'lies';
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(120));
    expect(kindsOf(lab)).toContain('trouble agent.order-not-obeyed');
    expect(lab.of('switched')).toEqual([]);
    lab.moods.relay = 'works';
    await lab.until(() => lab.source() !== 'own', Seconds(300));
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('an order whose acknowledgement is lost is booked from when it was given', async () => {
    open();
    lab.moods.relay = 'loses-acknowledgement';
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() !== 'own', Seconds(300));
    lab.moods.relay = 'works';
    await lab.pass(Seconds(60));
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('in 40 s blocks it buys once, and switches only when that is mined', async () => {
    open({ blockTime: Seconds(40) });
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() !== 'own', Seconds(300));
    expect(lab.ledger.purchases).toHaveLength(1);
    expect(lab.wire.at(-1)?.at).toBeGreaterThanOrEqual(
      lab.ledger.purchases[0]?.at ?? Number.POSITIVE_INFINITY,
    );
    await agent.stop({ ...lab.stopped, limit: Seconds(120) });
    expect(lab.ledger.purchases).toHaveLength(1);
    expectTrueBooks(lab);
  });

  it('killed and started again it knows where it was', async () => {
    open();
    const life = createLife(lab.clock);
    await lab.consumer({}, life).start();
    await lab.until(() => lab.source() === SELLER_1);
    await lab.pass(Seconds(30));
    life.kill();
    await lab.pass(Seconds(20));
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(60));
    expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit']);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('every seller is asked, not only the first', async () => {
    open();
    lab.ledger.nodeOf(SELLER_1).produced = 0n;
    await run(lab, Seconds(300));
    expect(lab.of('switched')[0]?.to).toBe(SELLER_2);
    expectTrueBooks(lab);
  });

  it('when a seller refuses the purchase the next one is asked', async () => {
    open();
    // Its price rises between the look and the purchase.
    const client = lab.ledger.connect(NODE);
    const buyEnergy: typeof client.buyEnergy = (order, options) => {
      if (order.seller === SELLER_1) lab.ledger.nodeOf(SELLER_1).price = 3_000_000n;
      return client.buyEnergy(order, options);
    };
    const agent = lab.consumer({ ledger: { ...client, buyEnergy } });
    await agent.start();
    await lab.until(() => lab.source() === SELLER_2);
    expect(kindsOf(lab)).toContain('trouble chain.refused.CostTooHigh');
    expect(kindsOf(lab)).toContain('recovered chain.refused.CostTooHigh');
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('a node that is not registered is told so once, and nothing is lost', async () => {
    open();
    lab.ledger.nodeOf(NODE).kind = 'none';
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(600));
    expect(kindsOf(lab).filter((one) => one.startsWith('trouble')).length).toBeLessThanOrEqual(2);
    lab.ledger.nodeOf(NODE).kind = 'consumer';
    await lab.until(() => lab.source() !== 'own', Seconds(300));
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('a ledger client that lags behind does not make it buy again', async () => {
    open();
    const client = lab.ledger.connect(NODE);
    let lag = 0;
    const stale: (typeof client)['purchases'] = async (buyer) => (lag > 0 ? [] : client.purchases(buyer));
    const agent = lab.consumer({
      ledger: {
        ...client,
        purchases: stale,
        block: async () => ({ number: (await client.block()).number - lag }),
        buyEnergy: async (order, options) => {
          const mined = await client.buyEnergy(order, options);
          lag = 50;
          return mined;
        },
      },
    });
    await agent.start();
    await lab.until(() => lab.ledger.purchases.length > 0);
    await lab.pass(Seconds(60));
    expect(kindsOf(lab)).toContain('trouble agent.ledger-lags');
    lag = 0;
    await lab.until(() => lab.source() === SELLER_1);
    expect(lab.ledger.purchases).toHaveLength(1);
    await agent.stop(lab.stopped);
  });
});

describe('the fuel gauge', () => {
  it('is not read without fuelgauge, and the energy drawn decides (fault of v0.2: read all the same)', async () => {
    open({ withCharge: false, settings: { fuelgauge: false, limit: 5 } });
    lab.ledger.nodeOf(NODE).balance = 45_000_000n;
    let asked = 0;
    const agent = lab.consumer({
      gauge: async () => {
        asked += 1;
        return Percent(3);
      },
    });
    await agent.start();
    await lab.pass(Seconds(1800));
    await agent.stop(lab.stopped);
    expect(asked).toBe(0);
    expect(lab.of('soc')).toEqual([]);
    // 5 Wh at 200 W are 90 s; then it stays until no purchase succeeds.
    expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit', 'allowance-used']);
    expect((lab.wire[1]?.at ?? 0) - START).toBeGreaterThanOrEqual(90_000);
    expect(Number(lab.ledger.tradeOf(NODE, SELLER_1).spent)).toBeGreaterThan(40_000_000);
    expectTrueBooks(lab);
  });

  it('serves where the samples of a v0.2 monitor carry no state of charge', async () => {
    open({ withCharge: false });
    const agent = lab.consumer({ gauge: async () => Percent(lab.charge()) });
    await agent.start();
    await lab.until(() => lab.source() === SELLER_1);
    expect(lab.of('soc').length).toBeGreaterThan(0);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('that is missing, empty or broken leads to no purchase and is said once (fault of v0.2: died on an empty file)', async () => {
    open({ withCharge: false });
    let mood: 'empty' | 'broken' | 'works' = 'empty';
    const agent = lab.consumer({
      gauge: async () => {
        if (mood === 'broken') throw new RangeError('half-written');
        return mood === 'empty' ? undefined : Percent(10);
      },
    });
    await agent.start();
    await lab.pass(Seconds(100));
    mood = 'broken';
    await lab.pass(Seconds(100));
    expect(kindsOf(lab)).toEqual(['trouble agent.charge-unknown', 'trouble agent.unexpected']);
    expect(lab.of('buying')).toEqual([]);
    mood = 'works';
    await lab.until(() => lab.source() === SELLER_1);
    expect(kindsOf(lab).slice(2, 4)).toEqual([
      'recovered agent.unexpected',
      'recovered agent.charge-unknown',
    ]);
    await agent.stop(lab.stopped);
  });
});
