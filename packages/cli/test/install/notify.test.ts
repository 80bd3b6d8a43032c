import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createServiceNotice, type NoticeFailed, socketAddress } from '../../src/install/notify.ts';
import { freePort, scratch, start } from '../support/daisee.ts';

const opened: ChildProcess[] = [];
afterEach(() => {
  for (const child of opened.splice(0)) child.kill('SIGKILL');
});

/** Plays systemd's part: a datagram socket that tells each message, in one line; Node has none, every Debian has Perl. */
const manager = async (path: string): Promise<{ readonly heard: () => readonly string[] }> => {
  const child = spawn(
    'perl',
    [
      '-MSocket',
      '-e',
      '$|=1; my $p = shift; $p =~ s/^@/\\0/; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($p)) or die; print "open\\n"; while (defined recv(S, $m, 4096, 0)) { $m =~ s/\\n/ /g; print "$m\\n" }',
      path,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  opened.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const heard = () => text.split('\n').filter(Boolean).slice(1);
  await vi.waitFor(() => expect(text).toContain('open'), { timeout: 20_000 });
  return { heard };
};

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

describe.runIf(process.platform === 'linux')('telling the service manager (Linux only)', () => {
  it('says that it starts, is ready, lives, stops', async () => {
    const socket = join(scratch(), 'notify');
    const { heard } = await manager(socket);
    const notice = createServiceNotice({
      environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '60000', WATCHDOG_PID: String(process.pid) },
      onFailure: (error) => expect.unreachable(error.message),
    });
    notice.start();
    await eventually(() => expect(heard().length).toBeGreaterThan(1));
    expect(new Set(heard())).toEqual(new Set(['EXTEND_TIMEOUT_USEC=30000000']));
    notice.ready();
    await eventually(() =>
      expect(heard().filter((message) => message === 'WATCHDOG=1').length).toBeGreaterThan(2),
    );
    expect(heard()).toContain(`READY=1 WATCHDOG=1 MAINPID=${process.pid}`);
    notice.stopping();
    await eventually(() => expect(heard()).toContain('STOPPING=1'));
    notice.end();
  });

  it('reaches an abstract socket', async () => {
    const name = `@daisee-test-${process.pid}`;
    const { heard } = await manager(name);
    const notice = createServiceNotice({
      environment: { NOTIFY_SOCKET: name },
      onFailure: (error) => expect.unreachable(error.message),
    });
    notice.ready();
    await eventually(() => expect(heard()).toHaveLength(1));
  });

  it('says once when nobody listens, and goes on', async () => {
    const failures: NoticeFailed[] = [];
    const notice = createServiceNotice({
      environment: { NOTIFY_SOCKET: join(scratch(), 'nobody'), PATH: '' },
      onFailure: (error) => failures.push(error),
      pace: 10,
    });
    notice.start();
    await eventually(() => expect(failures).toHaveLength(1));
    expect(failures[0]?.message).toMatch(/service manager cannot be told .*nobody/);
    notice.end();
  });

  it('is silent when no service manager asked', () => {
    const notice = createServiceNotice({ environment: {}, onFailure: () => expect.unreachable() });
    notice.start();
    notice.ready();
    notice.end();
  });

  it('a relay service is ready when it listens, and no longer pings when its event loop hangs', async () => {
    const socket = join(scratch(), 'notify');
    const { heard } = await manager(socket);
    const port = await freePort();
    const relay = start(['relay', '--port', String(port)], {
      NOTIFY_SOCKET: socket,
      WATCHDOG_USEC: '300000',
      WATCHDOG_PID: '',
    });
    await relay.line(/Relay board/);
    await eventually(() => expect(heard()).toContain(`READY=1 WATCHDOG=1 MAINPID=${relay.pid}`));
    await eventually(() => expect(heard()).toContain('WATCHDOG=1'));
    relay.signal('SIGSTOP');
    // What was on its way arrives; from then on nothing.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = heard().length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(heard()).toHaveLength(before);
    relay.signal('SIGCONT');
    relay.signal('SIGTERM');
    expect((await relay.ended).code).toBe(0);
    expect(heard()).toContain('STOPPING=1');
  });
});

describe('the address of a unix socket', () => {
  it('is its family and its path, ended by NUL', () => {
    expect([...socketAddress('/a')]).toEqual([1, 0, 0x2f, 0x61, 0]);
  });
  it('of an abstract socket begins with NUL and has no end mark', () => {
    expect([...socketAddress('@a')]).toEqual([1, 0, 0, 0x61]);
  });
});
