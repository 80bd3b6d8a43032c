/** The relay as people start it, `daisee relay` with a board on pins and HTTP, and requests to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { join } from 'node:path';
import { type Launched, launch, until } from './relay.ts';

const PROJECT = join(import.meta.dirname, '../../../..');
const TLS = join(PROJECT, 'packages/relay/test/tls');
const CERTIFICATE = join(TLS, 'certificate.pem');

/** The options that make it speak HTTPS, with the certificate of the relay's own tests; its key is copied into a folder. */
export const withTls = (folder: string): readonly string[] => {
  const key = join(folder, 'key.pem');
  writeFileSync(key, readFileSync(join(TLS, 'key.pem')), { mode: 0o600 }); // as it asks for
  return ['--cert', CERTIFICATE, '--key', key];
};

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: every test asserts what it takes out of it
  readonly body: any;
}

export interface Command extends Launched {
  /** Asks `/api/v1/…`: GET, or POST where there is a body. */
  ask(path: string, body?: object, token?: string): Promise<Answer>;
  /** Asks any path of it. */
  get(path: string): Promise<Answer>;
  /** What the event stream tells from now on, as text; `end` leaves it. */
  listen(): { readonly told: () => string; readonly end: () => void };
}

/** Runs a command of the project to its end. @returns what it said */
export const daisee = async (args: readonly string[]): Promise<string> => {
  const { child, said, exited } = launch([join(PROJECT, 'packages/cli/bin/daisee.cjs'), ...args]);
  await exited;
  if (child.exitCode !== 0) throw new Error(`daisee ${args.join(' ')} failed: ${said.join(' | ')}`);
  return said.join('\n');
};

/** Starts `daisee relay` and waits until its HTTP listens. */
export const startCommand = async (args: readonly string[], token: string): Promise<Command> => {
  const launched = launch([join(PROJECT, 'packages/cli/bin/daisee.cjs'), 'relay', '--json', ...args]);
  const { child, said } = launched;
  const listening = () => /"url":"(https?:[^"]+)"/.exec(said.join('\n'))?.[1];
  await until('the HTTP listens', () => listening() !== undefined || child.exitCode !== null);
  const url = listening();
  if (url === undefined) throw new Error(`daisee relay did not start: ${said.join(' | ')}`);

  const open = (path: string, method: string, secret: string) => {
    const headers = secret === '' ? {} : { authorization: `Bearer ${secret}` };
    return url.startsWith('https')
      ? overHttps(url + path, { method, headers, ca: readFileSync(CERTIFICATE), agent: false })
      : overHttp(url + path, { method, headers, agent: false });
  };
  const send = (path: string, body?: object, secret = token): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = open(path, body ? 'POST' : 'GET', secret);
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.on('data', (bytes: Buffer) => {
          text += bytes.toString();
        });
        response.on('error', reject);
        response.on('end', () => {
          const type = response.headers['content-type'] ?? '';
          const isJson = /json/.test(type);
          resolve({
            status: response.statusCode ?? 0,
            type,
            text,
            body: isJson ? JSON.parse(text) : undefined,
          });
        });
      });
      if (body) request.setHeader('content-type', 'application/json');
      request.end(body ? JSON.stringify(body) : undefined);
    });
  return {
    ...launched,
    ask: (path, body, secret) => send(`/api/v1/${path}`, body, secret),
    get: (path) => send(path),
    listen: () => {
      let told = '';
      const request = open('/api/v1/events', 'GET', token);
      request.on('error', () => undefined); // it ends with the service
      request.on('response', (response) => {
        response.on('error', () => undefined);
        response.on('data', (bytes: Buffer) => {
          told += bytes.toString();
        });
      });
      request.end();
      return { told: () => told, end: () => request.destroy() };
    },
  };
};
