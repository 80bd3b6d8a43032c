/** The monitor: collects the samples of meters into a store and serves them over HTTP. */
import type { AddressInfo } from 'node:net';
import { type Clock, DaiseeError, type Duration, messageOf, SleepAborted } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import { type Collector, createCollector, type MeterOfSensor, type MonitorWarning } from './collector.ts';
import { createCredentials } from './http/credentials.ts';
import { createServer } from './http/server.ts';
import type { SampleEvent } from './http/v1/live.ts';
import type { Directory } from './store/directory.ts';
import { noDirectory } from './store/no-directory.ts';
import type { SampleStore } from './store/store.ts';

export interface MonitorOptions {
  /** Stays open when the monitor stops: whoever opened it closes it. */
  readonly store: SampleStore;
  readonly clock: Clock;
  /** Where it listens, `127.0.0.1` by default; anything but this machine needs a login and a password. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly login?: string;
  readonly password?: string;
  /** Keeps tokens and what is told of sensors; stays open, too. Without one there are none. */
  readonly directory?: Directory;
  readonly meters?: readonly MeterOfSensor[];
  /** The longest time between two samples that is no gap, 15 min by default. */
  readonly maxGap?: Duration;
  readonly onWarning?: (warning: MonitorWarning) => void;
}

export interface Monitor {
  /**
   * Listens and collects; both are on when it returns. The signal aborts the starting only.
   * @throws MonitorExposed, ListenFailed, UnknownSensor, SignDiffers, StoreError; SleepAborted by the signal.
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Takes a last reading of the meters that can be asked, stores it, then stops listening. Safe to call twice. */
  stop(): Promise<void>;
  /** Where it listens, like `http://127.0.0.1:8080`. @throws NotListening before `start` and after `stop`. */
  readonly url: string;
  /** Takes one reading now of each meter that can be asked: before the last reports of an agent that stops. */
  readMeters(): Promise<void>;
  /** Hears of each sample right after it was stored. Returns how to stop hearing. */
  onSample(listener: (event: SampleEvent) => void): () => void;
}

/** Thrown when a monitor without credentials would listen to more than its own machine. */
export class MonitorExposed extends DaiseeError {
  constructor(host: string) {
    super({
      code: 'monitor.exposed',
      message: `The monitor does not listen on ${host} without credentials: give both --login and --password (node.login and node.password), or --host 127.0.0.1.`,
      retryable: false,
      values: { host },
    });
  }
}

/** Thrown when the monitor cannot listen where it was told to. */
export class ListenFailed extends DaiseeError {
  constructor(host: string, port: number, cause: unknown) {
    const { code } = cause as { code?: unknown };
    const inUse = code === 'EADDRINUSE';
    const why =
      code === 'EADDRINUSE'
        ? 'another program uses that port: give another one with --port'
        : code === 'EACCES'
          ? 'ports below 1024 need rights: give another one with --port'
          : `check the address given with --host (${messageOf(cause)})`;
    super({
      code: inUse ? 'monitor.port-in-use' : 'monitor.listen',
      message: `The monitor cannot listen on ${host} port ${port}: ${why}.`,
      retryable: inUse,
      values: { host, port, reason: code },
      cause,
    });
  }
}

/** Thrown for the address of a monitor that does not listen. */
class NotListening extends DaiseeError {
  constructor() {
    super({
      code: 'monitor.not-listening',
      message: 'The monitor has no address: start it first.',
      retryable: false,
    });
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const urlOf = (server: FastifyInstance): string => {
  const address = server.server.address() as AddressInfo | null;
  if (!address) throw new NotListening();
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
};

/** Makes a monitor; nothing runs before `start`. */
export const createMonitor = (options: MonitorOptions): Monitor => {
  const { store, clock, host = '127.0.0.1', port, login, password, meters = [], maxGap } = options;
  const onWarning = options.onWarning ?? (() => undefined);
  const listeners = new Set<(event: SampleEvent) => void>();
  const onSample: Monitor['onSample'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const publish = (event: SampleEvent): void => {
    for (const listener of listeners)
      try {
        listener(event);
      } catch (error) {
        onWarning({ kind: 'request', message: `A listener to samples failed: ${messageOf(error)}`, error });
      }
  };
  const gap = maxGap === undefined ? {} : { maxGap };
  const collector: Collector = createCollector({
    store,
    clock,
    meters,
    ...gap,
    onWarning,
    onSample: publish,
  });
  let server: FastifyInstance | undefined;
  let stopping: Promise<void> | undefined;

  const serve = async (signal: AbortSignal | undefined): Promise<FastifyInstance> => {
    const secured = login !== undefined && login !== '' && password !== undefined && password !== '';
    if (!secured && (!isLoopback(host) || (login ?? '') !== '' || (password ?? '') !== ''))
      throw new MonitorExposed(host);
    const made = await createServer({
      store,
      clock,
      credentials: secured ? await createCredentials(login, password) : undefined,
      directory: options.directory ?? noDirectory,
      subscribe: onSample,
      ingest: async (sensorId, samples) => {
        const appended = await store.append(sensorId, samples, gap);
        for (const sample of appended.samples) publish({ sensorId, sample });
        return appended;
      },
      waiting: () => collector.waiting(),
      onFailure: (request, error) =>
        onWarning({ kind: 'request', message: `${request} failed: ${messageOf(error)}`, error }),
    });
    try {
      if (signal?.aborted) throw new SleepAborted();
      await made.listen({ host, port });
      return made;
    } catch (error) {
      await made.close();
      throw error instanceof DaiseeError ? error : new ListenFailed(host, port, error);
    }
  };

  const stop = async (): Promise<void> => {
    const running = server;
    if (!running) return;
    await collector.stop();
    // Streams live as long as their connection; closing the server ends them.
    await running.close();
    server = undefined;
  };

  return {
    get url() {
      if (!server) throw new NotListening();
      return urlOf(server);
    },
    onSample,
    readMeters: () => collector.readMeters(),
    start: async (signal) => {
      if (server) return;
      server = await serve(signal);
      try {
        if (signal?.aborted) throw new SleepAborted();
        await collector.start();
      } catch (error) {
        const failed = server;
        server = undefined;
        await failed.close();
        throw error;
      }
    },
    stop: () => {
      stopping ??= stop().finally(() => {
        stopping = undefined;
      });
      return stopping;
    },
  };
};
