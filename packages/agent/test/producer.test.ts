import { join } from 'node:path';
import { Price, type Register, Seconds } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentEvent, createProducer, type ProducerOptions, RegisterBehind } from '../src/index.ts';
import { createLife, type Life } from './world/faults.ts';
import { createLab, type Lab, type LabOptions, SELLER_1, START } from './world/lab.ts';

let lab: Lab;
let events: AgentEvent[];
afterEach(() => lab.end());

const open = (options: LabOptions = {}) => {
  lab = createLab({
    withCharge: false,
    load: (at) => 300 * Math.sin((at - START) / 400_000) + 20,
    ...options,
  });
  events = [];
  lab.ledger.nodeOf(SELLER_1).produced = 0n;
};
const producer = (more: Partial<ProducerOptions> = {}, life?: Life) => {
  const client = lab.ledger.connect(SELLER_1);
  return createProducer({
    clock: life?.clock ?? lab.clock,
    ledger: life ? life.port(client) : client,
    monitor: life ? life.port(lab.monitor) : lab.monitor,
    store: join(lab.directory, 'producer.sqlite'),
    settings: { price: Price(1_500_000n), maxGap: Seconds(60) },
    since: START,
    onEvent: (event) => void events.push(event),
    ...more,
  });
};
const produced = () => Number(lab.ledger.nodeOf(SELLER_1).produced);
const codes = () => events.flatMap((event) => (event.type === 'trouble' ? [event.code] : []));

describe('a producer', () => {
  it('reports at start, each interval and stop, and offers its price once', async () => {
    open({ load: () => 360 });
    const agent = producer();
    await agent.start();
    await lab.pass(Seconds(610));
    await agent.stop(lab.stopped);
    const reports = events.filter((event) => event.type === 'reported');
    expect(reports.length).toBeGreaterThanOrEqual(10);
    expect(reports.length).toBeLessThanOrEqual(12);
    expect(reports.every((event) => event.origin === undefined)).toBe(true);
    expect(events.filter((event) => event.type === 'priced')).toHaveLength(1);
    expect(lab.ledger.nodeOf(SELLER_1).price).toBe(1_500_000n);
    expect(produced()).toBe(61_000_000);
    expect(codes()).toEqual([]);
  });

  it('counts negative power as no production', async () => {
    open({ load: () => -50 });
    const agent = producer();
    await agent.start();
    await lab.pass(Seconds(200));
    await agent.stop(lab.stopped);
    expect(produced()).toBe(0);
  });

  it('leaves the price alone when the settings name none', async () => {
    open();
    const agent = producer({ settings: {} });
    await agent.start();
    await lab.pass(Seconds(100));
    await agent.stop(lab.stopped);
    expect(lab.ledger.nodeOf(SELLER_1).price).toBe(1_000_000n);
  });

  it('killed anywhere and started again it loses and doubles nothing', async () => {
    open({ load: () => 360 });
    for (const steps of [3, 9, 20, 33, 51]) {
      const life = createLife(lab.clock, steps);
      void producer({}, life).start();
      await lab.pass(Seconds(150));
      life.kill();
      await lab.pass(Seconds(10));
    }
    const agent = producer();
    await agent.start();
    await lab.pass(Seconds(30));
    await agent.stop(lab.stopped);
    expect(produced()).toBe(83_000_000);
  });

  it('goes on through a monitor, then a chain, that is down', async () => {
    open({ load: () => 360 });
    lab.moods.monitor = 'unreachable';
    const agent = producer();
    await agent.start();
    await lab.pass(Seconds(200));
    lab.moods.monitor = 'works';
    lab.ledger.setDown(true);
    await lab.pass(Seconds(200));
    lab.ledger.setDown(false);
    await lab.pass(Seconds(200));
    await agent.stop(lab.stopped);
    expect(produced()).toBe(60_000_000);
    expect(codes()).toContain('monitor.unreachable');
  });

  it('continues from the ledger’s register on a new disk, and refuses one above its own', async () => {
    open({ load: () => 360 });
    lab.ledger.nodeOf(SELLER_1).produced = 7_000_000n;
    const agent = producer();
    await agent.start();
    await lab.pass(Seconds(100));
    await agent.stop(lab.stopped);
    expect(produced()).toBe(17_000_000);
    expect(events.find((event) => event.type === 'continued')).toMatchObject({
      register: 7_000_000n as Register,
    });
    lab.ledger.nodeOf(SELLER_1).produced += 50_000_000n;
    await expect(producer().start()).rejects.toThrow(RegisterBehind);
  });

  it('that is not registered is told so, once, and reports all when it is', async () => {
    open({ load: () => 360 });
    lab.ledger.nodeOf(SELLER_1).kind = 'none';
    const agent = producer({ settings: {} });
    await agent.start();
    await lab.pass(Seconds(300));
    expect(codes()).toEqual(['chain.refused.NotANode']);
    lab.ledger.nodeOf(SELLER_1).kind = 'producer';
    await lab.pass(Seconds(300));
    await agent.stop(lab.stopped);
    expect(produced()).toBe(60_000_000);
  });
});
