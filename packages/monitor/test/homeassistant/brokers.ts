/** Real brokers that go away and come back without memory, a Home Assistant that listens, and a line that breaks. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { hasMosquitto, startMosquitto } from '@daisee/fuzz';
import { Duration, systemClock } from '@daisee/units';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

export const moment = () => systemClock.sleep(Duration(10));

interface TestBroker {
  readonly port: number;
  readonly url: string;
  leave(): Promise<void>;
  /** On the same port, with nothing that it had kept. */
  comeBack(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A kind of broker; `guarded` ones want a login that nobody has. */
export interface BrokerKind {
  readonly name: string;
  readonly start: (guarded?: boolean) => Promise<TestBroker>;
}

const listening = async (server: Server, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  return address.port;
};

const startAedes = async (guarded = false): Promise<TestBroker> => {
  const memories: Aedes[] = [];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const open = async () => {
    const aedes = await Aedes.createBroker({
      // As a real broker answers: return code 5, not authorized.
      ...(guarded && {
        authenticate: (_client, _user, _password, done) =>
          done(Object.assign(new Error('not authorized'), { returnCode: 5 }), false),
      }),
    });
    memories.push(aedes);
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      aedes.handle(socket);
    });
    port = await listening(server, port);
  };
  const leave = async () => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    const closed = once(closing, 'close');
    closing.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    leave,
    comeBack: open,
    [Symbol.asyncDispose]: async () => {
      await leave();
      for (const memory of memories) await new Promise<void>((resolve) => memory.close(() => resolve()));
    },
  };
};

/** Aedes in this process, and mosquitto where it is installed. */
export const brokers: readonly BrokerKind[] = [
  { name: 'aedes', start: startAedes },
  ...(hasMosquitto ? [{ name: 'mosquitto', start: (guarded = false) => startMosquitto({ guarded }) }] : []),
];

interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
}

export interface Listener {
  readonly heard: readonly Heard[];
  /** Waits for a message of the topic (with the text), after the first `from` messages. */
  on(topic: string, text?: string | RegExp, from?: number): Promise<Heard>;
  publish(topic: string, text: string): Promise<void>;
  /** What the broker keeps, by topic: as a client that comes now is told. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Listens to everything, as Home Assistant's MQTT integration does to its topics. */
export const listen = async (url: string): Promise<Listener> => {
  const heard: Heard[] = [];
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 50 });
  client.on('error', () => undefined);
  client.on('message', (topic, payload, packet) =>
    heard.push({ topic, text: payload.toString('utf8'), retained: packet.retain }),
  );
  await client.subscribeAsync('#', { qos: 1 });
  return {
    heard,
    on: async (topic, text, from = 0) => {
      const fits = (one: Heard) =>
        one.topic === topic &&
        (text === undefined || (typeof text === 'string' ? one.text === text : text.test(one.text)));
      for (;;) {
        const found = heard.slice(from).find(fits);
        if (found) return found;
        await moment();
      }
    },
    publish: async (topic, text) => {
      await client.publishAsync(topic, text, { qos: 1 });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
};

/** What a broker keeps: the retained messages that a client is told when it comes. */
export const kept = async (url: string): Promise<ReadonlyMap<string, string>> => {
  await using late = await listen(url);
  await systemClock.sleep(Duration(300));
  return new Map(late.heard.filter((one) => one.retained).map(({ topic, text }) => [topic, text]));
};

/** A line to the broker that can be cut, as when a node loses its power: without a goodbye. */
export const startLine = async (to: number) => {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  const port = await listening(server, 0);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
};
