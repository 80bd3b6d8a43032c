/** Builds the user-mode kernel from Debian's source, once: 4 to 5 minutes on two cores. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { keyOf, once, packages, run, say } from '../cache.ts';
import { KEEP_DRIVEN, withKeepDriven } from '../gpio-sim.ts';

const VERSION = '6.1';

/** The folder with `linux` and `i2c-stub.ko`. */
export const buildKernel = (): string => {
  const config = readFileSync(join(import.meta.dirname, 'kernel.config'), 'utf8');
  return once(`uml-${keyOf(config, KEEP_DRIVEN)}`, (folder) => {
    const tools = packages('build', ['flex', 'bison', 'm4', 'libfl2']);
    const archive = packages('source', [`linux-source-${VERSION}`]);
    const work = join(folder, '.work');
    const source = join(work, `linux-source-${VERSION}`);
    const out = join(work, 'out');
    mkdirSync(out, { recursive: true });
    say('unpacking the kernel source');
    run('tar', ['-C', work, '-xJf', join(archive, `usr/src/linux-source-${VERSION}.tar.xz`)]);
    const sim = join(source, 'drivers/gpio/gpio-sim.c');
    writeFileSync(sim, withKeepDriven(readFileSync(sim, 'utf8')));
    const make = (...args: string[]) =>
      run('nice', ['make', '-s', 'ARCH=um', `O=${out}`, ...args], {
        cwd: source,
        env: {
          PATH: `${join(tools, 'usr/bin')}:${process.env['PATH']}`,
          LD_LIBRARY_PATH: join(tools, 'usr/lib/x86_64-linux-gnu'),
          BISON_PKGDATADIR: join(tools, 'usr/share/bison'),
          M4: join(tools, 'usr/bin/m4'),
        },
      });
    make('tinyconfig');
    writeFileSync(join(out, '.config'), config, { flag: 'a' });
    make('olddefconfig');
    say('building the user-mode kernel (4 to 5 minutes, once)');
    make(`-j${availableParallelism()}`, 'linux', 'modules');
    run('strip', ['-o', join(folder, 'linux'), join(out, 'linux')]);
    copyFileSync(join(out, 'drivers/i2c/i2c-stub.ko'), join(folder, 'i2c-stub.ko'));
    rmSync(work, { recursive: true });
  });
};
