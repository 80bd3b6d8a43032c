/** Event streams over a real socket. */
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type EventStream, openEventStream, type SentEvent, streamEvents } from '../src/index.ts';

/** Serves one client with `serve`; gives what it was sent once that has `length` characters. */
const served = async (serve: (response: ServerResponse) => unknown) => {
  const server = createServer((_request, response) => serve(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject),
  );
  response.setEncoding('utf8');
  return {
    response,
    /** Reads up to and with that text. */
    upTo: (end: string) =>
      new Promise<string>((resolve) => {
        let text = '';
        const take = (piece: string): void => {
          text += piece;
          if (!text.includes(end)) return;
          response.off('data', take);
          resolve(text);
        };
        response.on('data', take);
      }),
    end: async () => {
      response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

describe('an event stream', () => {
  it('sends what was missed, then what comes, and stops listening when the client goes', async () => {
    let tell = (_event: SentEvent): void => undefined;
    let left = (): void => undefined;
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const client = await served((response) =>
      streamEvents(response, [{ id: 1, name: 'a', data: { n: 1 } }], (listener) => {
        tell = listener;
        return left;
      }),
    );
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    const first = client.upTo('"n":1}\n\n');
    expect(await first).toBe(': live\n\nid: 1\nevent: a\ndata: {"n":1}\n\n');
    const next = client.upTo('"n":2}\n\n');
    tell({ id: 'x-2', name: 'b', data: { n: 2 } });
    expect(await next).toBe('id: x-2\nevent: b\ndata: {"n":2}\n\n');
    client.response.destroy();
    await gone;
    // Who is told once more before he knows is not disturbed by it.
    tell({ id: 3, name: 'c', data: {} });
    await client.end();
  });

  it('keeps a quiet one open, and cuts one whose reader takes nothing', async () => {
    let closed = 0;
    const client = await served((response) => {
      const stream = openEventStream(response, { onClose: () => closed++, heartbeat: 5 });
      stream.mark('s0');
    });
    expect(await client.upTo(': alive\n\n: alive')).toContain(': live\n\nid: s0\n\n');
    await client.end();

    const streams: EventStream[] = [];
    const deaf = await served((response) =>
      streams.push(openEventStream(response, { onClose: () => closed++ })),
    );
    // A reader that is cut off hears of it.
    const wasCut = new Promise((resolve) => deaf.response.on('error', resolve));
    const [stream] = streams;
    // More than sockets hold, at once; what comes after the cut disturbs nobody.
    for (let id = 0; id < 300; id++) stream?.send({ id, name: 'long', data: 'x'.repeat(100_000) });
    expect(stream?.isClosed).toBe(true);
    deaf.response.resume();
    await wasCut;
    await stream?.taken();
    await deaf.end();
    expect(closed).toBe(2);
  });
});
