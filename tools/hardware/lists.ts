/** Debian's packages for a machine of another kind, or of another Debian: package lists of their own below the cache. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Apt, NotHere, once, run } from './cache.ts';

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

/** What apt-get needs in its environment to speak of other packages than this machine's. */
const lists = (name: string, from: readonly string[], more: readonly string[]): Apt => {
  const folder = once(`apt-${name}`, (at) => {
    for (const part of ['etc/parts', 'lists/partial', 'cache/archives/partial'])
      mkdirSync(join(at, part), { recursive: true });
    writeFileSync(join(at, 'status'), '');
    writeFileSync(join(at, 'etc/sources.list'), `${from.join('\n')}\n`);
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
        ...more,
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        '',
      ].join('\n'),
    );
    run('apt-get', ['-qq', 'update'], { env: { APT_CONFIG: join(at, 'apt.conf') } });
  });
  return { env: { APT_CONFIG: join(folder, 'apt.conf') } };
};

/** This machine's Debian for arm64. */
export const arm64 = (): Apt =>
  lists('arm64', sources(), ['APT::Architecture "arm64";', 'APT::Architectures { "arm64"; };']);

/** Debian 13 for this kind of machine, from where this machine has its Debian. @throws NotHere */
export const trixie = (): Apt => {
  const [ours] = sources().flatMap((line) => /^(deb .*\/debian\/?) [a-z]+ main$/.exec(line)?.[1] ?? []);
  if (!ours) throw new NotHere('no source of apt-get is a mirror of Debian');
  return lists('trixie', [`${ours} trixie main`], []);
};
