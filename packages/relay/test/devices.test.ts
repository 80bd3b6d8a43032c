import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Seconds, systemClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  type Board,
  createBoard,
  createCompositeDriver,
  createEsphomeDriver,
  createShellyDriver,
  createSimulatedDriver,
  createTasmotaDriver,
  InvalidWiring,
  ownLease,
  type RelayDriver,
  type Wiring,
} from '../src/index.ts';
import { createFailingDriver } from './support/failing-driver.ts';
import { until } from './support/http.ts';
import { startBroker, startEsphome, startTasmota } from './support/mqtt.ts';
import { startShelly } from './support/shelly.ts';

const wiring: Wiring = { loads: [{ name: 'home', own: [0], sellers: [{ name: 'east', channels: [1] }] }] };
const toEast = new Map([
  [0, true],
  [1, true],
]);
const lease = Seconds(30);
const timeout = Seconds(2);
const leases = [ownLease(lease, timeout), lease] as const;

const shellyOn = (host: string, more: { password?: string; timeout?: Duration } = {}) =>
  createShellyDriver({
    host,
    outputs: [
      { id: 0, lease: leases[0] },
      { id: 1, lease: leases[1] },
    ],
    ...more,
  });

/** A board on a driver, stopped at the end whatever its driver says. */
const boardOn = async (driver: RelayDriver, loads: Wiring = wiring) => {
  const faults: string[] = [];
  const board = createBoard({
    driver,
    clock: systemClock,
    wiring: loads,
    breakTime: Duration(2),
    onEvent: (event) => {
      if (event.type === 'fault') faults.push(event.error.message);
    },
  });
  await board.start();
  return { board, faults, [Symbol.asyncDispose]: () => board.stop().catch(() => undefined) };
};
const shown = (board: Board) => [...board.states().values()];

describe('a Shelly', () => {
  it('is switched and read back, each time it goes on with a timer that switches it off', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host));
    shelly.requests.length = 0;
    await bench.board.order(toEast);
    expect(shown(bench.board)).toEqual([true, true]);
    const get = '/rpc/Switch.GetStatus?id=';
    expect(shelly.requests).toEqual([
      `${get}0`,
      `${get}1`,
      '/rpc/Switch.Set?id=0&on=true&toggle_after=54',
      `${get}0`,
      `${get}1`,
      '/rpc/Switch.Set?id=1&on=true&toggle_after=30',
      `${get}0`,
      `${get}1`,
    ]);
    await bench.board.rest('test');
    expect(shelly.outputs.map(({ output, timer }) => [output, timer])).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
  });

  it('with a password is logged in to, again when its nonce is too old', async () => {
    await using shelly = await startShelly(2, 'geheim');
    await using bench = await boardOn(shellyOn(shelly.host, { password: 'geheim' }));
    shelly.forgetNonces();
    await bench.board.order(toEast);
    expect(shelly.outputs.map(({ output }) => output)).toEqual([true, true]);
    for (const wrong of [{ password: 'other' }, {}])
      await expect(shellyOn(shelly.host, wrong).open()).rejects.toMatchObject({ code: 'relay.shelly-login' });
  });

  it('that is not told again ends at rest by itself', async () => {
    await using shelly = await startShelly();
    const driver = createShellyDriver({ host: shelly.host, outputs: [{ id: 0, lease: Seconds(1) }] });
    await driver.open();
    await driver.write(new Map([[0, true]]));
    expect(await driver.read()).toEqual([true]);
    await until(() => shelly.outputs[0]?.output === false);
    await driver.close();
  });

  it('is told again by a board that lives, for as long as it should be on', async () => {
    await using shelly = await startShelly();
    const outputs = [
      { id: 0, lease: Seconds(20) },
      { id: 1, lease: Seconds(3) },
    ];
    await using bench = await boardOn(createShellyDriver({ host: shelly.host, outputs }));
    await bench.board.order(toEast);
    const again = () => shelly.requests.filter((url) => url.includes('toggle_after')).length;
    await until(() => again() >= 6);
    expect(again() % 2).toBe(0);
  });

  it('that gives no answer is a fault, and rest is tried until it is confirmed', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host, { timeout: Duration(100) }));
    shelly.mood = 'silent';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.driver-failed' });
    expect(bench.faults[0]).toMatch(/gives no answer \(none within 0.1 s\)/);
    expect(bench.board.report()).toMatchObject({ states: undefined, isAtRest: false });
    shelly.mood = 'works';
    await until(() => bench.board.report().isAtRest);
  });

  it('that acknowledges and does not move is found out by the read-back', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host));
    shelly.mood = 'stuck';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.read-back-differs' });
  });

  it('that could switch on by itself is refused, with what to set', async () => {
    await using shelly = await startShelly();
    const [output] = shelly.outputs;
    if (!output) throw new TypeError('an output');
    output.config = { initial_state: 'restore_last', auto_on: false };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/set its state after power on to off/);
    output.config = { initial_state: 'off', auto_on: true };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/turn its auto on timer off/);
    output.config = { initial_state: 'off', auto_on: false, in_mode: 'follow' };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/set the mode of its input to detached/);
    output.config = { initial_state: 'off', auto_on: false };
    await shellyOn(shelly.host).open();
    await expect(createShellyDriver({ host: shelly.host, outputs: [{ id: 7 }] }).open()).rejects.toThrow(
      /value 7 not found/,
    );
  });
});

