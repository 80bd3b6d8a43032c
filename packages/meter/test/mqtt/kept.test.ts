/** What a broker keeps for a meter that is away reaches it, once, in order: on aedes, and on mosquitto where it is installed. */
import { systemClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createMqttMeter } from '../../src/index.ts';
import { collector, POWER } from './collector.ts';
import { keepingBrokers, publishTo } from './keeping.ts';

const EVENTS = 'shelly/events/rpc';

describe.each(keepingBrokers)('a meter at $name', ({ start }) => {
  const begin = Math.round(systemClock.now()) - 100_000;
  /** A Shelly's notifications, stamped a second apart; each one's power is its number. */
  const notifications = (from: number, to: number): readonly string[] =>
    Array.from({ length: to - from }, (_, i) =>
      JSON.stringify({
        method: 'NotifyStatus',
        params: { ts: begin / 1000 + from + i, 'em:0': { id: 0, total_act_power: from + i } },
      }),
    );
  const numbers = (to: number): readonly number[] => Array.from({ length: to }, (_, i) => i);

  it('loses nothing that the broker kept while the meter was away, and the broker too', async () => {
    await using broker = await start();
    const ready = broker.subscribed();
    {
      await using meter = collector({ url: broker.url, topics: [EVENTS] });
      await ready;
      await publishTo(broker.url, EVENTS, notifications(0, 5));
      await meter.count(5);
      expect(meter.powers()).toEqual(numbers(5));
    }
    await publishTo(broker.url, EVENTS, notifications(5, 20));
    await broker.leave();
    await broker.comeBack();
    await publishTo(broker.url, EVENTS, notifications(20, 40));
    await using meter = collector({ url: broker.url, topics: [EVENTS] });
    await meter.count(35);
    expect(meter.powers()).toEqual(numbers(40).slice(5));
    expect(meter.samples.map((sample) => Math.round(sample.at - begin))).toEqual(
      numbers(40)
        .slice(5)
        .map((number) => number * 1000),
    );
  });

  it('goes on by itself when the broker was away, with what comes then', async () => {
    await using broker = await start();
    const ready = broker.subscribed();
    await using meter = collector({ url: broker.url, topics: [EVENTS] });
    await ready;
    await publishTo(broker.url, EVENTS, notifications(0, 5));
    await meter.count(5);
    await broker.leave();
    await meter.warned('lost');
    const again = broker.subscribed();
    await broker.comeBack();
    await again;
    await publishTo(broker.url, EVENTS, notifications(5, 20));
    await meter.count(20);
    expect(meter.powers()).toEqual(numbers(20));
  });

  it('is given a message again whose sample was not taken, and never one that was', async () => {
    await using broker = await start();
    const open = () => {
      const stop = new AbortController();
      const options = { name: 'Node 1', url: broker.url, topics: [POWER], clock: systemClock };
      const iterator = createMqttMeter(options).samples(stop.signal)[Symbol.asyncIterator]();
      return { stop, iterator };
    };
    const ready = broker.subscribed();
    const first = open();
    const one = first.iterator.next();
    await ready;
    await publishTo(broker.url, POWER, ['1']);
    await one;
    // Asking for the next sample says that this one is stored.
    const two = first.iterator.next();
    await publishTo(broker.url, POWER, ['2']);
    expect((await two).value).toMatchObject({ power: 2 });
    first.stop.abort();
    await first.iterator.return?.();
    const second = open();
    expect((await second.iterator.next()).value).toMatchObject({ power: 2 });
    second.stop.abort();
    await second.iterator.return?.();
  });
});
