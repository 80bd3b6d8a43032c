/**
 * The service's side of its guard: starts it, keeps it convinced that the service lives, and tells when it is lost.
 * Real time throughout, see `pulse.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DaiseeError } from '@daisee/units';
import type { RestPins } from '../drivers/gpio/rest.ts';
import type { GuardOrders } from './main.ts';
import { BEAT, BEAT_ARMED, BEAT_EVERY, FAREWELL, LOOKS, PATIENCE, READY } from './pulse.ts';

/** Thrown, and reported, while there is no guard that would bring the board to rest. */
export class GuardLost extends DaiseeError {
  constructor(reason: string) {
    super({
      code: 'relay.guard-lost',
      message: `The process that guards the relay board ${reason}; nothing is switched on without one. It is started again within seconds; if that fails, see its lines in the log.`,
      retryable: true,
      values: { reason },
    });
  }
}

export interface GuardOptions {
  /** The pins it brings to rest. */
  readonly rest: RestPins;
  /** Silence after which either counts as hung, ms; 1000 by default. */
  readonly patience?: number;
  /** Called when the guard ended or hung unasked; another is started by itself. */
  readonly onLost?: (error: GuardLost) => void;
}

export interface Guard {
  /** Starts it and waits until it is prepared. @throws GuardLost */
  start(): Promise<void>;
  /** True while a guard is prepared. */
  readonly present: boolean;
  /** Its process identifier, while there is one. */
  readonly pid: number | undefined;
  /** Tells it whether something is on: only then is a hang dangerous, and ended. */
  arm(armed: boolean): void;
  /** Ends it. With `farewell` the board is at rest; without, the guard brings it there first. */
  stop(farewell: boolean): Promise<void>;
}

/**
 * The first start on a busy Raspberry Pi 3 compiles everything and takes half a minute. One that is killed in the midst
 * of it has kept nothing of what it compiled, and the next would take as long; without a guard nothing is on.
 */
const START_WITHIN = 60_000;
/** For bringing the board to rest, should it be told to. */
const END_WITHIN = 20_000;
const AGAIN_FIRST = 100;
const AGAIN_LONGEST = 10_000;

/**
 * Where this process keeps its compiled modules, if it does (NODE_COMPILE_CACHE). With it the guard starts without
 * compiling TypeScript, in half the time and with two thirds of the memory.
 */
const compiled = (): Record<string, string> => {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
};

interface Post {
  readonly child: ChildProcess;
  readonly beats: NodeJS.Timeout;
  heard: number;
  /** Looks since then. */
  looks: number;
  ready: boolean;
}

export const createGuard = (options: GuardOptions): Guard => {
  const { rest, patience = PATIENCE, onLost } = options;
  let post: Post | undefined;
  let again: NodeJS.Timeout | undefined;
  let delay = AGAIN_FIRST;
  let wanted = false;
  let armed = false;

  const beat = (): Buffer => Buffer.of(armed ? BEAT_ARMED : BEAT);

  const leave = (gone: Post): void => {
    clearInterval(gone.beats);
    if (post === gone) post = undefined;
  };

  const lose = (gone: Post, reason: string): void => {
    if (post !== gone) return;
    leave(gone);
    const known = gone.ready;
    if (!wanted) return;
    again = setTimeout(() => {
      man().catch((error: unknown) => {
        if (error instanceof GuardLost) return; // it was told by `lose`
        throw error;
      });
    }, delay);
    again.unref();
    delay = Math.min(delay * 2, AGAIN_LONGEST);
    if (known) onLost?.(new GuardLost(reason));
  };

  /** Starts one process and waits until it says that it is prepared. */
  const man = (): Promise<void> => {
    const orders: GuardOrders = { ...rest, owner: process.pid, patience };
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('./main.ts', import.meta.url)), JSON.stringify(orders)],
      { detached: true, cwd: '/', env: compiled(), stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const { stdin, stdout } = child;
    const mine: Post = {
      child,
      heard: performance.now(),
      looks: 0,
      ready: false,
      beats: setInterval(() => {
        stdin.write(beat());
        mine.looks++;
        const silent = performance.now() - mine.heard;
        // A guard that hangs is as good as none; one that has no time to start is given it.
        if (mine.looks < LOOKS || silent < (mine.ready ? patience : START_WITHIN)) return;
        child.kill('SIGKILL');
        lose(mine, 'hung and was killed');
      }, BEAT_EVERY),
    };
    post = mine;
    return new Promise((resolve, reject) => {
      const end = (reason: string): void => {
        lose(mine, reason);
        reject(new GuardLost(reason));
      };
      stdin.on('error', () => undefined); // a guard that is gone is told by its exit
      stdout.on('data', (bytes: Buffer) => {
        mine.heard = performance.now();
        mine.looks = 0;
        if (!mine.ready && bytes.includes(READY)) {
          mine.ready = true;
          delay = AGAIN_FIRST;
          // It must not keep a service alive that has nothing else to do: then the pipe closes, and it acts.
          child.unref();
          for (const stream of [stdin, stdout]) if ('unref' in stream) (stream as { unref(): void }).unref();
          mine.beats.unref();
          resolve();
        }
      });
      child.on('error', (error) => end(`could not be started: ${error.message}`));
      child.on('exit', (code, signal) => end(`ended (${signal ?? `code ${code}`})`));
    });
  };

  return {
    get present() {
      return post?.ready ?? false;
    },
    get pid() {
      return post?.child.pid;
    },
    arm: (now) => {
      if (armed === now) return;
      armed = now;
      // Node hands so few bytes to the kernel at once: the guard has them even if this process hangs next.
      post?.child.stdin?.write(beat());
    },
    start: async () => {
      wanted = true;
      try {
        await man();
      } catch (error) {
        wanted = false;
        clearTimeout(again);
        throw error;
      }
    },
    stop: async (farewell) => {
      wanted = false;
      clearTimeout(again);
      const last = post;
      if (!last) return;
      leave(last);
      const { child } = last;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const ended = once(child, 'exit');
      child.stdin?.end(farewell ? Buffer.of(FAREWELL) : undefined);
      const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN);
      await ended;
      clearTimeout(late);
    },
  };
};
