import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { boundConnections, hashOf, isNewSecret, newSecret } from '../src/index.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  isCut = false;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.isCut = true;
    this.emit('close');
  }
}

describe('the connections of a server', () => {
  it('are as many as it says; a further one is closed unanswered, until one ends', async () => {
    const server = createServer((_, response) => response.end());
    boundConnections(server, { most: 3 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const open = async (): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    };
    const held = [await open(), await open(), await open()];
    const late = await open();
    await once(late, 'close');
    held[0]?.destroy();
    await once(held[0] as Socket, 'close');
    await expect
      .poll(async () => {
        const socket = await open();
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])]);
        socket.destroy();
        return String(answer).split('\r\n')[0];
      })
      .toBe('HTTP/1.1 200 OK');
    server.closeAllConnections();
    for (const socket of held) socket.destroy();
    server.close();
  });

  it('of one other machine are a quarter, so that one alone keeps nobody out; this machine shares them all', () => {
    const server = new EventEmitter() as unknown as Server;
    boundConnections(server, { most: 8 });
    const open = (address: string): FakeSocket => {
      const socket = new FakeSocket(address);
      server.emit('connection', socket);
      return socket;
    };
    const neighbour = [open('10.0.0.9'), open('::ffff:10.0.0.9'), open('10.0.0.9')];
    expect(neighbour.map(({ isCut }) => isCut)).toEqual([false, false, true]);
    expect(open('10.0.0.10').isCut).toBe(false);
    for (let i = 0; i < 20; i++) expect(open('127.0.0.1').isCut).toBe(false);
    neighbour[0]?.destroy();
    expect(open('10.0.0.9').isCut).toBe(false);
    expect(open('10.0.0.9').isCut).toBe(true);
  });
});

describe('a secret that was made here', () => {
  it('is told from words that somebody thought of', () => {
    for (let i = 0; i < 100; i++) expect(isNewSecret(newSecret())).toBe(true);
    for (const words of ['daisee_', 'a-token-of-the-agent', `${newSecret()}x`, hashOf('x'), ''])
      expect(isNewSecret(words)).toBe(false);
  });
});
