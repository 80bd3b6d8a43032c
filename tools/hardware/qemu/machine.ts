/**
 * What QEMU boots: Debian's own kernel for this kind of machine, and as modules what Debian's configuration for it leaves
 * out: gpio-sim and the drivers of both sensors.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import {
  archive,
  firstDependency,
  keyOf,
  NotHere,
  once,
  packages,
  run,
  say,
  withDependencies,
} from '../cache.ts';
import { KEEP_DRIVEN, withKeepDriven } from '../gpio-sim.ts';

/** Loaded before anything else, with what they depend on. */
const AT_BOOT = [
  'virtio_pci',
  '9pnet_virtio',
  '9p',
  'overlay',
  'configfs',
  'gpio_sim',
  'i2c-dev',
  'ina2xx',
  'max17040_battery',
];
/** A simulated bus with the sensors; loaded by the test, which knows their addresses. */
const I2C_STUB = 'kernel/drivers/i2c/i2c-stub.ko';
/** USB devices and the host they are plugged into, all in the kernel; which devices, the test says through configfs. */
const USB_SERIAL = ['dummy_hcd', 'libcomposite', 'u_serial', 'usb_f_acm', 'cdc-acm'];

const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** What Debian's kernel for amd64 leaves out, in the kernel's source: irq_sim is a part of gpio_sim here. */
const LEFT_OUT = [
  'drivers/gpio/gpio-sim.c',
  'drivers/gpio/gpiolib.h',
  'kernel/irq/irq_sim.c',
  'drivers/hwmon/ina2xx.c',
  'drivers/power/supply/max17040_battery.c',
];
const MAKEFILE = `obj-m := gpio_sim.o ina2xx.o max17040_battery.o
gpio_sim-y := gpio-sim.o irq_sim.o
`;
const BUILT = ['gpio_sim.ko', 'ina2xx.ko', 'max17040_battery.ko'];

/** Builds the modules that Debian leaves out against Debian's headers. */
const buildModules = (version: string): string =>
  once(`modules-${version}-${keyOf(KEEP_DRIVEN, MAKEFILE, LEFT_OUT.join())}`, (folder) => {
    const name = `linux-headers-${version}`;
    const parts = [
      ...run('apt-cache', ['depends', name]).matchAll(/Depends: (linux-(?:headers|kbuild|compiler)\S*)/g),
    ].map(([, part = '']) => part);
    const headers = join(packages('headers', [name, ...parts]), 'usr/src');
    const makefile = join(headers, name, 'Makefile');
    writeFileSync(
      makefile,
      readFileSync(makefile, 'utf8').replace(/^include \/usr\/src/m, `include ${headers}`),
    );
    const source = packages('source', ['linux-source-6.1']);
    run('tar', [
      '-C',
      folder,
      '--transform=s#.*/##',
      '-xJf',
      join(source, 'usr/src/linux-source-6.1.tar.xz'),
      ...LEFT_OUT.map((file) => `linux-source-6.1/${file}`),
    ]);
    const change = (file: string, to: (text: string) => string) =>
      writeFileSync(join(folder, file), to(readFileSync(join(folder, file), 'utf8')));
    change('gpio-sim.c', withKeepDriven);
    // irq_to_desc is not exported to modules; this is the same by what is.
    change('irq_sim.c', (text) =>
      text.replace(/irq_to_desc\((\w+)\)/g, 'irq_data_to_desc(irq_get_irq_data($1))'),
    );
    writeFileSync(join(folder, 'Makefile'), MAKEFILE);
    say("building gpio-sim and the sensors' drivers");
    run('make', ['-s', '-C', join(headers, name), `M=${folder}`, 'modules']);
    run('strip', ['-g', ...BUILT.map((file) => join(folder, file))]);
  });

export interface Machine {
  readonly qemu: string;
  /** Where QEMU's firmware is, and its libraries. */
  readonly firmware: readonly string[];
  readonly libraries: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Where `i2c-stub.ko` is, which needs its addresses when it is loaded. */
  readonly modules: string;
}

