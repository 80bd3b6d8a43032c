import { createServer, type Server, type Socket } from 'node:net';
import { Duration, Seconds } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createRelayClient, RelayAnswer, RelayUnreachable } from '../src/index.ts';
import { startLab } from './support/lab.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A relay that does what it is told to a connection; returns its port. */
const fakeRelay = async (serve: (socket: Socket) => void): Promise<number> => {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

const clientOf = (port: number, timeout = Seconds(5)) =>
  createRelayClient({ host: '127.0.0.1', port, timeout });

describe('the relay client', () => {
  it('reads and orders with our relay', async () => {
    const lab = await startLab();
    closing.push(() => lab.stop());
    const client = clientOf(lab.port);
    expect([...(await client.read([3, 0]))]).toEqual([
      [3, false],
      [0, false],
    ]);
    expect(
      await client.order(
        new Map([
          [2, true],
          [3, true],
          [0, true],
          [1, true],
        ]),
      ),
    ).toBe(true);
    expect([...(await client.read([1, 2, 0]))]).toEqual([
      [1, true],
      [2, true],
      [0, true],
    ]);
    expect(await client.order(new Map([[0, false]]))).toBe(false);
    expect(await client.order(new Map([[9, true]]))).toBe(false);
    await expect(client.read([9])).rejects.toThrow(RelayAnswer);
    expect((await client.read([])).size).toBe(0);
  });

  it('sends what a v0.2 client sends, in one piece, and does not wait for a v0.2 relay to close', async () => {
    const received: string[] = [];
    const port = await fakeRelay((socket) =>
      socket.on('data', (bytes) => {
        received.push(bytes.toString());
        socket.write(received.length === 1 ? '{1: 0, 0: 1}' : 'True');
      }),
    );
    const client = clientOf(port, Seconds(20));
    expect([...(await client.read([0, 1]))]).toEqual([
      [0, true],
      [1, false],
    ]);
    expect(
      await client.order(
        new Map([
          [0, true],
          [1, true],
        ]),
      ),
    ).toBe(true);
    expect(received).toEqual(['ReadDATA|0, 1', '{0: True, 1: True}']);
  });

  it('puts a reply in pieces together', async () => {
    const port = await fakeRelay((socket) => {
      socket.setNoDelay(true);
      socket.once('data', () => {
        for (const [index, piece] of ['{0: T', 'rue, 1: Fal', 'se}'].entries())
          setTimeout(() => socket.write(piece), 10 * index);
      });
    });
    expect([...(await clientOf(port).read([0, 1]))]).toEqual([
      [0, true],
      [1, false],
    ]);
  });

  it.each([
    ['nonsense', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['half a dictionary', '{0: True'],
    ['other channels', '{1: True}'],
    ['True', 'True'],
    ['far too much', 'x'.repeat(10_000)],
  ])('calls %s for an answer garbage, and says what it asked and got', async (_, answer) => {
    const port = await fakeRelay((socket) => socket.once('data', () => socket.end(answer)));
    await expect(clientOf(port).read([0])).rejects.toThrow(RelayAnswer);
    await expect(clientOf(port).read([0])).rejects.toMatchObject({ code: 'relay.answer', retryable: false });
    await expect(clientOf(port).read([0])).rejects.toThrow('"ReadDATA|0"');
  });

  it('calls states for an answer to an order garbage', async () => {
    const port = await fakeRelay((socket) => socket.once('data', () => socket.end('{0: True}')));
    await expect(clientOf(port).order(new Map([[0, true]]))).rejects.toThrow(RelayAnswer);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['turns it away', (socket) => socket.destroy(), 'allow list'],
    ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'ECONNRESET'],
    ['says nothing', (socket) => socket.resume(), 'did not answer within 0.1 s'],
  ])('tells a relay that %s from one that answers garbage: trying again may help', async (_, serve, text) => {
    const port = await fakeRelay(serve);
    const client = clientOf(port, Duration(100));
    await expect(client.read([0])).rejects.toThrow(RelayUnreachable);
    await expect(client.order(new Map([[0, true]]))).rejects.toMatchObject({ retryable: true });
    await expect(client.read([0])).rejects.toThrow(
      text === 'ECONNRESET' || text === 'allow list' ? /allow list|ECONNRESET/ : text,
    );
  });

  it('says where nobody listens', async () => {
    const lab = await startLab();
    await lab.stop();
    await expect(clientOf(lab.port).read([0])).rejects.toThrow(
      `127.0.0.1:${lab.port} cannot be reached (ECONNREFUSED)`,
    );
  });
});
