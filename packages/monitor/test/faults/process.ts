/** Starting, asking and killing the service of these tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { DaiseeError } from '@daisee/units';
import type { Reply } from '../served.ts';

export interface ServiceOptions {
  /** Where its SQLite file is. */
  readonly folder: string;
  /** The address of a database instead. */
  readonly postgres?: string;
  /** Seconds; see `MonitorOptions`. */
  readonly patience?: number;
  /** Whether it has a meter of its own that brings ten samples a second, on a sensor called Metered. */
  readonly metered?: boolean;
  /** A folder where samples of its meter are held, for half a second at most; it brings 200 a second then. */
  readonly holds?: string;
}

export type Order = 'report' | 'fill' | 'free' | 'stop';

export interface Report {
  readonly url: string;
  readonly sensor: number;
  readonly warnings: readonly string[];
  /** Connections that it has open. */
  readonly connections: number;
}

export interface Service {
  readonly url: string;
  readonly sensor: number;
  order(order: Order): Promise<Report>;
  /** Peak resident memory in bytes since it started. */
  peak(): number;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Ends it as a service manager would; false when it had to be killed. */
  stop(): Promise<void>;
}

class NoService extends DaiseeError {
  constructor(why: string) {
    super({ code: 'test.no-service', message: why, retryable: false });
  }
}

const SERVICE = fileURLToPath(new URL('./service.ts', import.meta.url));

/** Starts it; `wrap` puts another command before its own (a mount namespace). */
export const startService = async (
  options: ServiceOptions,
  wrap: readonly string[] = [],
): Promise<Service> => {
  const [command, ...args] = [...wrap, process.execPath, SERVICE, JSON.stringify(options)];
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const closed = once(child, 'exit');
  const heard = async (): Promise<Report> => {
    const report = await Promise.race([once(child, 'message'), closed.then(() => undefined)]);
    if (!report) throw new NoService(`The service ended with ${child.exitCode ?? child.signalCode}.`);
    return (report as [Report])[0];
  };
  const { url, sensor } = await heard();
  return {
    url,
    sensor,
    order: (order) => {
      const answer = heard();
      child.send(order);
      return answer;
    },
    peak: () =>
      1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send('stop');
      await closed;
    },
  };
};

export interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps its connection. */
  readonly agent?: Agent;
}

export const JSON_BODY = { 'Content-Type': 'application/json' };

/** Asks over HTTP; rejects with the socket's error when there is no whole answer. */
export const ask = (url: string, { method, body, headers, agent }: Asked = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...headers },
        agent: agent ?? false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

/** Waits for a condition, asked again and again. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};