export const buildMachine = (): Machine => {
  const emulator = packages('qemu-x86', withDependencies('qemu-system-x86'));
  const name = firstDependency('linux-image-amd64');
  const version = name.replace('linux-image-', '');
  const system = packages('kernel', [name]);
  const ours = buildModules(version);
  const kmod = packages('kmod', ['kmod', 'libkmod2']);
  const busybox = join(packages('busybox', ['busybox-static']), 'bin/busybox');
  const built = once(
    `qemu-${version}-${keyOf(basename(ours), AT_BOOT.join(), USB_SERIAL.join(), readFileSync(join(import.meta.dirname, 'init.sh'), 'utf8'))}`,
    (folder) => {
      // QEMU starts the bare kernel: unpacking itself would take it long.
      const packed = readFileSync(join(system, `boot/vmlinuz-${version}`));
      const xz = join(folder, 'vmlinux.xz');
      writeFileSync(xz, packed.subarray(packed.indexOf(Buffer.from('fd377a585a00', 'hex'))));
      run('bash', ['-c', `xz -dc --single-stream "${xz}" > "${join(folder, 'vmlinux')}" || test $? = 2`]);
      rmSync(xz);

      const modules = join(system, 'lib/modules', version);
      mkdirSync(join(modules, 'extra'), { recursive: true });
      for (const file of BUILT) copyFileSync(join(ours, file), join(modules, 'extra', file));
      const depmod = join(kmod, 'bin/depmod');
      if (!existsSync(depmod)) symlinkSync('kmod', depmod);
      run(depmod, ['-b', system, version], {
        env: { LD_LIBRARY_PATH: [join(kmod, LIBRARIES), join(kmod, 'lib/x86_64-linux-gnu')].join(':') },
      });
      const needs = new Map(
        readFileSync(join(modules, 'modules.dep'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => {
            const [file = '', rest = ''] = line.split(':');
            return [file, rest.trim() === '' ? [] : rest.trim().split(' ')] as const;
          }),
      );
      const isNamed = (path: string, module: string): boolean =>
        basename(path, '.ko').replaceAll('-', '_') === module.replaceAll('-', '_');
      const builtIn = readFileSync(join(modules, 'modules.builtin'), 'utf8').trim().split('\n');
      const order = (wanted: readonly string[]): string[] => {
        const files = wanted.flatMap((module) => {
          const file = [...needs.keys()].find((path) => isNamed(path, module));
          if (file !== undefined) return [...(needs.get(file) ?? []).toReversed(), file];
          if (builtIn.some((path) => isNamed(path, module))) return [];
          throw new NotHere(`Debian's kernel ${version} has no ${module}`);
        });
        return [...new Set(files)];
      };
      const work = mkdtempSync(join(tmpdir(), 'daisee-qemu-'));
      try {
        for (const part of ['bin', 'modules']) mkdirSync(join(work, part));
        copyFileSync(busybox, join(work, 'bin/busybox'));
        for (const [list, files] of [
          ['boot', order(AT_BOOT)],
          ['usb', order(USB_SERIAL)],
        ] as const) {
          for (const file of files) copyFileSync(join(modules, file), join(work, 'modules', basename(file)));
          writeFileSync(join(work, `modules.${list}`), files.map((file) => `${basename(file)}\n`).join(''));
        }
        copyFileSync(join(import.meta.dirname, 'init.sh'), join(work, 'init'));
        run('chmod', ['755', join(work, 'init')]);
        archive(work, join(folder, 'initrd.gz'));
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
  );
  const stub = join(system, 'lib/modules', version, I2C_STUB);
  if (!existsSync(stub)) throw new NotHere(`Debian's kernel ${version} has no i2c-stub`);
  return {
    qemu: join(emulator, 'usr/bin/qemu-system-x86_64'),
    firmware: ['usr/share/qemu', 'usr/share/seabios'].map((path) => join(emulator, path)),
    libraries: [join(emulator, LIBRARIES), join(emulator, 'lib/x86_64-linux-gnu')].join(':'),
    kernel: join(built, 'vmlinux'),
    initrd: join(built, 'initrd.gz'),
    modules: dirname(stub),
  };
};
