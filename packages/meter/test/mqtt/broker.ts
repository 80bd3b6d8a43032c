/** A real broker in this process that can go away and come back, and devices that publish to it. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type AedesOptions } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';

export interface TestBroker {
  readonly port: number;
  readonly url: string;
  readonly aedes: Aedes;
  publish(topic: string, payload: unknown, options?: { retain?: boolean; qos?: 0 | 1 }): Promise<void>;
  /** Closes the port and all connections; what it keeps, it keeps. */
  leave(): Promise<void>;
  /** Opens the same port again, with another broker's memory where one is given. */
  comeBack(memory?: Aedes): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const startBroker = async (
  options: AedesOptions = {},
  tls?: { cert: string; key: string },
): Promise<TestBroker> => {
  let aedes = await Aedes.createBroker(options);
  const memories = [aedes];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const open = async () => {
    const take = (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // A connection that is torn down in a test is no failure of the broker.
      socket.on('error', () => socket.destroy());
      aedes.handle(socket);
    };
    server = tls ? createTlsServer(tls, take) : createServer(take);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
    port = address.port;
  };
  const leave = async () => {
    const closing = server;
    server = undefined;
    if (!closing) return;
    const closed = once(closing, 'close');
    closing.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    // The broker has to notice that its clients are gone before it keeps messages for them.
    while (aedes.connectedClients > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await open();
  return {
    port,
    url: `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`,
    aedes,
    leave,
    publish: (topic, payload, { retain = false, qos = 1 } = {}) =>
      new Promise((resolve, reject) => {
        const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
        aedes.publish(
          { cmd: 'publish', topic, payload: Buffer.from(text), qos, retain, dup: false },
          (error) => (error ? reject(error) : resolve()),
        );
      }),
    comeBack: async (memory) => {
      if (memory) {
        memories.push(memory);
        aedes = memory;
      }
      await open();
    },
    [Symbol.asyncDispose]: async () => {
      await leave();
      for (const memory of memories) await new Promise<void>((resolve) => memory.close(() => resolve()));
    },
  };
};

/** A device with a will, as Tasmota, Shelly and ESPHome have one. */
export const startDevice = (
  url: string,
  online: string,
  words: readonly [string, string],
): Promise<MqttClient> =>
  mqtt.connectAsync(url, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    will: { topic: online, payload: Buffer.from(words[1]), qos: 1, retain: true },
  });
