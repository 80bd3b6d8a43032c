/** What clients do: one request after the other, each on a connection of its own (v0.2) or on one kept open (HTTP). */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/** One request of a client: resolves when it was answered as expected, and says when it was sent (µs). */
export type Asks = (client: number, turn: number) => Promise<number>;

const now = (): number => Number(process.hrtime.bigint() / 1000n);

/** Thrown when the server answered something else. */
class WrongAnswer extends TypeError {
  constructor(request: string, answer: string) {
    super(`${request} was answered ${answer}`);
  }
}

/** A request of the v0.2 protocol: connect, send, read, close. */
export const askV02 = (port: number, text: string, expected: RegExp): Promise<number> =>
  new Promise((resolve, reject) => {
    let reply = '';
    let sent = 0;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => {
      sent = now();
      socket.write(text);
    });
    socket.on('data', (bytes) => {
      reply += bytes.toString('latin1');
    });
    socket.on('end', () => {
      if (expected.test(reply)) resolve(sent);
      else reject(new WrongAnswer(text, reply));
    });
    socket.on('error', reject);
  });

export const createHttpAsk = (url: string, token: string, clients: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  return {
    close: () => agent.destroy(),
    ask: (method: string, path: string, body?: string, prefer?: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = now();
        const asked = request(
          `${url}${path}`,
          {
            method,
            agent,
            headers: {
              authorization: `Bearer ${token}`,
              ...(prefer === undefined ? {} : { prefer }),
              ...(body === undefined
                ? {}
                : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
            },
          },
          (response) => {
            response.resume();
            response.on('end', () => {
              if (response.statusCode === (prefer === undefined ? 200 : 204)) resolve(sent);
              else reject(new WrongAnswer(path, String(response.statusCode)));
            });
          },
        );
        asked.on('error', reject);
        asked.end(body);
      }),
  };
};

export interface Run {
  /** Requests answered. */
  readonly requests: number;
  readonly failures: number;
  /** ms. */
  readonly took: number;
  /** From sending to the whole answer, µs, ascending. */
  readonly replies: readonly number[];
  /** When each request of each client was sent, µs. */
  readonly sent: readonly (readonly number[])[];
}

/** Lets so many clients ask for so long. Each ends on an even number of turns, so that loads end where they began. */
export const run = async (clients: number, duration: number, asks: Asks): Promise<Run> => {
  const sent: number[][] = Array.from({ length: clients }, () => []);
  const replies: number[] = [];
  let failures = 0;
  const started = performance.now();
  const live = async (client: number): Promise<void> => {
    for (let turn = 0; turn % 2 === 1 || performance.now() - started < duration; turn++)
      try {
        const at = await asks(client, turn);
        replies.push(now() - at);
        sent[client]?.push(at);
      } catch (error) {
        if (failures === 0) process.stderr.write(`${String(error)}\n`);
        failures += 1;
      }
  };
  await Promise.all(sent.map((_, client) => live(client)));
  const took = performance.now() - started;
  return { requests: replies.length, failures, took, replies: replies.sort((a, b) => a - b), sent };
};
