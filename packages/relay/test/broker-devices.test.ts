import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createEsphomeDriver, createTasmotaDriver, InvalidWiring } from '../src/index.ts';
import { boardOn, leases, shown, toEast } from './support/devices.ts';
import { until } from './support/http.ts';
import { startBroker, startEsphome, startTasmota } from './support/mqtt.ts';

describe('a device at a broker', () => {
  const outputs = [
    { number: 1, name: 'own', lease: leases[0] },
    { number: 2, name: 'east', lease: leases[1] },
  ];
  const tasmota = async (url: string) => ({
    device: await startTasmota(url),
    driver: createTasmotaDriver({ url, topic: 'tasmota_1', outputs }),
  });
  const esphome = async (url: string) => ({
    device: await startEsphome(url, 'shed', ['own', 'east']),
    driver: createEsphomeDriver({ url, topic: 'shed', outputs }),
  });

  it.each([
    ['POWER2', tasmota],
    ['east', esphome],
  ] as const)(
    'that tells of a switch unasked (%s) is a fault at once, not at the next look',
    async (name, start) => {
      await using broker = await startBroker();
      const { device, driver } = await start(broker.url);
      await using _device = device;
      await using bench = await boardOn(driver);
      const from = performance.now();
      // The seller's contact closes beside the own source.
      device.press(1);
      await until(() => bench.faults.length > 0 && !device.states[1] && bench.board.report().isAtRest);
      expect(performance.now() - from).toBeLessThan(2000);
      expect(bench.faults[0]).toContain(`switched ${name} on unasked`);
      // Its power was gone for a moment: the own source is closed again while the seller should feed.
      await bench.board.order(toEast);
      expect(bench.faults).toHaveLength(1);
      device.press(0);
      await until(() => bench.faults.length > 1 && bench.board.report().isAtRest);
      expect(device.states).toEqual([false, false]);
    },
  );
});

