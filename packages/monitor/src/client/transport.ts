/** Asking a monitor over HTTP and telling apart what can go wrong. */
import type { Duration } from '@daisee/units';
import type * as z from 'zod';
import { MonitorAnswer, MonitorNameRefused, MonitorRefused, MonitorUnreachable, reasonOf } from './errors.ts';

export interface TransportOptions {
  /** Of the monitor, without a slash at its end. */
  readonly url: string;
  readonly login: string;
  readonly password: () => string;
  readonly sensorId: number;
  readonly timeout: Duration;
}

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Bytes of an answer: ten thousand samples have a tenth. */
const LONGEST_ANSWER = 32 * 1024 * 1024;

/** @throws MonitorAnswer for one that does not end */
const textOf = async (url: string, response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LONGEST_ANSWER)
      throw new MonitorAnswer(url, '', `longer than ${LONGEST_ANSWER / 2 ** 20} MiB`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
};

/** Asks once, whatever the status. @throws MonitorUnreachable when nothing answers. */
export const knock = async (
  options: TransportOptions,
  path: string,
  request: RequestInit,
): Promise<Answer> => {
  const url = options.url + path;
  try {
    // Guards a socket, so the time is the machine's.
    const signal = AbortSignal.timeout(options.timeout);
    const response = await fetch(url, { ...request, redirect: 'manual', signal });
    return { url, status: response.status, text: await textOf(url, response) };
  } catch (error) {
    if (error instanceof MonitorAnswer) throw error;
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    const why = late ? `no answer within ${options.timeout / 1000} s` : reasonOf(error);
    throw new MonitorUnreachable(options.url, why, error);
  }
};

/** Asks once. @throws MonitorUnreachable (also for 5xx and 429), MonitorRefused (401 and 403), MonitorNameRefused (421). */
export const ask = async (options: TransportOptions, path: string, request: RequestInit): Promise<Answer> => {
  const answer = await knock(options, path, request);
  const { status } = answer;
  if (status === 401 || status === 403)
    throw new MonitorRefused(options.url, options.login, options.sensorId, status);
  if (status === 421) throw new MonitorNameRefused(options.url);
  if (status >= 500 || status === 429)
    throw new MonitorUnreachable(options.url, `it answered HTTP ${status}`);
  return answer;
};

/** Reads an answer. @throws MonitorAnswer when it is not of that shape. */
export const read = <T>({ url, status, text }: Answer, shape: z.ZodType<T>): T => {
  if (status !== 200) throw new MonitorAnswer(url, text, `HTTP ${status}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MonitorAnswer(url, text, 'no JSON');
  }
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MonitorAnswer(
    url,
    text,
    `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'of another shape'}`.trim(),
  );
};
