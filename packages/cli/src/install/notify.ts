/**
 * Telling systemd how a service is: ready, alive, stopping (sd_notify(3): one datagram a message to the socket that
 * `NOTIFY_SOCKET` names). The pings come from the event loop, so a loop that hangs stops them and systemd acts.
 *
 * node:net has no datagrams on unix sockets. Node 26 can call the C library (`node:ffi`) to open and connect one, and
 * then every message is an ordinary write; where that is missing, `systemd-notify` is started for each message.
 * docs/decisions/ has what was weighed.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { DaiseeError, messageOf } from '@daisee/units';

export interface ServiceNotice {
  /** Pings from now on, as often as the watchdog wants it; `ready` follows when the parts run. */
  readonly start: () => void;
  readonly ready: () => void;
  readonly stopping: () => void;
  /** Ends the pings. */
  readonly end: () => void;
}

/** The service manager asked to be told and cannot be. */
export class NoticeFailed extends DaiseeError {
  constructor(socket: string, why: string, cause?: unknown) {
    super({
      code: 'cli.notify',
      message: `The service manager cannot be told that this runs (NOTIFY_SOCKET ${socket}): ${why}.`,
      retryable: true,
      values: { socket, why },
      cause,
    });
  }
}

type Send = (message: string) => void;

const AF_UNIX = 1;
/** SOCK_DGRAM | SOCK_CLOEXEC on every Linux that Node runs on. */
const DATAGRAMS = 2 | 0o2000000;

/** `struct sockaddr_un` (unix(7)): family, path; a leading @ stands for the NUL of an abstract address. */
export const socketAddress = (path: string): Buffer => {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  const address = Buffer.alloc(2 + name.length);
  if (process.arch === 's390x') address.writeUInt16BE(AF_UNIX);
  else address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  return address;
};

const connected = async (path: string): Promise<Send> => {
  const { dlopen } = await import('node:ffi');
  const { functions } = dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    connect: { arguments: ['i32', 'buffer', 'u32'], return: 'i32' },
  });
  const address = socketAddress(path);
  const descriptor = functions['socket'](AF_UNIX, DATAGRAMS, 0);
  if (!(descriptor >= 0)) throw new NoticeFailed(path, 'no socket could be made');
  if (functions['connect'](descriptor, address, address.length) !== 0)
    throw new NoticeFailed(path, 'nobody listens there');
  return (message) => {
    writeSync(descriptor, message);
  };
};

/** One process a message; the unit's NotifyAccess=all lets it speak for the service. */
const byCommand =
  (socket: string, onFailure: (why: unknown) => void): Send =>
  (message) => {
    spawn('systemd-notify', message.split('\n'), {
      // Secrets of the environment are not its business.
      env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    })
      .once('error', onFailure)
      .once('exit', (code) => code === 0 || onFailure(`systemd-notify ended with ${code}`));
  };

export interface NoticeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onFailure: (error: NoticeFailed) => void;
  /** Real time between pings when the watchdog is off, for the time that starting takes, in ms. */
  readonly pace?: number;
}

const silent: ServiceNotice = { start: () => {}, ready: () => {}, stopping: () => {}, end: () => {} };

/** How long a start may go on after each ping, in µs: as long as the loop turns, waiting for a chain is no failure. */
const PATIENCE = 30_000_000;

/** What this process tells its service manager; nothing when none asked. The watchdog counts real time. */
export const createServiceNotice = ({
  environment,
  onFailure,
  pace = 10_000,
}: NoticeOptions): ServiceNotice => {
  const socket = environment['NOTIFY_SOCKET'];
  if (!socket) return silent;
  const watched = !environment['WATCHDOG_PID'] || environment['WATCHDOG_PID'] === String(process.pid);
  const microseconds = watched ? Number(environment['WATCHDOG_USEC'] ?? 0) : 0;
  // Half of the time allowed is what sd_watchdog_enabled(3) recommends; a third leaves room for a late one.
  const every = microseconds > 0 ? microseconds / 3000 : pace;
  let failed = false;
  const fail = (error: unknown): void => {
    if (failed) return;
    failed = true;
    onFailure(error instanceof NoticeFailed ? error : new NoticeFailed(socket, messageOf(error), error));
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  let isReady = false;
  const command = byCommand(socket, fail);
  const channel = connected(socket).catch(() => command);
  const tell = (message: string): void =>
    void channel.then((send) => {
      try {
        send(message);
      } catch (error) {
        fail(error);
      }
    });
  const ping = (): void => tell(isReady ? 'WATCHDOG=1' : `EXTEND_TIMEOUT_USEC=${PATIENCE}`);
  return {
    start: () => {
      ping();
      timer = setInterval(ping, every);
    },
    ready: () => {
      isReady = true;
      tell(`READY=1\nWATCHDOG=1\nMAINPID=${process.pid}`);
    },
    stopping: () => tell('STOPPING=1'),
    end: () => clearInterval(timer),
  };
};