describe('a Tasmota device', () => {
  const outputs = [
    { number: 1, lease: leases[0] },
    { number: 2, lease: leases[1] },
  ];

  it('is switched, acknowledged and read back, with its PulseTime as lease', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url);
    await using bench = await boardOn(createTasmotaDriver({ url: broker.url, topic: 'tasmota_1', outputs }));
    expect(device.pulseTimes).toEqual([154, 130]);
    await bench.board.order(toEast);
    expect([shown(bench.board), device.states]).toEqual([
      [true, true],
      [true, true],
    ]);
    await bench.board.rest('test');
    expect(device.states).toEqual([false, false]);
    expect(device.commands.filter((command) => /^POWER\d?$/.test(command))).toEqual([]);
  });

  it('is set once, as its flash memory bears few writes', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url);
    for (let times = 0; times < 2; times++) {
      const driver = createTasmotaDriver({ url: broker.url, topic: 'tasmota_1', outputs });
      await driver.open();
      await driver.close();
    }
    expect(device.commands.filter((command) => /^PulseTime\d \d/.test(command))).toEqual([
      'PulseTime1 154',
      'PulseTime2 130',
    ]);
  });

  it('is looked at beside a running board without a command that sets anything', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url);
    const options = { url: broker.url, topic: 'tasmota_1', outputs };
    const look = async () => {
      const driver = createTasmotaDriver(options);
      try {
        return await driver.openToLook?.();
      } finally {
        await driver.close();
      }
    };
    expect(await look()).toEqual(['PulseTime1 is 0 instead of 154', 'PulseTime2 is 0 instead of 130']);
    await using _bench = await boardOn(createTasmotaDriver(options));
    device.commands.length = 0;
    expect(await look()).toEqual([]);
    expect(device.commands).toEqual(['PowerOnState', 'PulseTime1', 'PulseTime2']);
    device.powerOnState = 1;
    await expect(look()).rejects.toThrow(/send it PowerOnState 0/);
  });

  it('ends at rest by itself though it is read, and stays on while it is told again', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url, { relays: 1, second: 50 });
    const driver = createTasmotaDriver({
      url: broker.url,
      topic: 'tasmota_1',
      outputs: [{ number: 1, lease: Seconds(12) }],
    });
    await driver.open();
    await driver.write(new Map([[0, true]]));
    await until(async () => (await driver.read())[0] === false);
    expect(device.states).toEqual([false]);
    await driver.refresh?.(new Map([[0, false]]));
    expect(device.states).toEqual([false]);
    await driver.refresh?.(new Map([[0, true]]));
    expect(device.commands.at(-1)).toBe('POWER1 ON');
    await driver.close();
  });

  it('that does not answer, or that the broker has lost, is a fault', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url);
    await using bench = await boardOn(
      createTasmotaDriver({ url: broker.url, topic: 'tasmota_1', outputs, timeout: Duration(300) }),
    );
    device.mood = 'deaf';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.driver-failed' });
    device.mood = 'works';
    await until(() => bench.board.report().isAtRest);
    device.client.stream.destroy();
    await until(() => bench.faults.some((message) => message.includes('the broker has lost it')));
  });

  it('is found again when the connection was cut, and nothing ordered meanwhile is carried out later', async () => {
    await using broker = await startBroker();
    await using device = await startTasmota(broker.url);
    await using bench = await boardOn(createTasmotaDriver({ url: broker.url, topic: 'tasmota_1', outputs }));
    broker.cut();
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ retryable: true });
    await until(() => bench.board.report().isAtRest);
    expect(device.states).toEqual([false, false]);
    expect(device.commands).not.toContain('POWER2 ON');
    await bench.board.order(toEast);
    expect(device.states).toEqual([true, true]);
  });

  it('that starts switched on, and a broker that refuses the login, are named', async () => {
    const login = { username: 'relay', password: 'secret' };
    await using broker = await startBroker({ user: 'relay', password: 'secret' });
    await using device = await startTasmota(broker.url, { login });
    device.powerOnState = 3;
    const options = { url: broker.url, topic: 'tasmota_1', outputs };
    await expect(
      createTasmotaDriver({ ...options, user: 'relay', password: 'secret' }).open(),
    ).rejects.toThrow(/send it PowerOnState 0/);
    await expect(
      createTasmotaDriver({ ...options, user: 'relay', password: 'wrong' }).open(),
    ).rejects.toMatchObject({ code: 'relay.mqtt-login' });
    await expect(
      createTasmotaDriver({
        ...options,
        user: 'relay',
        password: 'secret',
        topic: 'other',
        timeout: Duration(200),
      }).open(),
    ).rejects.toMatchObject({ code: 'relay.mqtt-away' });
  });
});

describe('an ESPHome device', () => {
  const outputs = [
    { name: 'own', lease: leases[0] },
    { name: 'east', lease: leases[1] },
  ];

  it('is switched by its command topic and read from its retained states', async () => {
    await using broker = await startBroker();
    await using device = await startEsphome(broker.url, 'shed', ['own', 'east']);
    await using bench = await boardOn(createEsphomeDriver({ url: broker.url, topic: 'shed', outputs }));
    await bench.board.order(toEast);
    expect([shown(bench.board), device.states]).toEqual([
      [true, true],
      [true, true],
    ]);
    await bench.board.rest('test');
    expect(device.states).toEqual([false, false]);
  });

  it('that does not do it, or is offline, is a fault', async () => {
    await using broker = await startBroker();
    await using device = await startEsphome(broker.url, 'shed', ['own', 'east']);
    const driver = createEsphomeDriver({ url: broker.url, topic: 'shed', outputs, timeout: Duration(300) });
    await using bench = await boardOn(driver);
    device.mood = 'deaf';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.driver-failed' });
    device.mood = 'works';
    await until(() => bench.board.report().isAtRest);
    device.client.stream.destroy();
    await until(() => bench.faults.some((message) => message.includes('the broker has lost it')));
    const other = createEsphomeDriver({ url: broker.url, topic: 'attic', outputs, timeout: Duration(200) });
    await expect(other.open()).rejects.toMatchObject({ code: 'relay.mqtt-away' });
  });
});