describe('a board that looks at its devices', () => {
  it('finds out what somebody else switched, and goes to rest', async () => {
    await using shelly = await startShelly();
    const outputs = [
      { id: 0, lease: Seconds(20) },
      { id: 1, lease: Seconds(3) },
    ];
    await using bench = await boardOn(createShellyDriver({ host: shelly.host, outputs }));
    const [, seller] = shelly.outputs;
    if (seller) seller.output = true;
    await until(() => bench.faults.length > 0 && bench.board.report().isAtRest);
    expect(bench.faults[0]).toMatch(/channel 1 on instead of off/);
    expect(seller?.output).toBe(false);
  });

  it('does so within seconds, whatever their leases', () => {
    expect(shellyOn('192.0.2.1').refreshEvery).toBeLessThanOrEqual(5000);
  });
});

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

describe('a board on several drivers', () => {
  const two: Wiring = {
    loads: [
      { name: 'home', own: [0], sellers: [{ name: 'east', channels: [1] }] },
      { name: 'shed', own: [2], sellers: [{ name: 'east', channels: [3] }] },
    ],
  };

  it('numbers their channels one after the other, under one interlock', async () => {
    await using shelly = await startShelly();
    const local = createSimulatedDriver({ channels: 2 });
    await using bench = await boardOn(createCompositeDriver([local, shellyOn(shelly.host)]), two);
    await bench.board.order(
      new Map([
        [0, true],
        [1, true],
        [2, true],
        [3, true],
      ]),
    );
    expect([await local.read(), shelly.outputs.map(({ output }) => output)]).toEqual([
      [true, true],
      [true, true],
    ]);
    await expect(bench.board.order(new Map([[2, false]]))).rejects.toMatchObject({
      code: 'relay.two-sources',
    });
    expect(bench.board.report().operations).toEqual([1, 1, 1, 1]);
  });

  it('brings to rest what answers when one of them does not', async () => {
    const local = createFailingDriver(2);
    const remote = createFailingDriver(2);
    await using bench = await boardOn(createCompositeDriver([remote, local]), two);
    await bench.board.order(
      new Map([
        [2, true],
        [3, true],
      ]),
    );
    remote.failures = Array.from({ length: 20 }, () => 'refuse');
    await expect(bench.board.rest('test')).rejects.toMatchObject({ code: 'relay.driver-failed' });
    expect(await local.read()).toEqual([false, false]);
  });

  it('does not start where a crash could leave a load on two sources', async () => {
    await using shelly = await startShelly();
    const crossed: Wiring = {
      loads: [{ name: 'home', own: [0], sellers: [{ name: 'east', channels: [2] }] }],
    };
    const driver = () =>
      createCompositeDriver([createSimulatedDriver({ channels: 2 }), shellyOn(shelly.host)]);
    await expect(boardOn(driver(), crossed)).rejects.toThrow(InvalidWiring);
    const equal = createShellyDriver({ host: shelly.host, outputs: [{ id: 0 }, { id: 1 }] });
    await expect(boardOn(equal)).rejects.toThrow(/the own source's device the longer lease/);
  });
});
