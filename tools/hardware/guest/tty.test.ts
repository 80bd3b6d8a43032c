/**
 * The serial meter on terminals of the user-mode kernel: what it reads from `/dev/ttyS0` was written to `/dev/ttyS1`, whose
 * wires meet outside of the guest (`uml/boot.ts`); what is unplugged is a pseudo-terminal, whose device vanishes. The
 * qemu mode does the same with USB (`usb.test.ts`).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { it, until } from './support/relay.ts';
import { plugIn, startMeter, startSketch } from './support/serial.ts';

const PORT = '/dev/ttyS0';
const OTHER_END = '/dev/ttyS1';
const raw = spawnSync('stty', ['-F', OTHER_END, 'raw', '-echo'], { encoding: 'utf8' });
assert.equal(raw.status, 0, raw.stderr);
const sketch = startSketch(OTHER_END);
after(() => sketch.stop());

it('volts, charge and power are read from a serial line, and power alone while the gauge is silent', async () => {
  const meter = startMeter(PORT);
  try {
    sketch.says('3.9800|87.50|12.34');
    await until('samples come', () => meter.samples.length > 2);
    const { power, stateOfCharge, voltage } = meter.samples.at(-1) ?? {};
    assert.deepEqual([power, stateOfCharge, voltage], [12.34, 87.5, 3.98]);
    sketch.says('||-5.00');
    await until('the gauge is silent', () => meter.powers().at(-1) === -5);
    assert.deepEqual([...new Set(meter.powers())], [12.34, -5]);
    assert.equal(meter.samples.at(-1)?.stateOfCharge, undefined);
    assert.equal(meter.said('garbage'), 0);
  } finally {
    sketch.says('');
    await meter.stop();
  }
});

it('lines with power alone are read, found out or told beforehand; then the other format is garbage', async () => {
  for (const format of ['auto', 'power'] as const) {
    const meter = startMeter(PORT, format);
    try {
      sketch.says('-12.3400');
      await until(
        `samples come (${format})`,
        () => meter.powers().filter((power) => power === -12.34).length > 2,
      );
      sketch.says('12');
      await until('the power changes', () => meter.powers().at(-1) === 12);
      if (format === 'power') {
        sketch.says('3.9800|87.50|99.00');
        await until('that is garbage', () => meter.said('garbage') > 0);
        assert.ok(!meter.powers().includes(99));
      } else assert.equal(meter.said('garbage'), 0);
    } finally {
      sketch.says('');
      await meter.stop();
    }
  }
});

it('a line that comes in pieces is one sample, and a piece is none', async () => {
  const meter = startMeter(PORT, 'gauge');
  try {
    sketch.says('3.9800|87.50|1.00');
    await until('samples come', () => meter.powers().at(-1) === 1);
    sketch.says('');
    await delay(300); // what is under way arrives
    const before = meter.samples.length;
    for (const piece of ['3.98', '00|87.', '50|1', '2.3', '4\r', '\n3.9700|86']) {
      assert.equal(meter.samples.length, before, `${JSON.stringify(piece)} is still to come`);
      sketch.sends(piece);
      await delay(100);
    }
    await until('the whole line was read', () => meter.samples.length > before);
    sketch.sends('.00|-2.5\r\n3.9600|85.00|3\r\n');
    await until('two more at once', () => meter.samples.length === before + 3);
    assert.deepEqual(meter.powers().slice(before), [12.34, -2.5, 3]);
    assert.equal(meter.said('garbage'), 0);
  } finally {
    await meter.stop();
  }
});

it('every byte there is, lines too long and half lines are told as garbage and never taken for a reading', async () => {
  const meter = startMeter(PORT, 'gauge');
  try {
    sketch.says('3.9800|87.50|1.00');
    await until('samples come', () => meter.powers().at(-1) === 1);
    // Control characters, flow control and parity marks among them: a terminal must not act on any.
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10));
    for (const garbage of [
      bytes,
      Buffer.alloc(200, 'U'),
      '7|87.50|666\r\n',
      '|666.00\r\n',
      '3.9800|999.00|666\r\n',
    ]) {
      sketch.sends(garbage);
      sketch.sends('\r\n');
    }
    sketch.says('3.9800|87.50|2.00');
    await until('it reads on', () => meter.powers().at(-1) === 2);
    assert.deepEqual([...new Set(meter.powers())], [1, 2]);
    assert.ok(meter.said('garbage') > 0);
    assert.equal(meter.said('lost'), 0);
  } finally {
    sketch.says('');
    await meter.stop();
  }
});

it('of two boards each has its own name; unplugged, and plugged in again the other way round, each is found by it', async () => {
  const byId = mkdtempSync(join(tmpdir(), 'by-id-'));
  // As udev names them. The name is gone while the board is.
  const plug = (name: string) => {
    const board = plugIn();
    const path = join(byId, name);
    symlinkSync(board.device, path);
    return {
      ...board,
      path,
      unplug: () => {
        unlinkSync(path);
        board.unplug();
      },
    };
  };
  let home = plug('usb-Arduino_home');
  let barn = plug('usb-Arduino_barn');
  const devices = [home.device, barn.device];
  const [atHome, atBarn] = [startMeter(home.path), startMeter(barn.path)];
  try {
    home.says('3.9800|87.50|1.00');
    barn.says('-1.00');
    await until('both read', () => atHome.samples.length > 2 && atBarn.samples.length > 2);

    home.unplug();
    await until('one is lost', () => atHome.said('lost') > 0 && atHome.said('unavailable') > 0);
    assert.equal(existsSync(devices[0] ?? ''), false);
    const before = atBarn.samples.length;
    await until('the other reads on', () => atBarn.samples.length > before + 2);
    assert.equal(atBarn.said('lost'), 0);

    barn.unplug();
    await until('the other is lost too', () => atBarn.said('lost') > 0 && atBarn.said('unavailable') > 0);
    barn = plug('usb-Arduino_barn');
    home = plug('usb-Arduino_home');
    assert.deepEqual([barn.device, home.device], devices, 'they got the devices of each other');
    home.says('3.9800|87.50|2.00');
    barn.says('-2.00');
    await until('both read again', () => atHome.powers().at(-1) === 2 && atBarn.powers().at(-1) === -2);
    assert.deepEqual([...new Set(atHome.powers())], [1, 2]);
    assert.deepEqual([...new Set(atBarn.powers())], [-1, -2]);
  } finally {
    await Promise.all([atHome.stop(), atBarn.stop()]);
    home.unplug();
    barn.unplug();
  }
});