describe('an ESPHome device with a lease of its own', () => {
  it('ends at rest by itself though it is read, and stays on while it is told again', async () => {
    await using broker = await startBroker();
    await using device = await startEsphome(broker.url, 'shed', ['own'], { lease: 600 });
    const driver = createEsphomeDriver({
      url: broker.url,
      topic: 'shed',
      outputs: [{ name: 'own', lease: Duration(600) }],
    });
    await driver.open();
    await driver.write(new Map([[0, true]]));
    const from = performance.now();
    while (performance.now() - from < 1500) {
      await driver.refresh?.(new Map([[0, true]]));
      expect(await driver.read()).toEqual([true]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await until(async () => (await driver.read())[0] === false);
    expect(device.states).toEqual([false]);
    device.commands.length = 0;
    await driver.refresh?.(new Map([[0, false]]));
    expect(device.commands).toEqual([]);
    await driver.close();
  });

  it('is told again by a board that lives, for as long as it should be on', async () => {
    await using broker = await startBroker();
    await using device = await startEsphome(broker.url, 'shed', ['own', 'east']);
    const outputs = [
      { name: 'own', lease: Seconds(20) },
      { name: 'east', lease: Seconds(3) },
    ];
    await using bench = await boardOn(createEsphomeDriver({ url: broker.url, topic: 'shed', outputs }));
    await bench.board.order(toEast);
    await until(() => device.commands.filter((command) => command === 'east ON').length >= 3);
    expect([shown(bench.board), bench.faults]).toEqual([[true, true], []]);
    await bench.board.rest('test');
    device.commands.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(device.commands).toEqual([]);
  });

  it('without one could keep a seller on for ever, so its own source may not close by itself', async () => {
    await using broker = await startBroker();
    await using _device = await startEsphome(broker.url, 'shed', ['own', 'east']);
    const outputs = [{ name: 'own', lease: Seconds(60) }, { name: 'east' }];
    await expect(boardOn(createEsphomeDriver({ url: broker.url, topic: 'shed', outputs }))).rejects.toThrow(
      InvalidWiring,
    );
  });
});

describe('a broker over TLS', () => {
  const pem = (file: string) => readFileSync(join(import.meta.dirname, 'tls', file), 'utf8');
  const [cert, key] = [pem('certificate.pem'), pem('key.pem')];
  const open = async (url: string, more: { ca?: string; cert?: string; key?: string }) => {
    const driver = createTasmotaDriver({ url, topic: 'tasmota_1', timeout: Duration(1000), ...more });
    await driver.open();
    const read = await driver.read();
    await driver.close();
    return read;
  };
  // The device is on the same broker, as the lab's own certificate lets it.
  const device = (url: string, more = {}) => startTasmota(url, { login: { ca: cert, ...more } });

  it('is taken with the authority that was given, and with no other', async () => {
    await using broker = await startBroker(undefined, { cert, key });
    await using _device = await device(broker.url);
    expect(await open(broker.url, { ca: cert })).toEqual([false]);
    await expect(open(broker.url, {})).rejects.toMatchObject({
      code: 'relay.mqtt-away',
      message: expect.stringContaining('self-signed certificate') as string,
    });
  });

  it('is shown the certificate that it asks for', async () => {
    await using broker = await startBroker(undefined, { cert, key, ca: cert });
    await using _device = await device(broker.url, { cert, key });
    expect(await open(broker.url, { ca: cert, cert, key })).toEqual([false]);
    await expect(open(broker.url, { ca: cert })).rejects.toMatchObject({ code: 'relay.mqtt-away' });
  });
});
