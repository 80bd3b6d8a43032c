import { join } from 'node:path';
import { Coin, Instant, Percent, Seconds, wattHours } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { NoAccount, RegisterBehind } from '../src/index.ts';
import { createLife } from './world/faults.ts';
import { createLab, type Lab, type LabOptions, NODE, SELLER_1, SELLER_2, START } from './world/lab.ts';
import { expectTrueBooks, isAtRest, kindsOf, lowSoon, registersOf, run } from './world/scene.ts';

let lab: Lab;
afterEach(() => lab.end());

const open = (options: LabOptions = {}): void => {
  lab = createLab({ battery: lowSoon, ...options });
};

describe('a consumer', () => {
  it('lives as the page of v0.2 tells it: own, below, bought, switched, from the seller, recovered, own', async () => {
    open({ battery: { wattHours: 100, charge: 22, charger: 60 }, settings: { resume: Percent(28) } });
    await run(lab, Seconds(1800));
    const told = kindsOf(lab);
    expect(told.slice(0, 2)).toEqual(['bought', `below-limit: ${SELLER_1}`]);
    expect(told).toContain('recovered: own');
    expect(told.filter((one) => one.startsWith('trouble'))).toEqual([]);
    expect(told.at(-1)).toMatch(/: own$/);
    expectTrueBooks(lab);
    expect(lab.ledger.overdrafts).toEqual([]);
    expect(lab.drewUnpaid).toBeLessThanOrEqual(0);
    expect(isAtRest(lab)).toBe(true);
    const { spent, purchased } = lab.ledger.tradeOf(NODE, SELLER_1);
    expect(spent).toBe(purchased);
    expect(lab.ledger.nodeOf(NODE).balance + lab.ledger.nodeOf(SELLER_1).balance).toBe(1_000_000_000n);
  });

  it('buys again before what it bought is used up, and its load may jump', async () => {
    const jumps = (at: Instant) => ((at - START) % 600_000 < 120_000 ? 1500 : 150);
    open({ load: jumps, settings: { delta: wattHours(100) } });
    await run(lab, Seconds(3600));
    expect(lab.of('bought').length).toBeGreaterThan(2);
    expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit', 'stopping']);
    expect(lab.ledger.overdrafts).toEqual([]);
    expect(lab.drewUnpaid).toBeLessThanOrEqual(0);
    expectTrueBooks(lab);
  });

  it('reports in the background: slow blocks hold up neither sampling nor the relay’s lease', async () => {
    open({ blockTime: Seconds(100), battery: { ...lowSoon, charge: 90 } });
    let reads = 0;
    const relay = {
      ...lab.relay,
      read: (channels: readonly number[]) => {
        reads += 1;
        return lab.relay.read(channels);
      },
    };
    const agent = lab.consumer({ relay });
    await agent.start();
    await lab.pass(Seconds(400));
    expect(reads).toBeGreaterThanOrEqual(50);
    expect(lab.of('consumed-locally').length).toBeGreaterThanOrEqual(45);
    expect(lab.of('reported').length).toBeGreaterThanOrEqual(2);
    await agent.stop({ ...lab.stopped, limit: Seconds(300) });
    expectTrueBooks(lab);
  });

  it('keeps to the budget of the day and goes on after midnight UTC', async () => {
    open({ settings: { budgetPerDay: Coin(30_000_000n) } });
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(1.4 * 3600));
    const { spent } = lab.ledger.tradeOf(NODE, SELLER_1);
    expect(Number(spent)).toBeLessThanOrEqual(30_000_000);
    expect(Number(spent)).toBeGreaterThan(28_000_000);
    expect(kindsOf(lab)).toContain('trouble agent.over-budget');
    await lab.pass(Seconds(0.2 * 3600));
    await agent.stop(lab.stopped);
    expect(Number(lab.ledger.tradeOf(NODE, SELLER_1).spent)).toBeGreaterThan(Number(spent));
    expectTrueBooks(lab);
  }, 60_000);

  it('follows a monitor whose clock is wrong', async () => {
    open();
    const ahead = 90_000;
    const monitor = {
      time: async () => Instant(lab.clock.now() + ahead),
      samples: async (from: Instant, to: Instant) =>
        (await lab.monitor.samples(Instant(from - ahead), Instant(to - ahead))).map((one) => ({
          ...one,
          at: Instant(one.at + ahead),
        })),
    };
    const agent = lab.consumer({ monitor, since: Instant(START + ahead) });
    await agent.start();
    await lab.pass(Seconds(900));
    await agent.stop(lab.stopped);
    expect(lab.of('bought').length).toBeGreaterThan(0);
    expectTrueBooks(lab);
  });

  it('makes up for a long absence in one go', async () => {
    open({ battery: { ...lowSoon, charge: 90, charger: 200 } });
    await lab.pass(Seconds(13 * 3600));
    await run(lab, Seconds(16));
    expect(registersOf(lab).own).toBeGreaterThan(2_600_000_000);
    expectTrueBooks(lab);
  }, 60_000);

  it('needs a ledger that signs', async () => {
    open();
    const { address: _, ...reader } = lab.ledger.connect(NODE);
    await expect(lab.consumer({ ledger: reader }).start()).rejects.toThrow(NoAccount);
  });

  it('can be aborted before it starts and stopped by its signal later', async () => {
    open();
    await expect(lab.consumer().start(AbortSignal.abort())).rejects.toThrow();
    const ending = new AbortController();
    const agent = lab.consumer();
    await agent.start(ending.signal);
    await lab.until(() => lab.source() === SELLER_1);
    ending.abort();
    await agent.stop();
    await agent.stop();
    expect(isAtRest(lab)).toBe(true);
  });
});

