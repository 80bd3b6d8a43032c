/** Boots Debian's kernel under QEMU, without any help of the processor (TCG), on this machine's own files. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packages, root, say, verdictOf } from '../cache.ts';
import { gpiod } from '../gpiod.ts';
import { buildMachine } from './machine.ts';

/** For everything inside the guest, s. */
const LIMIT = 900;

export const runQemu = async (tests: readonly string[]): Promise<number> => {
  const machine = buildMachine();
  const tools = gpiod();
  const settings = {
    hw_root: root,
    hw_node: process.execPath,
    hw_busybox: join(packages('busybox', ['busybox-static']), 'bin/busybox'),
    hw_kernel: machine.modules,
    hw_gpiod: tools.v1,
    hw_gpiod2: tools.v2 ?? '',
    hw_limit: LIMIT,
    hw_tests: tests.map((test) => test.replace(`${root}/`, '')).join(','),
  };
  say(`booting Debian's kernel under QEMU for ${tests.length} test files`);
  const guest = spawn(
    machine.qemu,
    [
      '-M',
      'pc',
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '1024',
      '-nodefaults',
      '-no-reboot',
      '-display',
      'none',
      ...machine.firmware.flatMap((path) => ['-L', path]),
      '-kernel',
      machine.kernel,
      '-initrd',
      machine.initrd,
      '-virtfs',
      'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
      '-serial',
      'stdio',
      '-append',
      `console=ttyS0 quiet panic=-1 mitigations=off ${Object.entries(settings)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, LD_LIBRARY_PATH: machine.libraries } },
  );
  return await verdictOf(guest, LIMIT + 120);
};
