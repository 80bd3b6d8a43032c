/** Debian's arm64 packages on a machine of another kind: package lists of their own below the cache. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Apt, once, run } from '../cache.ts';

/** The lines of `sources.list` for what this machine installs from: deb822 stanzas in one form, one line in the other. */
const sources = (): string[] => {
  const stanzas = globSync('/etc/apt/sources.list.d/*.sources').flatMap((file) =>
    readFileSync(file, 'utf8').split(/\n\s*\n/),
  );
  const lines = stanzas.flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(stanza)?.[1]?.trim();
    const uri = field('URIs');
    const key = field('Signed-By');
    if (!uri) return [];
    const trust = key ? `[signed-by=${key}] ` : '';
    return (field('Suites') ?? '').split(/\s+/).map((suite) => `deb ${trust}${uri} ${suite} main`);
  });
  const old = existsSync('/etc/apt/sources.list') ? readFileSync('/etc/apt/sources.list', 'utf8') : '';
  return [...lines, ...old.split('\n').filter((line) => line.startsWith('deb '))];
};

/** What apt-get needs in its environment to speak of arm64. */
export const arm64 = (): Apt => {
  const folder = once('apt-arm64', (at) => {
    for (const name of ['etc/parts', 'lists/partial', 'cache/archives/partial'])
      mkdirSync(join(at, name), { recursive: true });
    writeFileSync(join(at, 'status'), '');
    writeFileSync(join(at, 'etc/sources.list'), `${sources().join('\n')}\n`);
    writeFileSync(
      join(at, 'apt.conf'),
      [
        `Dir::Etc "${at}/etc";`,
        'Dir::Etc::sourcelist "sources.list";',
        'Dir::Etc::sourceparts "parts";',
        'Dir::Etc::preferencesparts "parts";',
        `Dir::State "${at}";`,
        'Dir::State::lists "lists";',
        `Dir::State::status "${at}/status";`,
        `Dir::Cache "${at}/cache";`,
        'APT::Architecture "arm64";',
        'APT::Architectures { "arm64"; };',
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        '',
      ].join('\n'),
    );
    run('apt-get', ['-qq', 'update'], { env: { APT_CONFIG: join(at, 'apt.conf') } });
  });
  return { env: { APT_CONFIG: join(folder, 'apt.conf') } };
};
