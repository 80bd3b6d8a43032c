/**
 * The hardware test: the relay's own driver, board, guard and server against kernels that have GPIO, without a
 * Raspberry Pi. What it asserts is what the pins carried, as the kernel saw it.
 *
 *   npm run test:hardware              user-mode kernel with simulated pins and serial lines
 *   npm run test:hardware -- qemu      Debian's own kernel under QEMU, simulated pins and USB
 *   npm run test:hardware -- pi3       QEMU's Raspberry Pi 3 with the real pin driver
 *   npm run test:hardware -- uml NAME  only the guest's test files whose name contains NAME
 *   npm run test:hardware -- pi3 node  only a whole node, for its memory and the time it takes to start
 *   npm run test:hardware -- uml --within 600  downloads and builds for that many seconds at most
 *
 * Ends with 0 when it passed, 1 (or the guest's own code) when it failed, 2 when it was called wrongly, and 3 with one
 * line of reason when its kernel cannot be had on this machine.
 */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { NotHere, prepareWithin, root, say } from './cache.ts';
import { PI3_PARTS, runPi3 } from './pi3/boot.ts';
import { runQemu } from './qemu/boot.ts';
import { runUml } from './uml/boot.ts';

/** What a green run means, and what not. */
const VERDICT = `
Shown, by what the pins carried: start at rest without a pulse, break before make, never two sources on one load, orders
whole or not at all, read-back, stop, and rest after whatever was killed or hung; the real command over HTTP with leases
and dwell; by what the kernel's drivers gave: sensors and serial lines. All this as far as this mode tests it.
Not shown: electrical behaviour (pulls while a Pi boots, relay inputs, contacts); times of real chips; Raspberry Pi OS's
kernel, whose lines stay driven when their holder dies (uml and qemu imitate that, pi3 does not); a Pi 5's RP1; systemd,
whose part a stand-in of 15 lines plays; a kernel that hangs. More in tools/hardware/README.md.`;

const CANNOT_BE_HAD = 3;

interface Mode {
  /** How many test files or parts were chosen. */
  readonly parts: number;
  readonly run: () => Promise<number>;
}

const modeOf = <Part>(parts: readonly Part[], run: (parts: readonly Part[]) => Promise<number>): Mode => ({
  parts: parts.length,
  run: () => run(parts),
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { within: { type: 'string' } },
});
const [mode = 'uml', ...names] = positionals;
const tests = globSync('tools/hardware/guest/*.test.ts', { cwd: root })
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort()
  .map((file) => join(root, file));
/** All but those whose hardware this kernel does not have. */
const testsWithout = (file: string): string[] => tests.filter((test) => basename(test) !== file);
const modes: Readonly<Record<string, Mode>> = {
  uml: modeOf(testsWithout('usb.test.ts'), runUml),
  qemu: modeOf(testsWithout('tty.test.ts'), runQemu),
  pi3: modeOf(
    PI3_PARTS.filter((part) => names.length === 0 || names.includes(part)),
    runPi3,
  ),
};
const chosen = modes[mode];
if (!chosen) {
  console.error(`There is no mode "${mode}"; there are: ${Object.keys(modes).join(', ')}.`);
  process.exit(2);
}
const within = Number(values.within ?? Number.POSITIVE_INFINITY);
if (chosen.parts === 0 || !(within > 0)) {
  console.error(
    chosen.parts === 0
      ? `No part of ${mode} is named like ${names.join(' or ')}.`
      : '--within needs a number of seconds.',
  );
  process.exit(2);
}
if (Number.isFinite(within)) prepareWithin(within);
try {
  const code = await chosen.run();
  if (code === 0) console.log(VERDICT);
  say(`${mode}: ${code === 0 ? 'passed' : `FAILED (exit ${code})`}`);
  process.exit(code);
} catch (error) {
  if (!(error instanceof NotHere)) throw error;
  console.log(`The hardware test (${mode}) cannot be had here: ${error.message}.`);
  process.exit(CANNOT_BE_HAD);
}
