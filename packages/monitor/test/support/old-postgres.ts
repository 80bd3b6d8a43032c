/**
 * What says that it is an old PostgreSQL: enough of the protocol (PostgreSQL's manual, "Frontend/Backend Protocol") to be
 * asked for its version. Nobody needs to install one to see that it is refused.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const int16 = (value: number): Buffer => int32(value).subarray(2);
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};

/** Name, type (OID) and value of each column of its one answer. */
const columnsOf = (version: string): readonly (readonly [string, number, string])[] => [
  ['server', 23, String(Math.floor(Number(version) * 10_000))],
  ['version', 25, version],
  ['made', 16, 'f'],
  ['may', 16, 't'],
  ['tables', 1009, '{}'],
];

export interface OldPostgres extends AsyncDisposable {
  readonly url: string;
  /** What it was asked. */
  readonly statements: readonly string[];
}

export const startOldPostgres = async (version: string): Promise<OldPostgres> => {
  const statements: string[] = [];
  const columns = columnsOf(version);
  const shape = columns.map(([name, type]) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]),
  );
  const values = columns.map(([, , value]) => Buffer.concat([int32(value.length), Buffer.from(value)]));
  const ready = message('Z', Buffer.from('I'));
  const done = message('C', text('OK'));

  const talk = (socket: Socket): void => {
    let read: Buffer = Buffer.alloc(0);
    let begun = false;
    let asks = '';
    const answers: Record<string, (body: Buffer) => readonly Buffer[]> = {
      Q: (body) => {
        statements.push(body.toString('utf8', 0, body.length - 1));
        return [done, ready];
      },
      P: (body) => {
        asks = body.toString('utf8').split('\0')[1] ?? '';
        statements.push(asks);
        return [message('1')];
      },
      B: () => [message('2')],
      D: () =>
        asks.includes('server_version_num')
          ? [message('T', int16(columns.length), ...shape)]
          : [message('n')],
      E: () =>
        asks.includes('server_version_num') ? [message('D', int16(columns.length), ...values), done] : [done],
      S: () => [ready],
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
      for (;;) {
        // The first message has no type.
        const start = begun ? 1 : 0;
        if (read.length < start + 4) return;
        const end = start + read.readInt32BE(start);
        if (read.length < end) return;
        const type = begun ? String.fromCharCode(read[0] ?? 0) : '';
        const body = read.subarray(start + 4, end);
        read = read.subarray(end);
        if (begun) for (const answer of answers[type]?.(body) ?? []) socket.write(answer);
        else socket.write(Buffer.concat([message('R', int32(0)), ready]));
        begun = true;
      }
    });
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    talk(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  return {
    url: `postgres://daisee@127.0.0.1:${address.port}/postgres`,
    statements,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
