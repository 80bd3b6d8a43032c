/** An agent in another process of this machine, asked through its socket. */
import { request } from 'node:http';
import { DaiseeError, type Duration, messageOf, Seconds } from '@daisee/units';
import { openSocketPath } from './socket-path.ts';
import type { AgentView } from './status.ts';
import { readSources, readStatus } from './wire.ts';

/** No agent answers at the socket. */
class AgentAway extends DaiseeError {
  constructor(file: string, why: string) {
    super({
      code: 'agent.away',
      message: `The node's agent does not answer at ${file} (${why}). Does it run on this machine ("daisee up", "daisee agent")?`,
      retryable: true,
      values: { file, why },
    });
  }
}

/** Of a whole answer, in real time: it is a process of this machine. */
const PATIENCE: Duration = Seconds(5);
const MOST = 64 * 1024 * 1024;

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing runs there',
  ECONNREFUSED: 'nothing runs there any more',
  EACCES: 'it is another user’s',
};

const ask = (file: string, method: 'GET' | 'POST', path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = (() => {
      try {
        return openSocketPath(file);
      } catch (error) {
        reject(
          new AgentAway(file, MEANINGS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error)),
        );
        return undefined;
      }
    })();
    if (!socket) return;
    const fail = (why: string): void => reject(new AgentAway(file, why));
    const asked = request({ socketPath: socket.name, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MOST) asked.destroy(new Error('its answer has no end'));
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else fail(`it answers ${response.statusCode}: ${text.slice(0, 300)}`);
      });
      response.on('error', (error) => fail(messageOf(error)));
    });
    asked.once('error', (error: NodeJS.ErrnoException) =>
      fail(MEANINGS[error.code ?? ''] ?? messageOf(error)),
    );
    asked.setTimeout(PATIENCE, () => asked.destroy(new Error('no answer')));
    asked.once('close', () => socket.close());
    asked.end();
  });

/** @param file the agent's socket */
export const createStatusClient = (file: string): AgentView => {
  const read = async <T>(path: string, reader: (text: string) => T): Promise<T> => {
    const text = await ask(file, 'GET', path);
    try {
      return reader(text);
    } catch {
      throw new AgentAway(file, 'what answers there is no agent of this version');
    }
  };
  return {
    status: () => read('/status', readStatus),
    sources: (from, to) => read(`/sources?from=${Math.round(from)}&to=${Math.round(to)}`, readSources),
    wake: async () => void (await ask(file, 'POST', '/wake')),
  };
};
