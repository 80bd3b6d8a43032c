/** Starting parts in order, ending them in reverse, on Ctrl-C, a service manager's SIGTERM or a closed terminal. */
import { messageOf } from '@daisee/units';
import type { Output } from './output.ts';

interface Part {
  readonly name: string;
  stop(): Promise<void>;
}

export interface Lifecycle {
  /** Aborts at the first SIGINT or SIGTERM, or when `end` is called. */
  readonly signal: AbortSignal;
  /** Remembers a part that runs, to be stopped before those that were started earlier. */
  started(part: Part): void;
  end(): void;
  /** Resolves when it is time to stop. */
  stopped(): Promise<void>;
  /** Stops every part, newest first; a part that cannot stop is reported and does not keep the others from it. */
  stopAll(): Promise<void>;
}

export const createLifecycle = (output: Output): Lifecycle => {
  const controller = new AbortController();
  const parts: Part[] = [];
  let asked = 0;
  const onSignal = () => {
    asked++;
    if (asked === 1) controller.abort();
    else if (asked === 2) output.note('Stopping; the relay goes to rest first. Once more ends it at once.');
    else process.exit(130);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The terminal was closed.
  process.on('SIGHUP', onSignal);
  return {
    signal: controller.signal,
    started: (part) => {
      parts.push(part);
    },
    end: () => controller.abort(),
    stopped: () =>
      new Promise((resolve) => {
        if (controller.signal.aborted) resolve();
        else controller.signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    stopAll: async () => {
      for (let part = parts.pop(); part; part = parts.pop())
        try {
          await part.stop();
        } catch (error) {
          output.note(`${part.name} did not stop cleanly: ${messageOf(error)}`);
          process.exitCode = 1;
        }
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGHUP', onSignal);
    },
  };
};