describe('a new or a foreign file', () => {
  it('takes the ledger’s registers as its base when the disk is new, and says so', async () => {
    open();
    lab.ledger.nodeOf(NODE).ownUse = 5_000_000n;
    Object.assign(lab.ledger.tradeOf(NODE, SELLER_1), { purchased: 12_000_000n, consumed: 7_000_000n });
    await run(lab, Seconds(900));
    expect(lab.of('continued').map(({ origin, register }) => [origin, register])).toEqual([
      [NODE, 5_000_000n],
      [SELLER_1, 7_000_000n],
    ]);
    expect(Math.abs(registersOf(lab).own - 5_000_000 - lab.truth('own'))).toBeLessThanOrEqual(1);
    expect(Math.abs(registersOf(lab).from1 - 7_000_000 - lab.truth(SELLER_1))).toBeLessThanOrEqual(1);
  });

  it('refuses to go on when the ledger’s register is above its own, and says what to do', async () => {
    open();
    await run(lab, Seconds(60));
    lab.ledger.nodeOf(NODE).ownUse += 1_000_000n;
    const failure = await lab
      .consumer()
      .start()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RegisterBehind);
    expect(String(failure)).toContain('move it away');
  });

  it('starts without the ledger, measures and tells, and notices a register above its own when that is back', async () => {
    open({ battery: { ...lowSoon, charge: 90 } });
    await run(lab, Seconds(60));
    lab.ledger.nodeOf(NODE).ownUse += 100_000_000n;
    lab.ledger.setDown(true);
    const agent = lab.consumer({}, undefined, false);
    await agent.start();
    await lab.pass(Seconds(120));
    expect(lab.of('consumed-locally').length).toBeGreaterThan(10);
    lab.ledger.setDown(false);
    await lab.pass(Seconds(300));
    expect(kindsOf(lab)).toContain('trouble agent.register-behind');
    await agent.stop(lab.stopped);
  });

  it('with a new file and no ledger it waits for the base before it books, and loses nothing', async () => {
    open({ battery: { ...lowSoon, charge: 90 } });
    lab.ledger.nodeOf(NODE).ownUse = 5_000_000n;
    lab.ledger.setDown(true);
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(120));
    lab.ledger.setDown(false);
    await lab.pass(Seconds(120));
    await agent.stop(lab.stopped);
    expect(Math.abs(registersOf(lab).own - 5_000_000 - lab.truth('own'))).toBeLessThanOrEqual(1);
  });
});

