/** Asks a monitor one question again and again, one after the other or from several clients at once. */
import { Agent, request } from 'node:http';

export interface Question {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What came of asking. Times in ms. */
export interface Asked {
  readonly answers: number;
  readonly errors: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Asks once over a connection of that agent. */
export const ask = (agent: Agent, { url, method = 'GET', headers = {}, body }: Question): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = request(url, { agent, method, headers: { ...headers, ...length } }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });

/** The time that a share of the answers came within. */
const within = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export interface AskingOptions {
  /** How many ask at once, each one after the other. */
  readonly clients: number;
  /** They begin no new question after so many ms; each asks at least twice. */
  readonly length: number;
  /** New connections for each question, as v0.2's client made them. */
  readonly reconnect?: boolean;
  readonly signal: AbortSignal;
}

/** Asks what `next` gives for each client, until the time is over. Anything but a 200 is an error. */
export const asking = async (
  next: (client: number) => Question,
  { clients, length, reconnect = false, signal }: AskingOptions,
): Promise<Asked> => {
  const times: number[] = [];
  let errors = 0;
  const start = performance.now();
  const client = async (number: number): Promise<void> => {
    const agent = new Agent({ keepAlive: !reconnect, maxSockets: 1 });
    try {
      for (let n = 0; n < 2 || performance.now() - start < length; n++) {
        signal.throwIfAborted();
        const question = next(number);
        const asked = performance.now();
        try {
          const { status } = await ask(agent, question);
          if (status === 200) times.push(performance.now() - asked);
          else errors++;
        } catch {
          // A connection that broke: counted, and the next one is a new one.
          errors++;
        }
      }
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  const seconds = (performance.now() - start) / 1000;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    answers: times.length,
    errors,
    seconds,
    perSecond: times.length / seconds,
    p50: within(sorted, 0.5),
    p99: within(sorted, 0.99),
    slowest: sorted.at(-1) ?? Number.NaN,
  };
};
