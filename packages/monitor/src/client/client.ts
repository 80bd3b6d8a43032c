/** Reading a node's meter from its monitor, this one or v0.2's. */
import { type Duration, Seconds } from '@daisee/units';
import { MonitorUnreachable } from './errors.ts';
import type { MonitorClient } from './monitor-client.ts';
import { createV1Client, hasV1 } from './v1.ts';
import { createV02Client } from './v02.ts';

export interface MonitorClientOptions {
  /** Like `http://192.168.0.10:8080`. */
  readonly url: string;
  readonly login?: string;
  /** A function says the one in force whenever the monitor is asked. */
  readonly password?: string | (() => string) | undefined;
  readonly sensorId: number;
  /** How long one request may take in the machine's time, 5 s by default. */
  readonly timeout?: Duration;
}

/** Uses `/api/v1` where the monitor has it and the v0.2 protocol where not; asks which again after it was away. */
export const createMonitorClient = (options: MonitorClientOptions): MonitorClient => {
  const { password = '' } = options;
  const transport = {
    login: '',
    timeout: Seconds(5),
    ...options,
    password: typeof password === 'function' ? password : () => password,
    url: options.url.replace(/\/+$/, ''),
  };
  const v1 = createV1Client(transport);
  const v02 = createV02Client(transport);
  let spoken: MonitorClient | undefined;
  const find = async (): Promise<MonitorClient> => {
    const answer = await hasV1(transport);
    if (answer !== undefined) spoken = answer ? v1 : v02;
    // Every monitor understands v0.2, and says in it what is wrong.
    return spoken ?? v02;
  };
  const call = async <T>(work: (client: MonitorClient) => Promise<T>): Promise<T> => {
    try {
      return await work(spoken ?? (await find()));
    } catch (error) {
      // When it comes back it may be another one.
      if (error instanceof MonitorUnreachable) spoken = undefined;
      throw error;
    }
  };
  return {
    time: () => call((client) => client.time()),
    rule: () => call((client) => client.rule()),
    samples: (from, to) => call((client) => client.samples(from, to)),
    standing: (question) => call((client) => client.standing(question)),
    mark: (mark) => call((client) => client.mark(mark)),
    marks: (from, to) => call((client) => client.marks(from, to)),
    latest: () => call((client) => client.latest()),
    powerBySteps: (from, to, step) => call((client) => client.powerBySteps(from, to, step)),
    energyBySteps: (from, to, step, zone) => call((client) => client.energyBySteps(from, to, step, zone)),
  };
};
