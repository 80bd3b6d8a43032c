/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface SentEvent {
  /** Given back by a client that resumes, as `Last-Event-ID`. */
  readonly id: number | string;
  readonly name: string;
  readonly data: unknown;
}

/** Real ms between comments that keep proxies from closing a quiet stream: guards a socket, so no clock of ours. */
const HEARTBEAT = 15_000;
/** Bytes that may wait for a slow reader before its stream is closed; it resumes where it was. */
const MOST_WAITING = 1_000_000;

export interface EventStream {
  send(event: SentEvent): void;
  /** An id without an event, which sets the last event id alone (the standard's way). */
  mark(id: number | string): void;
  /** Waits until a slow reader has taken what was sent, or is gone. */
  taken(): Promise<void>;
  readonly isClosed: boolean;
  /** Cuts it; the client comes again. */
  cut(): void;
}

export interface EventStreamOptions {
  /** Hears once that the client is gone. */
  readonly onClose: () => void;
  /** Real ms between the comments of a quiet stream; 15 s. */
  readonly heartbeat?: number;
}

/** Begins a stream. The reply must be hijacked. */
export const openEventStream = (
  response: ServerResponse,
  { onClose, heartbeat = HEARTBEAT }: EventStreamOptions,
): EventStream => {
  const write = (text: string): void => {
    if (response.destroyed) return;
    response.write(text);
    if (response.writableLength > MOST_WAITING) response.destroy();
  };
  const stream: EventStream = {
    send: ({ id, name, data }) => write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    mark: (id) => write(`id: ${id}\n\n`),
    taken: async () => {
      if (!response.writableNeedDrain || response.destroyed) return await nextTurn();
      await new Promise<void>((resolve) => {
        const end = (): void => {
          response.off('drain', end).off('close', end);
          resolve();
        };
        response.on('drain', end).on('close', end);
      });
    },
    get isClosed() {
      return response.destroyed;
    },
    cut: () => void response.destroy(),
  };
  if (response.destroyed) {
    onClose();
    return stream;
  }
  const beat = setInterval(() => {
    // A reader that takes nothing is not kept alive: its connection ends when the server's patience does.
    if (!response.writableNeedDrain) response.write(': alive\n\n');
  }, heartbeat);
  response.once('close', () => {
    clearInterval(beat);
    onClose();
  });
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.write(': live\n\n');
  return stream;
};

/** Sends `missed`, then whatever `subscribe` brings, until the client goes. The reply must be hijacked. */
export const streamEvents = (
  response: ServerResponse,
  missed: readonly SentEvent[],
  subscribe: (listener: (event: SentEvent) => void) => () => void,
): void => {
  let unsubscribe = (): void => undefined;
  const stream = openEventStream(response, { onClose: () => unsubscribe() });
  if (stream.isClosed) return;
  for (const event of missed) stream.send(event);
  unsubscribe = subscribe((event) => stream.send(event));
};
