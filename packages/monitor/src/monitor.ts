/** The monitor: collects the samples of meters into a store and serves them over HTTP. */
import type { AddressInfo } from 'node:net';
import { createLogin, isLoopback } from '@daisee/http';
import { type Clock, DaiseeError, type Duration, messageOf, Seconds, SleepAborted } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import { type Collector, createCollector, type MeterOfSensor, type MonitorWarning } from './collector.ts';
import { joined } from './http/access.ts';
import { createFailureLog } from './http/failure-log.ts';
import { tooManyLogins } from './http/refusals.ts';
import { createServer } from './http/server.ts';
import type { SampleEvent } from './http/v1/live.ts';
import { createThinner, type Retention } from './retention.ts';
import { createSensorTime } from './sensor-time.ts';
import { createSettler } from './settler.ts';
import type { Directory } from './store/directory.ts';
import { createGathering } from './store/gathering.ts';
import { noDirectory } from './store/no-directory.ts';
import { createPieces } from './store/pieces.ts';
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
  /** A function says the one in force whenever it is asked; who came in by another is put out. */
  readonly password?: string | (() => string) | undefined;
  /** Names that it answers to besides its addresses and what the machine is called at home: a proxy's. */
  readonly hosts?: readonly string[] | undefined;
  /** Keeps tokens and what is told of sensors; stays open, too. Without one there are none. */
  readonly directory?: Directory;
  readonly meters?: readonly MeterOfSensor[];
  /**
   * The longest silence between two samples that is ever bridged, 15 min by default. Bridged is what a sensor's own rhythm
   * allows, seen from its samples.
   */
  readonly maxGap?: Duration;
  /**
   * How long a client may be silent in the middle of a request, or leave its answer untaken, before its connection is
   * closed; in real time, 60 s by default.
   */
  readonly patience?: Duration;
  /** Old samples are thinned in the background, the energy of each whole minute or quarter kept; not at all by default. */
  readonly retention?: Retention;
  /** How long a store that holds samples of `meters` may hold them, 5 min by default: what a power cut costs at most. */
  readonly holdFor?: Duration;
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

const urlOf = (server: FastifyInstance): string => {
  const address = server.server.address() as AddressInfo | null;
  if (!address) throw new NotListening();
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
};

const PATIENCE = Seconds(60);
const HOLD_FOR = Seconds(5 * 60);

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
  const sensorTime = createSensorTime(clock);
  const collector: Collector = createCollector({
    store,
    clock,
    meters,
    ...gap,
    onWarning,
    onSample: (event) => {
      sensorTime.arrived(event.sensorId, event.sample.at);
      publish(event);
    },
  });
  const thinner = createThinner({ store, clock, retention: options.retention ?? {}, onWarning });
  const settler = createSettler({ store, clock, every: options.holdFor ?? HOLD_FOR, onWarning });
  let server: FastifyInstance | undefined;
  let stopping: Promise<void> | undefined;

  const append = createPieces(store, createGathering(store), (sensorId, samples) => {
    const newest = samples.at(-1);
    if (newest) sensorTime.arrived(sensorId, newest.at);
    for (const sample of samples) publish({ sensorId, sample });
  });

  const serve = async (signal: AbortSignal | undefined): Promise<FastifyInstance> => {
    const secretNow = typeof password === 'function' ? password : () => password ?? '';
    const secured = login !== undefined && login !== '' && secretNow() !== '';
    if (!secured && (!isLoopback(host) || (login ?? '') !== '' || secretNow() !== ''))
      throw new MonitorExposed(host);
    const made = await createServer({
      store,
      clock,
      credentials: secured
        ? await createLogin({
            clock,
            secret: () => joined(login, secretNow()),
            tooMany: tooManyLogins,
          })
        : undefined,
      hosts: options.hosts,
      directory: options.directory ?? noDirectory,
      subscribe: onSample,
      ingest: (sensorId, samples, given) => append(sensorId, samples, { ...gap, rhythm: true, ...given }),
      sensorTime,
      waiting: () => collector.waiting(),
      patience: options.patience ?? PATIENCE,
      onFailure: createFailureLog(clock, (message, error) => onWarning({ kind: 'request', message, error })),
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
    await thinner.stop();
    await collector.stop();
    await settler.stop();
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
        thinner.start();
        settler.start();
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
