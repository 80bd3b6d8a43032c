import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { Duration } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { type OpenLink, openLink } from '../../src/links/link.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const listening = async (server: Server): Promise<{ host: string; port: number }> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
};

/** Says everything back, and keeps what it heard. */
const echo = async () => {
  const heard: string[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      heard.push(String(bytes));
      socket.write(bytes);
    });
  });
  return { heard, target: await listening(server) };
};

/** Answers each request with its number, method, path and body. */
const counting = async () => {
  let count = 0;
  const answer = async (message: IncomingMessage): Promise<string> => {
    let body = '';
    for await (const part of message) body += String(part);
    return `${++count} ${message.method} ${message.url} ${body}`;
  };
  const server = createServer((message, response) => {
    void answer(message).then((text) => response.end(text));
  });
  return { count: () => count, target: await listening(server) };
};

const open = async (target: { host: string; port: number }, kind: 'tcp' | 'http'): Promise<OpenLink> => {
  const link = await openLink({ name: 'agent1-chain', kind, target });
  ends.push(() => link.close());
  return link;
};

const dial = async (link: OpenLink): Promise<Socket> => {
  const socket = connect({ ...link.address });
  ends.push(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
};

const heardBy = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

/** How a socket came to its end: the code of its error, or `closed`. */
const endOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });

const post = (link: OpenLink, body: string, path = '/'): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const asked = request({ ...link.address, method: 'POST', path }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });

describe('a link of bytes', () => {
  it('carries them both ways and passes the end on', async () => {
    const { target } = await echo();
    const link = await open(target, 'tcp');
    const socket = await dial(link);
    socket.write('hello');
    expect(await heardBy(socket)).toBe('hello');
    expect(link.disturbed).toBe(false);
    socket.end();
    await once(socket, 'close');
  });

  it('counts what reached its target, and nothing while it carries nothing', async () => {
    const { heard, target } = await echo();
    const link = await open(target, 'tcp');
    const socket = await dial(link);
    socket.write('one');
    await heardBy(socket);
    const { carried } = link;
    expect(carried).toBeGreaterThan(0);
    const end = link.stall();
    socket.write('two');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([link.carried, heard.length]).toEqual([carried, 1]);
    end();
    await heardBy(socket);
    expect(link.carried).toBeGreaterThan(carried);
  });

  it('carries more than it holds, in order', async () => {
    const { target } = await echo();
    const socket = await dial(await open(target, 'tcp'));
    const sent = Buffer.alloc(12 * 1024 * 1024, 'abcdefghijklm');
    let length = 0;
    const whole = new Promise<void>((resolve) => {
      socket.on('data', (bytes: Buffer) => {
        expect(bytes.equals(sent.subarray(length, length + bytes.length))).toBe(true);
        length += bytes.length;
        if (length === sent.length) resolve();
      });
    });
    socket.write(sent);
    await whole;
  });

  it('that is cut breaks what is open, refuses what is new, and works again after the last end', async () => {
    const { target } = await echo();
    const link = await open(target, 'tcp');
    const before = await dial(link);
    const [one, two] = [link.cut(), link.cut()];
    expect(link.disturbed).toBe(true);
    expect(await endOf(before)).toBe('ECONNRESET');
    one();
    one();
    await expect(dial(link)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    two();
    const after = await dial(link);
    after.write('again');
    expect(await heardBy(after)).toBe('again');
  });

  it('that is reset loses its connections once', async () => {
    const { target } = await echo();
    const link = await open(target, 'tcp');
    const before = await dial(link);
    before.write('there');
    await heardBy(before);
    link.reset();
    expect(await endOf(before)).toBe('ECONNRESET');
    const after = await dial(link);
    after.write('again');
    expect(await heardBy(after)).toBe('again');
  });

  it('that is stalled holds everything back and loses nothing', async () => {
    const { target, heard } = await echo();
    const link = await open(target, 'tcp');
    const socket = await dial(link);
    socket.write('a');
    await heardBy(socket);
    const end = link.stall();
    socket.write('b');
    // Time enough for it to have passed, had it been let through.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toEqual(['a']);
    end();
    expect(await heardBy(socket)).toBe('b');
  });

  it('delays each way, and keeps the order when a delay ends', async () => {
    const { target } = await echo();
    const link = await open(target, 'tcp');
    const socket = await dial(link);
    const end = link.delay(Duration(60));
    const began = performance.now();
    socket.write('a');
    await heardBy(socket);
    // Both ways; timers may be a little early.
    expect(performance.now() - began).toBeGreaterThan(100);
    socket.write('b');
    end();
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.write('c');
    while (text.length < 2) await once(socket, 'data');
    expect(text).toBe('bc');
  });

  it('garbles, holds and cuts as it is told', async () => {
    const { target, heard } = await echo();
    const link = await open(target, 'tcp');
    const loud = link.garble((chunk, way) =>
      way === 'there' ? Buffer.from(String(Buffer.from(chunk)).toUpperCase()) : chunk,
    );
    const socket = await dial(link);
    socket.write('hello');
    expect(await heardBy(socket)).toBe('HELLO');
    loud();
    const held = link.garble((_, way) => (way === 'back' ? 'hold' : _));
    socket.write('later');
    await expect.poll(() => heard.at(-1)).toBe('later');
    held();
    expect(await heardBy(socket)).toBe('later');
    link.garble(() => 'cut');
    socket.write('never');
    expect(await endOf(socket)).toBe('ECONNRESET');
    expect(heard).toEqual(['HELLO', 'later']);
  });

  it('tells the client when the server is not there', async () => {
    const { target } = await echo();
    await ends.pop()?.();
    const link = await open(target, 'tcp');
    const socket = connect({ ...link.address });
    expect(['ECONNRESET', 'closed']).toContain(await endOf(socket));
  });

  it('answers nothing: it sees no requests', async () => {
    const { target } = await echo();
    expect('answer' in (await open(target, 'tcp'))).toBe(false);
  });
});

describe('a link of HTTP', () => {
  it('shows whole requests and passes on what nobody answers', async () => {
    const { target } = await counting();
    const link = await open(target, 'http');
    const seen: string[] = [];
    link.answer?.(({ method, path, body }) => {
      seen.push(`${method} ${path} ${body}`);
      return undefined;
    });
    expect(await post(link, 'x'.repeat(200_000), '/a')).toMatchObject({ status: 200 });
    expect(seen).toEqual([`POST /a ${'x'.repeat(200_000)}`]);
  });

  it('answers itself, and the server never hears of it', async () => {
    const { target, count } = await counting();
    const link = await open(target, 'http');
    const end = link.answer?.(({ body }) => (body === 'mine' ? { status: 503, body: 'no' } : undefined));
    expect(await post(link, 'mine')).toEqual({ status: 503, text: 'no' });
    expect(await post(link, 'yours')).toEqual({ status: 200, text: '1 POST / yours' });
    end?.();
    expect(await post(link, 'mine')).toEqual({ status: 200, text: '2 POST / mine' });
    expect(count()).toBe(2);
  });

  it('changes an answer on its way', async () => {
    const { target } = await counting();
    const link = await open(target, 'http');
    link.answer?.(async (seen) => {
      const answer = await seen.pass('another');
      return { ...answer, body: `${answer.body}!` };
    });
    expect(await post(link, 'one')).toEqual({ status: 200, text: '1 POST / another!' });
  });

  it('cuts an answer in the middle', async () => {
    const { target } = await counting();
    const link = await open(target, 'http');
    link.answer?.(async (seen) => ({ ...(await seen.pass()), cutAfter: 3 }));
    await expect(post(link, 'one')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('keeps silent, and breaks off when the fault itself fails', async () => {
    const { target, count } = await counting();
    const failures: unknown[] = [];
    const link = await openLink({
      name: 'agent1-chain',
      kind: 'http',
      target,
      onFailure: (error) => failures.push(error),
    });
    ends.push(() => link.close());
    let asked = 0;
    const end = link.answer?.(() => {
      asked++;
      return 'silence';
    });
    const waiting = post(link, 'one').catch((error: unknown) => error);
    await expect.poll(() => asked).toBe(1);
    const other = link.answer?.(() => {
      throw new RangeError('a fault of the fault');
    });
    end?.();
    await expect(post(link, 'two')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(failures).toEqual([new RangeError('a fault of the fault')]);
    other?.();
    link.reset();
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' });
    expect(count()).toBe(0);
  });
});
