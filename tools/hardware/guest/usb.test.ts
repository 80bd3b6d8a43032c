/**
 * The serial meter on USB ports of the kernel's own (CDC-ACM, as an Arduino has): the other ends are gadgets of the same
 * kernel, which play the sketch. Under QEMU alone; the user-mode kernel has no USB.
 */
import assert from 'node:assert/strict';
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { it, until } from './support/relay.ts';
import { startMeter, startSketch } from './support/serial.ts';
import { createUsbBoard, linkById, usbDeviceOf } from './support/usb.ts';

const PORT = '/dev/ttyACM0';
const SECOND = '/dev/ttyACM1';
const BY_ID = '/run/serial/by-id';
const byId = (serial: string) => join(BY_ID, `usb-Arduino_Uno_${serial}-if00`);

const home = createUsbBoard('HOME', 0);
const atHome = startSketch(home.device);
after(() => atHome.stop());

it('a meter on a USB port reads, says that its plug was pulled, and reads again when it is back', async () => {
  await until(`${PORT} is there (dummy_hcd, cdc-acm)`, () => existsSync(PORT), 20_000);
  const plug = join(usbDeviceOf('ttyACM0'), 'authorized');
  const meter = startMeter(PORT);
  try {
    atHome.says('3.9800|87.50|12.34');
    await until('samples come', () => meter.samples.length > 2);
    const { power, stateOfCharge, voltage } = meter.samples.at(-1) ?? {};
    assert.deepEqual([power, stateOfCharge, voltage], [12.34, 87.5, 3.98]);
    atHome.says('||5.00');
    await until('the gauge is silent', () => meter.powers().at(-1) === 5);
    assert.equal(meter.samples.at(-1)?.stateOfCharge, undefined);

    writeFileSync(plug, '0');
    await until('the meter says so', () => meter.said('lost') > 0);
    await until('it finds no port', () => meter.said('unavailable') > 0);
    assert.equal(existsSync(PORT), false);

    atHome.says('3.9700|87.25|-7.00');
    writeFileSync(plug, '1');
    await until('it reads again', () => meter.powers().at(-1) === -7);
    assert.deepEqual([...new Set(meter.powers())], [12.34, 5, -7]);
  } finally {
    atHome.says('');
    await meter.stop();
  }
});

it('power alone, pieces of lines and garbage come over USB as they do over a wire', async () => {
  const meter = startMeter(PORT, 'power');
  try {
    atHome.says('-1.50');
    await until('samples come', () => meter.samples.length > 2);
    atHome.says('');
    await delay(500); // what is under way arrives
    const before = meter.samples.length;
    for (const piece of ['12', '.3', '4\r', '\n']) {
      assert.equal(meter.samples.length, before, `${JSON.stringify(piece)} is still to come`);
      atHome.sends(piece);
      await delay(200);
    }
    await until('the whole line was read', () => meter.samples.length > before);
    atHome.sends(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10)));
    atHome.sends('\r\n3.9800|87.50|666\r\n');
    atHome.says('2');
    await until('it reads on', () => meter.powers().at(-1) === 2);
    assert.deepEqual([...new Set(meter.powers())], [-1.5, 12.34, 2]);
    assert.ok(meter.said('garbage') > 0);
    assert.equal(meter.said('lost'), 0);
  } finally {
    atHome.says('');
    await meter.stop();
  }
});

it('two boards at once are told apart by their serial numbers, also when they changed their ports', async () => {
  const barn = createUsbBoard('BARN', 1);
  const atBarn = startSketch(barn.device);
  await until('both are there', () => existsSync(PORT) && existsSync(SECOND), 20_000);
  linkById(BY_ID);
  assert.deepEqual([readlinkSync(byId('HOME')), readlinkSync(byId('BARN'))], [PORT, SECOND]);
  const [first, second] = [startMeter(byId('HOME')), startMeter(byId('BARN'))];
  try {
    atHome.says('3.9800|87.50|1.00');
    atBarn.says('-1.00');
    await until('both read', () => first.samples.length > 2 && second.samples.length > 2);

    home.unplug();
    await until('the first is lost', () => first.said('lost') > 0);
    const before = second.samples.length;
    await until('the second reads on', () => second.samples.length > before + 2);
    barn.unplug();
    await until('the second is lost', () => second.said('lost') > 0);
    await until('both ports are gone', () => !existsSync(PORT) && !existsSync(SECOND));
    linkById(BY_ID);
    await until('no port is found', () => first.said('unavailable') > 0 && second.said('unavailable') > 0);

    atHome.says('3.9800|87.50|2.00');
    atBarn.says('-2.00');
    barn.plugIn();
    await until('the second is the first now', () => existsSync(PORT), 20_000);
    home.plugIn();
    await until('and the first the second', () => existsSync(SECOND), 20_000);
    linkById(BY_ID);
    assert.deepEqual([readlinkSync(byId('HOME')), readlinkSync(byId('BARN'))], [SECOND, PORT]);
    await until('both read again', () => first.powers().at(-1) === 2 && second.powers().at(-1) === -2);
    assert.deepEqual([...new Set(first.powers())], [1, 2]);
    assert.deepEqual([...new Set(second.powers())], [-1, -2]);
  } finally {
    atHome.says('');
    atBarn.stop();
    await Promise.all([first.stop(), second.stop()]);
  }
});
