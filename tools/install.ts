/**
 * What `npm install` does to a fresh copy of this project under several versions of npm: which scripts run, and whether
 * `npm start` runs then on this machine's own Node. Needs the registry.
 *
 *   npm run check:install                 the npm of Debian 13, of Node 20 and 22, and of Node 24
 *   npm run check:install -- 10.8.2       that one
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const asked = process.argv.slice(2);
const versions = asked.length > 0 ? asked : ['9.2.0', '10', '11'];
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'daisee-install-'));
// As a shell that knows nothing of this clone, nor of the npm that started this.
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((part) => !/node_modules|node-gyp-bin/.test(part));
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  PATH: path.join(delimiter),
};

const run = (command: string, words: readonly string[], cwd: string): { status: number; output: string } => {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 600_000,
  });
  return { status: status ?? 1, output: `${stdout}${stderr}${error ? error.message : ''}` };
};
const must = (command: string, words: readonly string[], cwd: string): string => {
  const { status, output } = run(command, words, cwd);
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} failed: ${output.slice(-2000)}`);
  return output;
};

const check = (version: string): boolean => {
  const tool = join(folder, `npm-${version}`);
  mkdirSync(tool);
  must('npm', ['install', '--prefix', tool, '--no-audit', '--no-fund', `npm@${version}`], tool);
  const npm = join(tool, 'node_modules/.bin/npm');
  const clone = join(folder, `clone-${version}`);
  for (const file of must(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    root,
  ).split('\0'))
    if (file !== '' && existsSync(join(root, file))) {
      mkdirSync(dirname(join(clone, file)), { recursive: true });
      cpSync(join(root, file), join(clone, file));
    }
  const log = join(tool, 'scripts');
  const shell = join(tool, 'shell');
  writeFileSync(
    shell,
    `#!/bin/sh\necho "$npm_package_name $npm_lifecycle_event" >>'${log}'\nexec /bin/sh "$@"\n`,
  );
  chmodSync(shell, 0o755);
  must(npm, ['install', '--no-audit', '--no-fund', `--script-shell=${shell}`], clone);
  const scripts = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  const started = run(npm, ['start', '--', '--speed', '300', '--duration', '5m', '--app-port', '0'], clone);
  console.log(
    `npm ${must(npm, ['--version'], tool).trim()}, Node ${must('node', ['--version'], tool).trim()}: ` +
      `${scripts.length === 0 ? 'no script ran' : `ran ${scripts.join(', ')}`}; ` +
      `npm start ${started.status === 0 ? 'works' : `fails: ${started.output.trim().slice(-500)}`}`,
  );
  return scripts.length === 0 && started.status === 0;
};

try {
  const results = versions.map(check);
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
