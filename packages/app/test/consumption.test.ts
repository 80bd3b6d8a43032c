import { type Address, type Flow, type HistoryEvent, toAddress } from '@daisee/chain';
import { createMonitor, createMonitorClient, openStore } from '@daisee/monitor';
import { Coin, Energy, Instant, type Price, parseMicro, Seconds, systemClock, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { communityOf, consumptionOf } from '../src/view/consumption.ts';
import type { AppHistory, AppMonitor } from '../src/view/ports.ts';
import { emptyHistory } from './support/stand-ins.ts';

const me: Address = toAddress('0x00625a1a269ac76c7c7b98939b5e60916fd41070');
const neighbour: Address = toAddress('0x004ec07d2329997267ec62b4166639513386f32e');
const HOUR = 3_600_000;

const flow = (consumer: Address, origin: Address, consumed: bigint, cost = 0n): Flow => ({
  consumer,
  origin,
  consumed: Energy(consumed),
  bought: Energy(consumed),
  cost: Coin(cost),
});
const historyOf = (flows: readonly Flow[], produced = 0n): AppHistory => ({
  ...emptyHistory(),
  flows: () => flows,
  produced: () => new Map([[me, Energy(produced)]]),
});
const noBars: AppMonitor = {
  latest: async () => undefined,
  powerBySteps: async () => [],
  energyBySteps: async () => [],
};
const day = { from: Instant(0), to: Instant(24 * HOUR), step: 'PT1H' as const, zone: 'UTC' };

describe('consumption', () => {
  it('tells shares: self-sufficiency of what was consumed, self-consumption of what was produced', async () => {
    const flows = [
      flow(me, me, 30_000_000n),
      flow(me, neighbour, 10_000_000n, 25_000_000n),
      flow(neighbour, me, 5_000_000n, 7_000_000n),
    ];
    const answer = await consumptionOf({ monitor: noBars, history: historyOf(flows, 60_000_000n) }, me, day);
    expect(answer).toMatchObject({
      consumed: '40.000000',
      produced: '60.000000',
      cost: '25.000000',
      earned: '7.000000',
      origins: { [me]: '30.000000', [neighbour]: '10.000000' },
      selfSufficiency: 0.75,
      selfConsumption: 0.5,
    });
  });

  it('has no shares of nothing', async () => {
    const answer = await consumptionOf({ monitor: noBars, history: historyOf([]) }, me, day);
    expect(answer).toMatchObject({ selfSufficiency: null, selfConsumption: null, consumed: '0.000000' });
  });

  it('keeps every share between 0 and 1, and its origins add up to what was consumed', async () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
    const flows = fc.array(
      fc
        .tuple(fc.constantFrom(me, neighbour), fc.constantFrom(me, neighbour), amount, amount)
        .map(([consumer, origin, consumed, cost]) => flow(consumer, origin, consumed, cost)),
      { maxLength: 2 },
    );
    await fc.assert(
      fc.asyncProperty(flows, amount, async (given, produced) => {
        // The ledger sums up what is between two nodes: one row each.
        const rows = [...new Map(given.map((one) => [`${one.consumer} ${one.origin}`, one])).values()];
        const answer = await consumptionOf({ monitor: noBars, history: historyOf(rows, produced) }, me, day);
        for (const share of [answer.selfSufficiency, answer.selfConsumption])
          if (share !== null) expect(share >= 0 && share <= 1).toBe(true);
        const parts = Object.values(answer.origins).reduce((sum, text) => sum + parseMicro(text), 0n);
        expect(parts).toBe(parseMicro(answer.consumed));
      }),
    );
  });

  it('gives the day on which clocks go back its 25 hours, each with its own energy', async () => {
    const store = openStore({ file: ':memory:' });
    const { id: sensorId } = store.addSensor({ name: 'load', sign: 'load' });
    // Sunday 2026-10-25 in Paris: 02:00 to 03:00 comes twice.
    const from = Instant(Date.UTC(2026, 9, 24, 22));
    const to = Instant(Date.UTC(2026, 9, 25, 23));
    const samples = Array.from({ length: (to - from) / 600_000 + 1 }, (_, i) => ({
      at: Instant(from + i * 600_000),
      power: Watts(60),
    }));
    store.append(sensorId, samples, { maxGap: Seconds(900) });
    const monitor = createMonitor({ store, clock: systemClock, port: 0, login: 'user', password: 'word' });
    await monitor.start();
    try {
      const client = createMonitorClient({ url: monitor.url, login: 'user', password: 'word', sensorId });
      const zone = 'Europe/Paris';
      const hours = await consumptionOf({ monitor: client, history: historyOf([]) }, me, {
        from,
        to,
        step: 'PT1H',
        zone,
      });
      expect(hours.bars).toHaveLength(25);
      expect(hours.bars.map(({ energy }) => energy)).toEqual(Array.from({ length: 25 }, () => '60.000000'));
      const days = await consumptionOf({ monitor: client, history: historyOf([]) }, me, {
        from,
        to,
        step: 'P1D',
        zone,
      });
      expect(days.bars.map(({ energy }) => energy)).toEqual(['1500.000000']);
    } finally {
      await monitor.stop();
      store.close();
    }
  });
});

describe('the community', () => {
  it('lists its nodes with what each did, those that were removed too', async () => {
    const at = (position: number) => ({
      position,
      block: 1,
      at: Instant(1),
      hash: '0x01' as const,
      logIndex: position,
    });
    const events: readonly HistoryEvent[] = [
      { ...at(1), type: 'nodeRegistered', node: me, kind: 'consumer', meterKey: me, price: 0n as Price },
      {
        ...at(2),
        type: 'nodeRegistered',
        node: neighbour,
        kind: 'producer',
        meterKey: me,
        price: 1n as Price,
      },
      { ...at(3), type: 'nodeRemoved', node: me },
    ];
    const history: AppHistory = {
      ...historyOf([flow(me, neighbour, 4_000_000n, 8_000_000n)]),
      page: () => events,
      produced: () => new Map([[neighbour, Energy(9_000_000n)]]),
    };
    const row = {
      account: neighbour,
      active: true,
      price: 2_000_000n as Price,
      produced: Energy(9_000_000n),
      // Ever; the table is of a stretch of time.
      sold: Energy(7_000_000n),
      available: Energy(5_000_000n),
    };
    const ledger = { sellers: async () => [row] } as unknown as Parameters<typeof communityOf>[0]['ledger'];
    expect(await communityOf({ ledger, history }, Instant(0), Instant(10))).toEqual({
      nodes: [
        { account: me, kind: 'consumer', active: false, produced: '0.000000', consumed: '4.000000' },
        {
          account: neighbour,
          kind: 'producer',
          active: true,
          price: '2.000000',
          sold: '4.000000',
          available: '5.000000',
          produced: '9.000000',
          consumed: '0.000000',
        },
      ],
      flows: [
        { consumer: me, origin: neighbour, consumed: '4.000000', bought: '4.000000', cost: '8.000000' },
      ],
    });
  });
});
