/**
 * Boots QEMU's raspi3b and looks at its pins from outside, in the registers of the emulated BCM2837: what our code
 * believes does not enter.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { say } from '../cache.ts';
import { buildImage } from './image.ts';
import { connectMachine, type Machine } from './qmp.ts';

/** For everything, s: minutes on a machine that does nothing else. */
const LIMIT = 900;
/** GPFSEL0 to 5 and GPLEV0 of the GPIO block (BCM2835 ARM Peripherals, chapter 6; peripherals at 0x3f000000 on a 2837). */
const FUNCTION_SELECT = 0x3f20_0000;
const LEVEL = 0x3f20_0034;

const pinsOf = async (machine: Machine): Promise<(pin: number) => string> => {
  const functions = await machine.words(FUNCTION_SELECT, 6);
  const [levels = 0] = await machine.words(LEVEL, 1);
  return (pin) => {
    const select = ((functions[Math.floor(pin / 10)] ?? 0) >> ((pin % 10) * 3)) & 7;
    if (select === 1) return `out${(levels >>> pin) & 1}`;
    return select === 0 ? 'in' : `alternative ${select}`;
  };
};

/** What runs inside, in this order: the relay, whose pins are looked at, and a whole node, which is measured. */
export const PI3_PARTS: readonly string[] = ['relay', 'node'];

/** Runs these parts inside; resolves with the guest's exit code. */
export const runPi3 = async (parts: readonly string[]): Promise<number> => {
  const image = await buildImage();
  const folder = mkdtempSync(join(tmpdir(), 'daisee-qmp-'));
  const socket = join(folder, 'socket');
  say("booting QEMU's Raspberry Pi 3");
  const guest = spawn(
    image.qemu,
    [
      '-M',
      'raspi3b',
      '-accel',
      'tcg',
      '-display',
      'none',
      '-no-reboot',
      '-kernel',
      image.kernel,
      '-dtb',
      image.deviceTree,
      '-initrd',
      image.initrd,
      '-append',
      `console=ttyS1,115200 quiet loglevel=1 panic=-1 hw_parts=${parts.join(',')}`,
      '-qmp',
      `unix:${socket},server=on,wait=off`,
      '-serial',
      'null',
      '-serial',
      'stdio',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, LD_LIBRARY_PATH: image.libraries } },
  );
  const late = setTimeout(() => guest.kill('SIGKILL'), LIMIT * 1000);
  const stop = (): void => void guest.kill('SIGKILL');
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let wrong = 0;
  let looks = 0;
  let code = 98;
  try {
    const machine = await connectMachine(socket);
    for await (const raw of createInterface({ input: guest.stdout })) {
      const line = raw.trimEnd();
      const asked = /LOOK ((?:\d+=\w+ )+)(.*)/.exec(line);
      const end = /HARDWARE EXIT (\d+)/.exec(line);
      if (end) {
        code = Number(end[1]);
        await machine.quit();
      } else if (asked) {
        const shown = await pinsOf(machine);
        const pins = [...(asked[1] ?? '').matchAll(/(\d+)=(\w+)/g)];
        const bad = pins.filter(([, pin, should]) => shown(Number(pin)) !== should);
        looks++;
        wrong += bad.length;
        console.log(
          `${bad.length === 0 ? '✔' : '✖'} ${asked[2]}: ${pins.map(([, pin]) => `GPIO ${pin} ${shown(Number(pin))}`).join(', ')}`,
        );
        for (const [, pin, should] of bad) console.log(`  GPIO ${pin} should be ${should}`);
        guest.stdin.write('\n');
      } else if (line !== '') console.log(line);
    }
  } finally {
    clearTimeout(late);
    guest.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
  if (code === 98) say('the guest ended without a verdict');
  if (code !== 0) return code;
  console.log(`${looks} looks from outside, ${wrong} pins wrong`);
  return wrong === 0 && (looks > 0 || !parts.includes('relay')) ? 0 : 1;
};
