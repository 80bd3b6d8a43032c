/**
 * Client of the v0.2 relay protocol; speaks to our relay and to a v0.2 one. One connection a request.
 *
 * Its time-out guards a real socket and counts the machine's time.
 */
import { connect } from 'node:net';
import { DaiseeError, type Duration, messageOf, Seconds } from '@daisee/units';
import type { ChannelStates } from '../driver.ts';
import { decodeReply, encodeRead, encodeStates, encodeTruth, RELAY_PORT } from './protocol.ts';

/** Thrown when no reply came: nobody there, turned away, or too slow. */
export class RelayUnreachable extends DaiseeError {
  constructor(host: string, port: number, problem: string, cause?: unknown) {
    super({
      code: 'relay.unreachable',
      message: `The relay at ${host}:${port} ${problem}.`,
      retryable: true,
      values: { host, port, problem },
      cause,
    });
  }
}

/** Thrown when the relay replied something else than the protocol has for the request. */
export class RelayAnswer extends DaiseeError {
  constructor(host: string, port: number, request: string, answer: string) {
    super({
      code: 'relay.answer',
      message: `The relay at ${host}:${port} answered ${JSON.stringify(request)} with ${JSON.stringify(answer)}. Check that these channels exist and that a DAISEE relay listens there.`,
      retryable: false,
      values: { host, port, request, answer },
    });
  }
}

export interface RelayClientOptions {
  readonly host: string;
  readonly port?: number;
  /** From connecting to the whole reply; 5 s. */
  readonly timeout?: Duration;
}

export interface RelayClient {
  /**
   * The states of these channels, in this order.
   * @throws RelayUnreachable (may succeed later), RelayAnswer (a channel the relay does not have, or no relay at all)
   */
  read(channels: readonly number[]): Promise<ChannelStates>;
  /**
   * Orders channels switched and returns the relay's word: false when it refused (and has changed nothing) or failed
   * (and went to rest).
   * @throws RelayUnreachable: whether it was carried out is not known then; read the channels. RelayAnswer
   */
  order(changes: ChannelStates): Promise<boolean>;
}

/** v0.2 reads 255 bytes; a larger board of ours may answer more. */
const LONGEST_REPLY = 4096;

export const createRelayClient = (options: RelayClientOptions): RelayClient => {
  const { host, port = RELAY_PORT, timeout = Seconds(5) } = options;

  /** One request, one reply. v0.2 leaves the connection open, so the reply's form has to tell its end. */
  const ask = (request: string): Promise<ChannelStates | boolean> =>
    new Promise((resolve, reject) => {
      let text = '';
      const socket = connect({ host, port, noDelay: true });
      const fail = (error: DaiseeError): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      };
      const unreachable = (problem: string, cause?: unknown): void =>
        fail(new RelayUnreachable(host, port, problem, cause));
      const timer = setTimeout(() => {
        if (text === '') unreachable(`did not answer within ${timeout / 1000} s`);
        else fail(new RelayAnswer(host, port, request, text));
      }, timeout);
      socket.on('connect', () => socket.write(request));
      socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        const reply = decodeReply(text);
        if (reply !== undefined) {
          clearTimeout(timer);
          socket.destroy();
          resolve(reply);
        } else if (text.length > LONGEST_REPLY)
          fail(new RelayAnswer(host, port, request, `${text.slice(0, 80)}…`));
      });
      socket.on('end', () => {
        if (text !== '') fail(new RelayAnswer(host, port, request, text));
        else unreachable('closed the connection without a reply; its allow list may lack this machine');
      });
      socket.on('error', (error: NodeJS.ErrnoException) =>
        unreachable(
          `cannot be reached (${error.code ?? messageOf(error)}); check its address and that it runs`,
          error,
        ),
      );
    });

  return {
    read: async (channels) => {
      if (channels.length === 0) return new Map();
      const request = encodeRead(channels);
      const reply = await ask(request);
      if (typeof reply === 'boolean') throw new RelayAnswer(host, port, request, encodeTruth(reply));
      const states = new Map<number, boolean>();
      for (const channel of channels) {
        const on = reply.get(channel);
        if (on === undefined) throw new RelayAnswer(host, port, request, encodeStates(reply));
        states.set(channel, on);
      }
      return states;
    },
    order: async (changes) => {
      const request = encodeStates(changes);
      const reply = await ask(request);
      if (typeof reply === 'boolean') return reply;
      throw new RelayAnswer(host, port, request, encodeStates(reply));
    },
  };
};
