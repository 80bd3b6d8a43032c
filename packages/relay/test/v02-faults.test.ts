/** Each fault that v0.2 had on this port, by name, and that it is not there. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Duration, Instant, Seconds, systemClock, VirtualClock } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createRelayServer, ListenFailed, type RelayServerEvent, type Wiring } from '../src/index.ts';
import { ask, type Lab, startLab, talk } from './support/lab.ts';

let lab: Lab;
afterEach(() => lab.stop());

const statesOf = (board: Lab['board']): boolean[] => [...board.states().values()];
const quiet = [false, false, false, false];

const connected = async (port: number): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy());
  return socket;
};

describe('a fault of v0.2 that this relay does not have', () => {
  it('an order answered False leaves nothing switched', async () => {
    lab = await startLab();
    expect(await ask(lab.port, '{2: True, 9: True}')).toBe('False');
    expect(await ask(lab.port, '{0: True, 1: True, 2: True, 3: maybe}')).toBe('False');
    expect(statesOf(lab.board)).toEqual(quiet);
  });

  it('two sellers are never on at once', async () => {
    const wiring: Wiring = {
      loads: [
        {
          name: 'node 1',
          own: [0],
          sellers: [
            { name: 'seller1', channels: [1] },
            { name: 'seller2', channels: [2] },
          ],
        },
      ],
    };
    const events: RelayServerEvent[] = [];
    lab = await startLab({ board: { wiring }, server: { onEvent: (event) => events.push(event) } });
    expect(await ask(lab.port, '{0: True, 1: True, 2: True}')).toBe('False');
    expect(await ask(lab.port, '{1: True}')).toBe('False');
    expect(statesOf(lab.board)).toEqual(quiet);
    expect(events).toMatchObject([
      {
        type: 'orderRefused',
        client: '127.0.0.1',
        request: '{0: True, 1: True, 2: True}',
        error: { code: 'relay.two-sources' },
      },
      { type: 'orderRefused', request: '{1: True}', error: { values: { sources: ['own', 'seller1'] } } },
    ]);
    expect(await ask(lab.port, '{0: True, 1: True}')).toBe('True');
    expect(await ask(lab.port, '{2: True}')).toBe('False');
    expect(await ask(lab.port, '{1: False, 2: True}')).toBe('True');
    expect(statesOf(lab.board)).toEqual([true, false, true, false]);
  });

  it.each([
    ['ReadDATA|9', 'a channel that is not there'],
    ['ReadDATA|a', 'a letter'],
    ['ReadDATA|', 'no channel'],
    ['ReadDATA|,', 'two empty channels'],
    ['ReadDATA|,0', 'an empty channel before'],
    ['ReadDATA|0,', 'an empty channel after'],
    ['ReadDATA|-1', 'a negative channel'],
    ['{', 'an open brace'],
    ['\xff\xfe{0: True}', 'bytes that are not UTF-8'],
    ['ReadDATA|\xc3\x28', 'bytes that are not UTF-8 in a list'],
    ['\0\0\0\0', 'NULs'],
    ['{0: True}\0', 'a NUL after an order'],
    ['ReadDATA|0\0', 'a NUL after a read'],
  ])('%j (%s) is answered False and the next client is served', async (request) => {
    lab = await startLab({ server: { splitTimeout: Duration(60) } });
    expect(await talk(lab.port, [Buffer.from(request, 'latin1')])).toEqual({ reply: 'False', ended: true });
    expect(await ask(lab.port, 'ReadDATA|0')).toBe('{0: False}');
    expect(statesOf(lab.board)).toEqual(quiet);
  });

  it.each([
    ['{0: True, 1: True, 2: True, 3: True}', 'True'],
    ['ReadDATA|1, 0, 3', '{1: False, 0: False, 3: False}'],
    ['0: on\n1: on\n2: on\n3: on\n', 'True'],
  ])('%j split over packets at any place is answered as if whole', async (request, reply) => {
    // The split that leaves a shorter request whole is as far apart as the quiet time allows; see the next tests.
    lab = await startLab({ server: { quietTime: Duration(80), splitQuietTime: Duration(80) } });
    for (let at = 1; at < request.length; at++)
      expect([at, await talk(lab.port, [request.slice(0, at), request.slice(at)], { gap: 2 })]).toEqual([
        at,
        { reply, ended: true },
      ]);
  });

  it('a message sent byte by byte is answered as if whole', async () => {
    lab = await startLab();
    expect((await talk(lab.port, 'ReadDATA|1, 0'.split(''), { gap: 10 })).reply).toBe('{1: False, 0: False}');
    expect((await talk(lab.port, '{0: True}\r\n'.split(''), { gap: 10 })).reply).toBe('True');
  });

  it('a read that pauses after a digit for longer than the quiet time is answered for what came', async () => {
    lab = await startLab({ server: { quietTime: Duration(1) } });
    expect(await talk(lab.port, ['ReadDATA|1', ', 0'], { gap: 'reply' })).toEqual({
      reply: '{1: False}',
      ended: true,
    });
  });

  it('a packet that came while the relay was busy is not taken for a pause', async () => {
    lab = await startLab({ server: { quietTime: Duration(400) } });
    const socket = await connected(lab.port);
    let reply = '';
    socket.on('data', (bytes) => {
      reply += bytes.toString();
    });
    socket.write('ReadDATA|1');
    await delay(10);
    // Busy in the phase after which timers come before sockets.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(', 0');
    const busyUntil = performance.now() + 450;
    while (performance.now() < busyUntil);
    await once(socket, 'end');
    expect(reply).toBe('{1: False, 0: False}');
  });

  it('a client that connects early has the whole time for its request', async () => {
    lab = await startLab({ server: { idleTimeout: Duration(300), splitTimeout: Seconds(60) } });
    const socket = await connected(lab.port);
    let reply = '';
    socket.on('data', (bytes) => {
      reply += bytes.toString();
    });
    for (const packet of ['{0: ', 'True}']) {
      await delay(200);
      socket.write(packet);
    }
    await once(socket, 'end');
    expect(reply).toBe('True');
  });

  it('a client may close its side, or its line, to be answered at once', async () => {
    lab = await startLab({
      server: { quietTime: Seconds(60), splitQuietTime: Seconds(60), splitTimeout: Seconds(60) },
    });
    expect((await talk(lab.port, ['ReadDATA|1'], { halfClose: true })).reply).toBe('{1: False}');
    expect((await talk(lab.port, ['0: on\n'], { halfClose: true })).reply).toBe('True');
    expect((await talk(lab.port, ['ReadDATA|'], { halfClose: true })).reply).toBe('False');
    expect((await talk(lab.port, ['ReadDATA|1\r\n'])).reply).toBe('{1: False}');
    expect((await talk(lab.port, ['ReadDATA|0, 1, 2, 3'])).reply).toBe(
      '{0: True, 1: False, 2: False, 3: False}',
    );
  });

  it('a client that resets hurts nobody', async () => {
    lab = await startLab();
    for (const packet of ['', 'ReadDATA|0', '{0: Tr', '{0: True, 1: True}', 'hello']) {
      const socket = await connected(lab.port);
      if (packet) socket.write(packet);
      await delay(2);
      socket.resetAndDestroy();
    }
    expect(await ask(lab.port, 'ReadDATA|2')).toBe('{2: False}');
  });

  it('silent clients block nobody and are dropped', async () => {
    lab = await startLab({ server: { idleTimeout: Duration(150) } });
    const silent = await Promise.all(Array.from({ length: 70 }, () => connected(lab.port)));
    const closed = silent.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve)));
    expect(await ask(lab.port, 'ReadDATA|2')).toBe('{2: False}');
    await Promise.all(closed);
  });

  it('a client that drips is answered in the end', async () => {
    lab = await startLab({ server: { idleTimeout: Duration(100) } });
    expect(
      (
        await talk(
          lab.port,
          Array.from({ length: 40 }, () => ' '),
          { gap: 10 },
        )
      ).reply,
    ).toBe('False');
  });

  it('the connection is closed after the reply, whatever else the client sends', async () => {
    lab = await startLab();
    expect(await talk(lab.port, ['{}', 'ReadDATA|0', '{0: True}'], { gap: 'reply' })).toEqual({
      reply: 'True',
      ended: true,
    });
    expect(statesOf(lab.board)).toEqual(quiet);
  });

  it('64 clients at once are all answered', async () => {
    lab = await startLab();
    const replies = await Promise.all(
      Array.from({ length: 96 }, (_, n) =>
        ask(lab.port, n % 8 === 0 ? '{0: True, 1: True}' : 'ReadDATA|2, 3'),
      ),
    );
    expect(new Set(replies)).toEqual(new Set(['True', '{2: False, 3: False}']));
  });

  it('a read does not wait behind the break of an order', async () => {
    let release = (): void => undefined;
    const broken = new Promise<void>((resolve) => {
      release = resolve;
    });
    lab = await startLab({ board: { pause: () => broken } });
    const order = ask(lab.port, '{0: True, 1: True, 2: True, 3: True}');
    while ((await ask(lab.port, 'ReadDATA|0, 1, 2, 3')) !== '{0: True, 1: True, 2: False, 3: False}')
      await delay(1);
    release();
    expect(await order).toBe('True');
    expect(await ask(lab.port, 'ReadDATA|0, 1, 2, 3')).toBe('{0: True, 1: True, 2: True, 3: True}');
  });

  it('more connections than the most take the place of those that wait longest', async () => {
    lab = await startLab({ server: { maxConnections: 8, idleTimeout: Seconds(60) } });
    const silent = await Promise.all(Array.from({ length: 8 }, () => connected(lab.port)));
    const first = new Promise((resolve) => silent[0]?.resume().once('close', resolve));
    expect(await ask(lab.port, 'ReadDATA|1')).toBe('{1: False}');
    await first;
    expect(silent.filter((socket) => !socket.closed).length).toBe(7);
  });

  it('with every connection busy with an order, one more is turned away and reported once', async () => {
    let release = (): void => undefined;
    const broken = new Promise<void>((resolve) => {
      release = resolve;
    });
    const events: RelayServerEvent[] = [];
    lab = await startLab({
      board: { pause: () => broken },
      server: { maxConnections: 2, onEvent: (event) => events.push(event) },
    });
    const orders = ['{0: True, 1: True, 2: True, 3: True}', '{0: True}'].map((order) => ask(lab.port, order));
    while (lab.board.states().get(0) !== true) await delay(1);
    await delay(20);
    expect(await ask(lab.port, 'ReadDATA|0')).toBe('');
    expect(await ask(lab.port, 'ReadDATA|0')).toBe('');
    expect(events).toMatchObject([{ type: 'full', connections: 2 }]);
    release();
    expect(await Promise.all(orders)).toEqual(['True', 'True']);
    expect(await ask(lab.port, 'ReadDATA|0')).toBe('{0: True}');
  });

  it('an agent that is lost does not keep its load on a seller for ever', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    lab = await startLab({ board: { clock } });
    await clock.task(async () => {
      expect(await ask(lab.port, '{0: True, 1: True, 2: True, 3: True}')).toBe('True');
      // The loop of a v0.2 client: it reads its channels every 16 s, and with that renews the lease of 120 s.
      for (let loop = 0; loop < 20; loop++) {
        await clock.sleep(Seconds(16));
        expect(await ask(lab.port, 'ReadDATA|0, 2')).toBe('{0: True, 2: True}');
      }
      await clock.sleep(Seconds(119));
      expect(statesOf(lab.board)).toEqual([true, true, true, true]);
      await clock.sleep(Seconds(2));
      expect(await ask(lab.port, 'ReadDATA|0, 1, 2, 3')).toBe('{0: False, 1: False, 2: False, 3: False}');
    });
  });

  it('a lease of 0 keeps it there, for those who want v0.2 as it was', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    lab = await startLab({ board: { clock }, server: { lease: Duration(0) } });
    await clock.task(async () => {
      expect(await ask(lab.port, '{0: True, 1: True, 2: True, 3: True}')).toBe('True');
      await clock.sleep(Seconds(1_000_000));
      expect(statesOf(lab.board)).toEqual([true, true, true, true]);
    });
  });

  it('it listens on this machine alone unless told otherwise, and a stranger is turned away', async () => {
    const events: RelayServerEvent[] = [];
    lab = await startLab({ server: { allow: ['192.0.2.0/24'], onEvent: (event) => events.push(event) } });
    expect(lab.server.address.host).toBe('127.0.0.1');
    expect((await talk(lab.port, ['ReadDATA|0'])).reply).toBe('');
    expect((await talk(lab.port, ['{0: True}'])).reply).toBe('');
    expect(statesOf(lab.board)).toEqual(quiet);
    expect(events).toMatchObject([{ type: 'clientRefused', client: '127.0.0.1' }]);
    expect(events.map((event) => 'message' in event && event.message).join()).toContain('--allow 127.0.0.1');
  });

  it('a signal stops the server, and the same one starts it no more', async () => {
    lab = await startLab();
    const aborting = new AbortController();
    const server = createRelayServer({ board: lab.board, clock: systemClock, port: 0 });
    await server.start(aborting.signal);
    const { port } = server.address;
    const silent = await connected(port);
    aborting.abort();
    await once(silent.resume(), 'close');
    await server.stop();
    await expect(connected(port)).rejects.toThrow('ECONNREFUSED');
    await expect(server.start(aborting.signal)).rejects.toThrow('does not listen');
    expect(() => server.address).toThrow('does not listen');
  });

  it('a port in use is named, with the option that changes it', async () => {
    lab = await startLab();
    const second = createRelayServer({
      board: lab.board,
      clock: systemClock,
      port: lab.port,
    });
    await expect(second.start()).rejects.toThrow(ListenFailed);
    await expect(second.start()).rejects.toThrow(/127\.0\.0\.1:\d+ \(EADDRINUSE\).*--port/);
    await second.stop();
  });
});
