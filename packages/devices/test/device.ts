/** A device on RTU behind TCP, or on Modbus TCP, that answers as a test says: late, not at all, too short. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly unit: number;
  readonly function: number;
  readonly address: number;
  readonly count: number;
}

/** What a device does with a question: registers, an exception, nothing; after so many ms. */
export interface Behaviour {
  readonly after?: number;
  readonly registers?: readonly number[];
  readonly exception?: number;
}

const crc = (bytes: Uint8Array): number => {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  }
  return value;
};

const body = ({ unit, function: code }: Asked, { registers, exception }: Behaviour): Buffer => {
  if (exception !== undefined) return Buffer.of(unit, code | 0x80, exception);
  const values = registers ?? [];
  const bytes = Buffer.alloc(3 + 2 * values.length);
  bytes.writeUInt8(unit, 0);
  bytes.writeUInt8(code, 1);
  bytes.writeUInt8(2 * values.length, 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value & 0xffff, 3 + 2 * index);
  return bytes;
};

export interface Device {
  readonly port: number;
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
}

/** Registers that say where they are: the address of each. */
export const addresses = ({ address, count }: Asked): readonly number[] =>
  Array.from({ length: count }, (_, index) => address + index);

/** Serves one answer after the other, as a device on a line does: none overtakes another. */
export const serveDevice = async (
  protocol: 'rtu' | 'tcp',
  behave: (asked: Asked, number: number) => Behaviour | undefined,
): Promise<Device> => {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let waiting: NodeJS.Timeout | undefined;
  let last = Promise.resolve();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      const size = protocol === 'rtu' ? 8 : 12;
      while (pending.length >= size) {
        const at = protocol === 'rtu' ? 0 : 6;
        const question: Asked = {
          unit: pending.readUInt8(at),
          function: pending.readUInt8(at + 1),
          address: pending.readUInt16BE(at + 2),
          count: pending.readUInt16BE(at + 4),
        };
        const head = Buffer.from(pending.subarray(0, 6));
        pending = pending.subarray(size);
        asked.push(question);
        const behaviour = behave(question, asked.length);
        if (!behaviour) continue;
        const answer = body(question, behaviour);
        let frame: Buffer;
        if (protocol === 'rtu') {
          const sum = crc(answer);
          frame = Buffer.concat([answer, Buffer.of(sum & 0xff, sum >> 8)]);
        } else {
          head.writeUInt16BE(answer.length, 4);
          frame = Buffer.concat([head, answer]);
        }
        last = last.then(async () => {
          await new Promise<void>((resolve) => {
            waiting = setTimeout(resolve, behaviour.after ?? 0);
          });
          if (!socket.destroyed) socket.write(frame);
        });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      clearTimeout(waiting);
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