describe('where the relay is', () => {
  const channelsOn = (...channels: readonly number[]) =>
    lab.apply(new Map(channels.map((channel) => [channel, true])));

  it('found on a seller with energy left, it continues there', async () => {
    open({ battery: { ...lowSoon, charge: 15 } });
    lab.ledger.tradeOf(NODE, SELLER_1).purchased = 15_000_000n;
    channelsOn(0, 1, 2, 3);
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(40));
    expect(kindsOf(lab)).toEqual([`observed: ${SELLER_1}`]);
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('found on a seller with nothing bought, it orders rest', async () => {
    open({ battery: { ...lowSoon, charge: 25 } });
    channelsOn(0, 1, 2, 3);
    await run(lab, Seconds(40));
    expect(kindsOf(lab)).toEqual([`observed: ${SELLER_1}`, 'allowance-used: own']);
    expectTrueBooks(lab);
  });

  it('found in disorder it orders rest', async () => {
    open({ battery: { ...lowSoon, charge: 90 } });
    lab.states.set(0, true);
    await run(lab, Seconds(40));
    expect(kindsOf(lab)).toEqual(['disorder: own']);
    expect(isAtRest(lab)).toBe(true);
  });

  it('fallen to rest with its agent it is seen at the start, before a slow ledger is waited for', async () => {
    open({ blockTime: Seconds(20) });
    const life = createLife(lab.clock);
    await lab.consumer({}, life).start();
    await lab.until(() => lab.source() === SELLER_1);
    await lab.pass(Seconds(61));
    // Power is gone for an instant: the agent dies with a report under way, and the contacts fall.
    life.kill();
    lab.takeSample();
    lab.apply(new Map([2, 3, 0, 1].map((channel) => [channel, false])));
    const fell = lab.clock.now();
    // What it had sent takes a while to settle.
    const client = lab.ledger.connect(NODE, true);
    const settle = async () => {
      await lab.clock.sleep(Seconds(6));
      await client.settle();
    };
    const agent = lab.consumer({ ledger: { ...client, settle } });
    await agent.start();
    await lab.pass(Seconds(24));
    expect(lab.events.findLast(({ type }) => type === 'switched')).toMatchObject({
      at: fell,
      to: 'own',
      why: 'observed',
    });
    await agent.stop(lab.stopped);
    expectTrueBooks(lab);
  });

  it('fallen to rest by itself it is noticed within a period, and gone back to after the dwell time', async () => {
    open();
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() === SELLER_1);
    lab.apply(new Map([2, 3, 0, 1].map((channel) => [channel, false])));
    const fell = lab.clock.now();
    await lab.until(() => lab.source() === SELLER_1);
    expect(lab.clock.now() - fell).toBeGreaterThanOrEqual(30_000);
    expect(lab.clock.now() - fell).toBeLessThan(60_000);
    expect(kindsOf(lab)).toContain('observed: own');
    await agent.stop(lab.stopped);
    const { own, from1 } = registersOf(lab);
    expect(Math.abs(own + from1 - lab.truth('own') - lab.truth(SELLER_1))).toBeLessThanOrEqual(2);
    expect(Math.abs(own - lab.truth('own'))).toBeLessThanOrEqual((200 * 8) / 3.6e-3 + 1);
  });
});

describe('stopping', () => {
  it('books to the last instant, rests, reports and leaves nothing pending', async () => {
    open();
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() === SELLER_1);
    await lab.pass(Seconds(13));
    await agent.stop(lab.stopped);
    const rested = lab.wire.at(-1)?.at;
    expect(lab.samples.some((sample) => sample.at === rested)).toBe(true);
    expect(isAtRest(lab)).toBe(true);
    expect(lab.ledger.history.every((one) => one.outcome !== undefined)).toBe(true);
    expectTrueBooks(lab);
  });

  it('invents nothing for the time after the last sample', async () => {
    open();
    const agent = lab.consumer();
    await agent.start();
    await lab.pass(Seconds(61));
    const booked = 56;
    await agent.stop();
    const { own, from1 } = registersOf(lab);
    expect(Math.abs(own + from1 - (200 * booked) / 3.6e-3)).toBeLessThanOrEqual(2);
  });

  it('ends in bounded time with nothing answering, says what it could not do, and the next start makes up for it', async () => {
    open();
    const agent = lab.consumer();
    await agent.start();
    await lab.until(() => lab.source() === SELLER_1);
    await lab.pass(Seconds(20));
    lab.moods.relay = 'unreachable';
    lab.moods.monitor = 'unreachable';
    lab.ledger.setDown(true);
    const before = lab.clock.now();
    await agent.stop({ limit: Seconds(10) });
    expect(lab.clock.now() - before).toBeLessThan(60_000);
    const told = lab.of('trouble').filter((event) => event.area === 'stop');
    expect(told.map((event) => event.message.split(' was not')[0])).toEqual([
      'While stopping, bringing the relay to rest',
      'While stopping, reporting to the ledger',
    ]);
    lab.moods.relay = 'works';
    lab.moods.monitor = 'works';
    lab.ledger.setDown(false);
    await run(lab, Seconds(20));
    expect(isAtRest(lab)).toBe(true);
    expectTrueBooks(lab);
  });
});

describe('the agent’s file', () => {
  it('that belongs to another account is refused', async () => {
    open();
    await run(lab, Seconds(16));
    const other = lab.ledger.connect(SELLER_2);
    await expect(lab.consumer({ ledger: other }).start()).rejects.toMatchObject({
      code: 'agent.store-of-another',
    });
    await expect(lab.consumer({ store: join(lab.directory, 'no', 'folder') }).start()).rejects.toMatchObject({
      code: 'agent.store',
    });
  });

  it('written by a second agent is noticed by the first, which then orders and buys nothing', async () => {
    open();
    const one = lab.consumer();
    await one.start();
    await lab.pass(Seconds(8));
    const other = lab.consumer();
    await other.start();
    await lab.pass(Seconds(60));
    expect(kindsOf(lab)).toContain('trouble agent.store-shared');
    expect(lab.ledger.purchases.length).toBeLessThanOrEqual(1);
    await other.stop();
    await one.stop();
  });
});
