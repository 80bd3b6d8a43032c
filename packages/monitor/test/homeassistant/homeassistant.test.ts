/** Publishing to Home Assistant, on real brokers. */
import { Duration, Instant, Percent, Register, Seconds, systemClock, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import type { SampleEvent } from '../../src/http/v1/live.ts';
import {
  BrokerAway,
  createHomeAssistant,
  type HomeAssistantOptions,
  HomeAssistantSettingWrong,
  type MonitorStore,
  type MonitorWarning,
  openStore,
  removeFromHomeAssistant,
} from '../../src/index.ts';
import { brokers, kept, listen, moment, startLine } from './brokers.ts';
import { undocumented } from './documented.ts';

const ID = 'node-1';
const STATUS = `daisee/${ID}/status`;
const config = (sensor: number) => `homeassistant/device/${ID}/sensor${sensor}/config`;
const state = (sensor: number, value: string) => `daisee/${ID}/sensor${sensor}/${value}`;

const stores: MonitorStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

/** A store whose samples are heard of, as those of a monitor are. */
const household = () => {
  const store = openStore({ file: ':memory:' });
  stores.push(store);
  const listeners = new Set<(event: SampleEvent) => void>();
  const start = systemClock.now() - 60_000;
  return {
    store,
    onSample: (listener: (event: SampleEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** A sample some seconds after the beginning, a minute ago. */
    take: (
      sensorId: number,
      second: number,
      watts: number,
      more: { charge?: number; voltage?: number } = {},
    ) => {
      const { samples } = store.append(sensorId, [
        {
          at: Instant(Math.round(start) + second * 1000),
          power: Watts(watts),
          ...(more.charge === undefined ? {} : { stateOfCharge: Percent(more.charge) }),
          ...(more.voltage === undefined ? {} : { voltage: more.voltage }),
        },
      ]);
      for (const sample of samples) for (const listener of listeners) listener({ sensorId, sample });
    },
    tell: (event: SampleEvent) => {
      for (const listener of listeners) listener(event);
    },
  };
};

/** Publishes until disposed. */
const publishing = async (
  home: ReturnType<typeof household>,
  options: Partial<HomeAssistantOptions> & { readonly url: string },
) => {
  const warnings: MonitorWarning[] = [];
  const publisher = createHomeAssistant({
    id: ID,
    store: home.store,
    onSample: home.onSample,
    clock: systemClock,
    every: Duration(20),
    reconnectAfter: Duration(20),
    version: '0.3.0',
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  await publisher.start();
  return { warnings, stop: () => publisher.stop(), [Symbol.asyncDispose]: () => publisher.stop() };
};

describe.each(brokers)('Home Assistant through $name', ({ start }) => {
  it('is told of each sensor in the words of its documentation, and of nothing that a sensor does not have', async () => {
    await using broker = await start();
    await using home = await listen(broker.url);
    const house = household();
    const load = house.store.addSensor({ name: 'House', sign: 'load' });
    const source = house.store.addSensor({ name: 'Panel', sign: 'source' });
    const grid = house.store.addSensor({ name: 'Grid', sign: 'signed' });
    await using _ = await publishing(house, { url: broker.url, sensorIds: [load.id, source.id] });
    house.take(grid.id, 0, -100, { charge: 87.5, voltage: 3.98 });
    const messages = await Promise.all([load, source, grid].map(({ id }) => home.on(config(id))));
    for (const { topic, text } of messages) expect(undocumented(topic, text)).toEqual([]);
    const [first, second, third] = messages.map(({ text }) => JSON.parse(text));
    expect(first).toMatchObject({
      device: { identifiers: ['node-1_sensor1'], name: 'House', sw_version: '0.3.0' },
      availability_topic: STATUS,
      components: {
        power: { device_class: 'power', state_class: 'measurement', unit_of_measurement: 'W' },
        energy: { device_class: 'energy', state_class: 'total_increasing', unit_of_measurement: 'kWh' },
      },
    });
    expect(Object.keys(first.components)).toEqual(['power', 'energy']);
    expect(second.components.energy.name).toBe('Energy produced');
    expect(Object.keys(third.components)).toEqual(['power', 'energy', 'exported', 'charge', 'voltage']);
    expect(third.components.charge).toMatchObject({ device_class: 'battery', unit_of_measurement: '%' });
    expect(third.components.exported).toMatchObject({
      name: 'Energy exported',
      state_class: 'total_increasing',
    });
  });

  it('gets power of the moment, and registers that the broker keeps', async () => {
    await using broker = await start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    await using _ = await publishing(house, { url: broker.url });
    house.take(id, 0, 450);
    await home.on(state(id, 'power'), '450');
    house.take(id, 8, 450.12345);
    // 450 W for 8 s is 1 Wh, and a little for the rise.
    await home.on(state(id, 'energy'), '0.001000137');
    await home.on(state(id, 'power'), '450.123');
    house.take(id, 16, 451, { charge: 55 });
    await home.on(state(id, 'charge'), '55');
    expect(JSON.parse((await kept(broker.url)).get(config(id)) ?? '').components.charge).toBeDefined();
    const retained = await kept(broker.url);
    expect([...retained.keys()].toSorted()).toEqual(
      [state(id, 'energy'), STATUS, config(id)].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    expect(retained.get(STATUS)).toBe('online');
  });

  it('is told everything again when it was restarted', async () => {
    await using broker = await start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    await using _ = await publishing(house, { url: broker.url });
    house.take(id, 0, 450);
    await home.on(state(id, 'power'));
    const before = home.heard.length;
    await home.publish('homeassistant/status', 'offline');
    await home.publish('homeassistant/status', 'online');
    await home.on(config(id), undefined, before);
    await home.on(STATUS, 'online', before);
    await home.on(state(id, 'power'), '450', before);
    await home.on(state(id, 'energy'), undefined, before);
  });

  it('finds everything at a broker that was away and forgot it, and nothing old', async () => {
    await using broker = await start();
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    await using publisher = await publishing(house, { url: broker.url });
    {
      await using home = await listen(broker.url);
      house.take(id, 0, 100);
      await home.on(state(id, 'power'), '100');
    }
    await broker.leave();
    while (!publisher.warnings.some(({ message }) => /lost|cannot be reached/.test(message))) await moment();
    for (const second of [8, 16, 24]) {
      house.take(id, second, 100 + second);
      await systemClock.sleep(Duration(60));
    }
    await broker.comeBack();
    await using home = await listen(broker.url);
    // The listener may come later than the publisher: what it missed is told again.
    await home.publish('homeassistant/status', 'online');
    await home.on(config(id));
    await home.on(STATUS, 'online');
    await home.on(state(id, 'power'), '124');
    const powers = home.heard.filter(({ topic }) => topic === state(id, 'power')).map(({ text }) => text);
    expect(new Set(powers)).toEqual(new Set(['124']));
    expect(publisher.warnings.some(({ message }) => message.startsWith('Home Assistant at mqtt://'))).toBe(
      true,
    );
  });

  it('hears from the broker that a node is gone which lost its power', async () => {
    await using broker = await start();
    await using line = await startLine(broker.port);
    await using home = await listen(broker.url);
    const house = household();
    await using _ = await publishing(house, { url: line.url });
    await home.on(STATUS, 'online');
    line.cut();
    const from = home.heard.length;
    await home.on(STATUS, 'offline');
    await home.on(STATUS, 'online', from);
  });

  it('hears from a node that stops that it is away, and keeps its devices until they are removed', async () => {
    await using broker = await start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    const publisher = await publishing(house, { url: broker.url });
    house.take(id, 0, 450);
    await home.on(state(id, 'power'));
    await publisher.stop();
    await publisher.stop();
    await home.on(STATUS, 'offline');
    await home.publish('homeassistant/device/node-2/sensor1/config', '{}');
    expect((await kept(broker.url)).has(config(id))).toBe(true);
    expect(await removeFromHomeAssistant({ url: broker.url, id: ID, clock: systemClock })).toBe(1);
    expect(await home.on(config(id), '')).toBeDefined();
    expect([...(await kept(broker.url)).keys()]).toEqual([]);
    expect(await removeFromHomeAssistant({ url: broker.url, id: ID, clock: systemClock })).toBe(0);
  });

  it('is told no lower register after a restart before which a late sample lowered it', async () => {
    await using broker = await start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    const at = systemClock.now();
    const event = (n: number, register: bigint): SampleEvent => ({
      sensorId: id,
      sample: {
        id: n,
        at: Instant(at + n),
        power: Watts(n),
        register: Register(register),
        exported: Register(0n),
      },
    });
    const energies = () =>
      home.heard.filter(({ topic }) => topic === state(id, 'energy')).map(({ text }) => text);
    const run = async (n: number, register: bigint): Promise<void> => {
      await using _ = await publishing(house, { url: broker.url, every: Duration(300) });
      house.tell(event(n, register));
      await home.on(state(id, 'power'), String(n));
      while (energies().length < n) await moment();
    };
    await run(1, 5_000_000_000n);
    await run(2, 4_999_000_000n);
    await run(3, 4_999_500_000n);
    await run(4, 5_000_500_000n);
    // A new store: Home Assistant takes it for a new meter.
    await run(5, 1_000_000n);
    await run(6, 1_100_000n);
    expect(energies()).toEqual([
      '5.000000000',
      '5.000000000',
      '5.000000000',
      '5.000500000',
      '0.001000000',
      '0.001100000',
    ]);
  });

  it('says so when the broker refuses the login, and when it cannot be reached', async () => {
    await using broker = await start(true);
    const house = household();
    await using publisher = await publishing(house, { url: broker.url, user: 'me', password: 'guess' });
    while (publisher.warnings.length === 0) await moment();
    expect(publisher.warnings[0]).toMatchObject({ kind: 'publish' });
    expect(publisher.warnings[0]?.message).toMatch(
      /^Home Assistant at mqtt:\/\/127\.0\.0\.1:\d+: the broker refuses the login .*check user and password/,
    );
    expect(publisher.warnings[0]?.message).not.toContain('guess');
    const removal = removeFromHomeAssistant({
      url: broker.url,
      id: ID,
      clock: systemClock,
      timeout: Duration(300),
    });
    await expect(removal).rejects.toThrow(BrokerAway);
    await expect(removal).rejects.toThrow(/refuses the login/);
  });
});

describe('What Home Assistant is told', () => {
  const [aedes] = brokers;

  it('is a register that never falls, also when a late sample lowered it', async () => {
    if (!aedes) throw new TypeError('a broker');
    await using broker = await aedes.start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    await using _ = await publishing(house, { url: broker.url });
    const at = systemClock.now();
    const event = (n: number, register: bigint): SampleEvent => ({
      sensorId: id,
      sample: {
        id: n,
        at: Instant(at + n),
        power: Watts(n),
        register: Register(register),
        exported: Register(0n),
      },
    });
    house.tell(event(1, 5_000_000_000n));
    await home.on(state(id, 'power'), '1');
    house.tell(event(2, 4_999_000_000n));
    await home.on(state(id, 'power'), '2');
    // Older than what is known: tells nothing.
    house.tell(event(0, 9_000_000_000n));
    house.tell(event(3, 5_001_000_000n));
    await home.on(state(id, 'power'), '3');
    await home.on(state(id, 'energy'), '5.001000000');
    const energies = home.heard.filter(({ topic }) => topic === state(id, 'energy')).map(({ text }) => text);
    expect(energies).toEqual(['5.000000000', '5.000000000', '5.001000000']);
  });

  it('is the register alone where the last sample is older than a gap', async () => {
    if (!aedes) throw new TypeError('a broker');
    await using broker = await aedes.start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    house.take(id, 0, 450);
    await using _ = await publishing(house, { url: broker.url, sensorIds: [id], maxGap: Seconds(30) });
    await home.on(state(id, 'energy'), '0.000000000');
    await home.on(STATUS, 'online');
    expect(home.heard.some(({ topic }) => topic === state(id, 'power'))).toBe(false);
    const { components } = JSON.parse((await home.on(config(id))).text);
    expect(components.power.expire_after).toBe(90);
    expect(components.energy.expire_after).toBeUndefined();
  });

  it('is the newest of many samples at once, not each of them', async () => {
    if (!aedes) throw new TypeError('a broker');
    await using broker = await aedes.start();
    await using home = await listen(broker.url);
    const house = household();
    const { id } = house.store.addSensor({ name: 'House', sign: 'load' });
    await using _ = await publishing(house, { url: broker.url });
    await home.on(STATUS, 'online');
    for (let n = 0; n < 5000; n++) house.take(id, n / 100, n);
    await home.on(state(id, 'power'), '4999');
    expect(home.heard.filter(({ topic }) => topic === state(id, 'power')).length).toBeLessThan(100);
  });

  it.each([
    [{ id: 'my node' }, /The setting id of Home Assistant cannot be "my node": expected up to 64 letters/],
    [{ discoveryPrefix: 'ha/#' }, /discoveryPrefix/],
    [{ statePrefix: '/daisee' }, /statePrefix/],
  ])('cannot be set up as %o', (wrong, message) => {
    const house = household();
    const make = () =>
      createHomeAssistant({
        url: 'mqtt://localhost',
        id: ID,
        store: house.store,
        onSample: house.onSample,
        clock: systemClock,
        ...wrong,
      });
    expect(make).toThrow(HomeAssistantSettingWrong);
    expect(make).toThrow(message);
  });
});
