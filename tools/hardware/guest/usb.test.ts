/**
 * The serial meter on a USB port of the kernel's own (CDC-ACM, as an Arduino has): the other end is a gadget of the same
 * kernel, which plays the sketch, and `authorized` pulls the plug. Under QEMU alone; the user-mode kernel has no USB.
 */
import assert from 'node:assert/strict';
import { closeSync, constants, existsSync, openSync, realpathSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createSerialMeter, type Sample, type SerialWarning } from '../../../packages/meter/src/index.ts';
import { Seconds, systemClock } from '../../../packages/units/src/index.ts';
import { it, until } from './support/relay.ts';

const PORT = '/dev/ttyACM0';
const GADGET = '/dev/ttyGS0';

/** Sends a line every 100 ms, as long as somebody is at the other end. */
const startSketch = () => {
  let line = '';
  let port: number | undefined;
  const put = (): void => {
    try {
      port ??= openSync(GADGET, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
      writeSync(port, `${line}\r\n`);
    } catch (error) {
      // EAGAIN: nobody reads. Else the plug was pulled, and the port has to be opened anew.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' || port === undefined) return;
      closeSync(port);
      port = undefined;
    }
  };
  const beats = setInterval(put, 100);
  return {
    says: (text: string): void => {
      line = text;
    },
    stop: (): void => {
      clearInterval(beats);
      if (port !== undefined) closeSync(port);
    },
  };
};

it('a meter on a USB port reads, says that its plug was pulled, and reads again when it is back', async () => {
  assert.ok(existsSync(GADGET), `This kernel has no ${GADGET} (g_serial): nothing can be plugged in.`);
  await until(`${PORT} is there (dummy_hcd, cdc-acm)`, () => existsSync(PORT), 20_000);
  const plug = join(dirname(realpathSync('/sys/class/tty/ttyACM0/device')), 'authorized');
  const samples: Sample[] = [];
  const warnings: SerialWarning[] = [];
  const stop = new AbortController();
  const meter = createSerialMeter({
    name: 'Arduino',
    path: PORT,
    clock: systemClock,
    reopenAfter: Seconds(0.2),
    onWarning: (warning) => warnings.push(warning),
  });
  const sketch = startSketch();
  const ended = (async () => {
    for await (const sample of meter.samples(stop.signal)) samples.push(sample);
  })();
  try {
    sketch.says('3.9800|87.50|12.34');
    await until('samples come', () => samples.length > 2);
    assert.deepEqual(
      [samples[0]?.power, samples[0]?.stateOfCharge, samples[0]?.voltage],
      [12.34, 87.5, 3.98],
    );
    sketch.says('||5.00');
    await until('the gauge is silent', () => samples.at(-1)?.power === 5);
    assert.equal(samples.at(-1)?.stateOfCharge, undefined);

    writeFileSync(plug, '0');
    await until('the meter says so', () => warnings.some(({ kind }) => kind === 'lost'));
    await until('it finds no port', () => warnings.some(({ kind }) => kind === 'unavailable'));
    assert.equal(existsSync(PORT), false);

    sketch.says('3.9700|87.25|-7.00');
    writeFileSync(plug, '1');
    await until('it reads again', () => samples.at(-1)?.power === -7);
  } finally {
    stop.abort();
    sketch.stop();
    await ended;
  }
});
