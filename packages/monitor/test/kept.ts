/** A monitor with its store and its directory in a file, and questions whose answers must fit its OpenAPI document. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@daisee/units';
import { expect } from 'vitest';
import * as z from 'zod';
import { type MonitorOptions, type MonitorStore, openDirectory, openStore } from '../src/index.ts';
import { BASIC, NOW, type Reply, type Served, send, serveStore } from './served.ts';

interface Media {
  readonly schema?: object & { readonly $ref?: string };
}
interface OperationObject {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>>; readonly $ref?: string }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: { readonly Problem: object } };
}

interface Answer {
  readonly status: number;
  readonly headers: Reply['headers'];
  readonly text: string;
  /** Of JSON. */
  readonly body: unknown;
}

export interface Kept extends Served {
  readonly document: Document;
  /** The operations asked so far. */
  readonly asked: Set<string>;
  /** Asks with login and password unless other headers say otherwise; checks that the answer is as described. */
  readonly ask: (
    question: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>;
}

const fits = (schema: object, value: unknown): void => {
  const result = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
  expect(result.error?.issues ?? []).toEqual([]);
};

const operationFor = (document: Document, method: string, path: string): OperationObject | undefined => {
  const plain = path.split('?')[0] ?? '';
  const templates = Object.keys(document.paths).filter((template) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  // A fixed segment goes before a parameter.
  const [template = ''] = templates.toSorted((a, b) => a.split('{').length - b.split('{').length);
  return document.paths[template]?.[method.toLowerCase()];
};

export const serveKept = async (
  options: Partial<MonitorOptions> & { readonly before?: (store: MonitorStore) => void } = {},
): Promise<Kept> => {
  const { before, ...given } = options;
  const folder = mkdtempSync(join(tmpdir(), 'daisee-monitor-'));
  const file = join(folder, 'monitor.sqlite');
  const store = openStore({ file, survives: 'process' });
  store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  before?.(store);
  const directory = openDirectory({ file });
  const served = await serveStore(store, { clock: new VirtualClock({ start: NOW }), directory, ...given });
  const document = JSON.parse((await send(`${served.url}/api/v1/openapi.json`)).text) as Document;
  const asked = new Set<string>();

  const ask: Kept['ask'] = async (question, body, headers = {}) => {
    const [method = '', path = ''] = question.split(' ');
    const type = typeof body === 'string' ? {} : { 'Content-Type': 'application/json' };
    const reply = await send(`${served.url}/api/v1${path}`, {
      method,
      headers: { ...BASIC, ...(body === undefined ? {} : type), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const { status, text } = reply;
    const [media = ''] = String(reply.headers['content-type'] ?? '').split(';');
    const isJson = media === 'application/json' || media === 'application/problem+json';
    const answer = { ...reply, body: isJson ? (JSON.parse(text) as unknown) : text };
    const operation = operationFor(document, method, `/api/v1${path}`);
    if (status >= 400) {
      expect(media).toBe('application/problem+json');
      fits(document.components.schemas.Problem, answer.body);
    } else {
      const described = operation?.responses[status];
      expect(described, `${question} with ${status}`).toBeDefined();
      if (operation) asked.add(operation.operationId);
      const schema = described?.content?.[media]?.schema;
      expect(schema !== undefined, `${question} as ${media}`).toBe(text !== '');
      if (schema) fits(schema, answer.body);
    }
    return answer;
  };
  return {
    ...served,
    document,
    asked,
    ask,
    end: async () => {
      await served.end();
      directory.close();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
};

export const NDJSON = { 'Content-Type': 'application/x-ndjson' };
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
