/** The MQTT driver against a real broker in this process. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Duration, Seconds, systemClock } from '@daisee/units';
import { Aedes } from 'aedes';
import { describe, expect, it } from 'vitest';
import { startBroker, startDevice } from './broker.ts';
import { collector, moment, POWER } from './collector.ts';

/** Until the meter's subscriptions stand at the broker. */
const subscribed = (aedes: Aedes, topic = POWER): Promise<void> =>
  new Promise((resolve) => {
    const listen = (subscriptions: readonly { topic: string }[]) => {
      if (subscriptions.some((one) => one.topic === topic)) resolve();
      else aedes.once('subscribe', listen);
    };
    aedes.once('subscribe', listen);
  });

describe('a meter on MQTT', () => {
  it('takes a Tasmota’s power and counter by itself', async () => {
    await using broker = await startBroker();
    const ready = subscribed(broker.aedes, 'tele/plug/SENSOR');
    await using meter = collector({ url: broker.url, topics: ['tele/plug/SENSOR'] });
    await ready;
    await broker.publish('tele/plug/SENSOR', {
      Time: '2026-11-22T12:00:00',
      ENERGY: { Total: 1.25, Power: 85 },
    });
    await meter.count(1);
    expect(meter.samples[0]).toMatchObject({ power: 85, counter: 1_250_000_000n });
    expect(Math.abs((meter.samples[0]?.at ?? 0) - systemClock.now())).toBeLessThan(60_000);
    expect(meter.warnings).toEqual([]);
  });

  it('takes a Shelly’s notifications by itself, at the device’s own time', async () => {
    await using broker = await startBroker();
    const ready = subscribed(broker.aedes, 'shelly/events/rpc');
    await using meter = collector({ url: broker.url, sign: 'signed', topics: ['shelly/events/rpc'] });
    await ready;
    const at = Math.floor(systemClock.now() / 1000) - 3;
    const notify = (params: object) =>
      broker.publish('shelly/events/rpc', { src: 's', dst: 's/events', method: 'NotifyStatus', params });
    await notify({ ts: at, 'emdata:0': { id: 0, total_act: 50, total_act_ret: 20 } });
    await notify({ ts: at + 1.5, 'em:0': { id: 0, total_act_power: -120.4 } });
    await meter.count(1);
    expect(meter.samples).toEqual([
      { at: at * 1000 + 1500, power: -120.4, counter: 50_000_000n, exportedCounter: 20_000_000n },
    ]);
  });

  it('takes ESPHome’s and Home Assistant’s states, power and energy on topics of their own', async () => {
    await using broker = await startBroker();
    const ready = subscribed(broker.aedes);
    await using meter = collector({ url: broker.url, topics: [POWER, 'house/sensor/energy/state'] });
    await ready;
    await broker.publish('house/sensor/energy/state', '12.5');
    await broker.publish(POWER, '412.5');
    await meter.count(1);
    expect(meter.samples[0]).toMatchObject({ power: 412.5, counter: 12_500_000_000n });
  });

  it('repeats a constant load while the device is there, and stops when its will says that it is gone', async () => {
    await using broker = await startBroker();
    const device = await startDevice(broker.url, 'house/status', ['online', 'offline']);
    await device.publishAsync('house/status', 'online', { retain: true, qos: 1 });
    await device.publishAsync(POWER, '1000', { retain: true, qos: 1 });
    await using meter = collector({ url: broker.url, repeatEvery: Duration(20), maxGap: Duration(40) });
    await meter.count(10);
    expect(new Set(meter.powers())).toEqual(new Set([1000]));
    device.stream.destroy();
    let before: number;
    do {
      before = meter.samples.length;
      await systemClock.sleep(Duration(100));
    } while (meter.samples.length > before);
    await device.endAsync(true);
    expect(meter.warnings).toEqual([]);
  });

  it('says that its device is away, or has no value, and counts nothing from then on', async () => {
    await using broker = await startBroker();
    const device = await startDevice(broker.url, 'house/status', ['online', 'offline']);
    await device.publishAsync('house/status', 'online', { retain: true, qos: 1 });
    await device.publishAsync(POWER, '3600', { retain: true, qos: 1 });
    await using meter = collector({ url: broker.url });
    await meter.count(1);
    await device.publishAsync(POWER, 'unavailable', { qos: 1 });
    await meter.until(() => meter.absences.length === 1);
    await device.publishAsync(POWER, '3600', { qos: 1 });
    await meter.count(2);
    device.stream.destroy();
    await meter.until(() => meter.absences.length === 2);
    await device.endAsync(true);
    expect(meter.absences.map(({ absent }) => absent)).toEqual(['unavailable', 'offline']);
    const [first, second] = meter.samples;
    const [away] = meter.absences;
    expect(away && first && second && first.at < away.at && away.at < second.at).toBe(true);
    expect(meter.warnings).toEqual([]);
  });

  it('takes no retained message for a sample of now where its time stamp is old', async () => {
    await using broker = await startBroker();
    const stale = {
      method: 'NotifyStatus',
      params: { ts: systemClock.now() / 1000 - 7200, 'em:0': { total_act_power: 9 } },
    };
    await broker.publish('shelly/events/rpc', stale, { retain: true });
    const fresh = {
      method: 'NotifyStatus',
      params: { ts: systemClock.now() / 1000, 'em:0': { total_act_power: 7 } },
    };
    const ready = subscribed(broker.aedes, 'shelly/events/rpc');
    await using meter = collector({ url: broker.url, topics: ['shelly/events/rpc'] });
    await ready;
    await broker.publish('shelly/events/rpc', fresh);
    await meter.count(1);
    expect(meter.powers()).toEqual([7]);
  });

  it('loses nothing that the broker kept while it was away and back', async () => {
    await using broker = await startBroker();
    const topic = 'shelly/events/rpc';
    const ready = subscribed(broker.aedes, topic);
    await using meter = collector({ url: broker.url, topics: [topic] });
    await ready;
    const begin = systemClock.now() - 100_000;
    const publish = (index: number) =>
      broker.publish(topic, {
        method: 'NotifyStatus',
        params: { ts: begin / 1000 + index, 'em:0': { id: 0, total_act_power: index } },
      });
    await publish(0);
    await meter.count(1);
    await broker.leave();
    await meter.warned('lost');
    for (let index = 1; index <= 20; index++) await publish(index);
    await broker.comeBack();
    await meter.count(21);
    expect(meter.powers()).toEqual(Array.from({ length: 21 }, (_, index) => index));
    expect(meter.samples.map((sample) => Math.round(sample.at - begin))).toEqual(
      Array.from({ length: 21 }, (_, index) => index * 1000),
    );
  });

  it('goes on with a broker that came back and forgot everything', async () => {
    await using broker = await startBroker();
    const ready = subscribed(broker.aedes);
    await using meter = collector({ url: broker.url });
    await ready;
    await broker.publish(POWER, '1');
    await meter.count(1);
    await broker.leave();
    const another = await Aedes.createBroker();
    const again = subscribed(another);
    await broker.comeBack(another);
    await again;
    await broker.publish(POWER, '2');
    await meter.count(2);
    expect(meter.powers()).toEqual([1, 2]);
    expect(meter.kinds()).toContain('lost');
  });

  it('waits for a broker that is not there, and says so', async () => {
    await using broker = await startBroker();
    await broker.leave();
    await using meter = collector({ url: broker.url });
    await meter.warned('unreachable');
    expect(meter.warnings[0]?.message).toMatch(
      /^Meter Node 1 at mqtt:\/\/127\.0\.0\.1:\d+: cannot be reached \(.*ECONNREFUSED.*\)\. Trying again every 0\.02 s\.$/,
    );
    const ready = subscribed(broker.aedes);
    await broker.comeBack();
    await ready;
    await broker.publish(POWER, '3');
    await meter.count(1);
  });

  it('counts garbage and half lines and goes on', async () => {
    await using broker = await startBroker();
    const ready = subscribed(broker.aedes);
    await using meter = collector({ url: broker.url });
    await ready;
    for (const payload of [
      '12.',
      '{"power": 4',
      'on',
      '\u0000\u00ff',
      '1e300',
      'unavailable',
      '9'.repeat(10_000_000),
    ])
      await broker.publish(POWER, payload);
    await broker.publish(POWER, '6');
    await meter.until(() => meter.samples.some(({ power }) => power === 6));
    expect(meter.powers()).toEqual([12, 6]);
    expect(meter.kinds()).toEqual(['garbage']);
    expect(meter.warnings[0]?.message).toMatch(
      /no reading in "\{\\"power\\": 4" on house\/sensor\/power\/state/,
    );
  });

  it('says when a connected device reports nothing', async () => {
    await using broker = await startBroker();
    await using meter = collector({ url: broker.url, silence: Duration(50), repeatEvery: Duration(20) });
    await meter.warned('silent');
    expect(meter.warnings[0]?.message).toContain(`no reading on ${POWER} for 0.05 s`);
  });

  it('logs in, and says when the login or a topic is refused, without showing the password', async () => {
    let password = 'other';
    await using broker = await startBroker({
      authenticate: (_client, user, given, done) =>
        done(null, user === 'daisee' && given?.toString() === password),
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic === 'secret/energy' ? null : subscription),
    });
    await using meter = collector({
      url: broker.url.replace('//', '//ignored:hidden@'),
      user: 'daisee',
      password: 'right-one',
      topics: [POWER, 'secret/energy'],
    });
    await meter.warned('refused');
    expect(meter.warnings[0]?.message).toContain('refuses the login');
    const ready = subscribed(broker.aedes);
    password = 'right-one';
    await ready;
    await broker.publish(POWER, '8');
    await meter.count(1);
    await meter.until(() => meter.warnings.some(({ message }) => message.includes('read secret/energy')));
    expect(meter.warnings.at(-1)?.message).toContain('does not let daisee read secret/energy; allow');
    expect(meter.warnings.map(({ message }) => message).join()).not.toMatch(/right-one|hidden/);
  });

  it('speaks TLS, and trusts nobody whom it was not told to', async () => {
    const pem = (file: string) => readFile(path.join(import.meta.dirname, 'tls', file), 'utf8');
    const [cert, key] = await Promise.all([pem('certificate.pem'), pem('key.pem')]);
    await using broker = await startBroker({}, { cert, key });
    {
      await using stranger = collector({ url: broker.url });
      await stranger.warned('unreachable');
      expect(stranger.warnings[0]?.message).toMatch(/self-signed certificate/);
    }
    const ready = subscribed(broker.aedes);
    await using meter = collector({ url: broker.url, tls: { ca: cert } });
    await ready;
    await broker.publish(POWER, '8');
    await meter.count(1);
  });

  it('leaves nothing running when it is stopped, connected or not', async () => {
    await using broker = await startBroker();
    {
      const ready = subscribed(broker.aedes);
      await using _meter = collector({ url: broker.url, repeatEvery: Seconds(3600) });
      await ready;
    }
    while (broker.aedes.connectedClients > 0) await moment();
    await broker.leave();
    await using _away = collector({ url: broker.url });
  });
});
