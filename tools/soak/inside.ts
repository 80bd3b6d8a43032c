/** A look into the lab's process through Node's inspector: what is alive on its heap, and how late its event loop is. */

export interface Inside {
  /** After collecting garbage: what is alive, MB; and the event loop's delay since the last look, ms. */
  look(): Promise<{ readonly heapMB: number; readonly lag: number; readonly lagP99: number }>;
  close(): void;
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Run once in the lab: how late a timer of 10 ms comes (https://nodejs.org/api/perf_hooks.html). */
const WATCH = `globalThis.soakDelay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 10 });
soakDelay.enable(); 0`;
/** In milliseconds, less the timer's own length. */
const READ = `(() => { const told = [soakDelay.mean / 1e6 - 10, soakDelay.percentile(99) / 1e6 - 10];
soakDelay.reset(); return JSON.stringify(told); })()`;

/** @param address as Node tells it: `ws://127.0.0.1:…` */
export const openInside = async (address: string): Promise<Inside> => {
  const socket = new WebSocket(address);
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  let id = 0;
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    const asked = waiting.get(answer.id ?? -1);
    waiting.delete(answer.id ?? -1);
    if (answer.error) asked?.reject(new Error(`The inspector refused: ${answer.error.message}`));
    else asked?.resolve(answer.result ?? {});
  });
  socket.addEventListener('close', () => {
    for (const asked of waiting.values()) asked.reject(new Error('The lab has closed its inspector.'));
    waiting.clear();
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`No inspector answers at ${address}.`)), {
      once: true,
    });
  });
  const ask = (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const asked = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(++id, asked);
    socket.send(JSON.stringify({ id, method, params }));
    return asked.promise;
  };
  await ask('Runtime.evaluate', { expression: WATCH });
  return {
    look: async () => {
      const { result } = (await ask('Runtime.evaluate', { expression: READ })) as {
        result?: { value?: string };
      };
      const [lag = 0, lagP99 = 0] = JSON.parse(result?.value ?? '[]') as number[];
      await ask('HeapProfiler.collectGarbage');
      const { usedSize } = (await ask('Runtime.getHeapUsage')) as { usedSize?: number };
      return { heapMB: (usedSize ?? 0) / 1e6, lag: Math.max(0, lag), lagP99: Math.max(0, lagP99) };
    },
    close: () => socket.close(),
  };
};
