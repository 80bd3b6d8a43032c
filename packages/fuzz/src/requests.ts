/** Requests made out of an API's own description (OpenAPI 3.1): right ones, nearly right ones, and others. */
import fc from 'fast-check';
import { distorted, hostileBytes, hostileJson, hostileText, torn } from './inputs.ts';

export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Schema = Readonly<Record<string, unknown>>;
type Described = Readonly<{
  operationId?: string;
  parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
  }[];
  requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}>;

/** What of an OpenAPI document is used here. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numberOf = (schema: Schema): fc.Arbitrary<number> => {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, type } = schema;
  const bound = (...given: readonly unknown[]) => given.find((one): one is number => typeof one === 'number');
  const least = bound(minimum, exclusiveMinimum) ?? -1e6;
  const most = bound(maximum, exclusiveMaximum) ?? 1e6;
  const [min, max] = [Math.min(least, most), Math.max(least, most)];
  const usual =
    type === 'integer'
      ? fc.integer({
          min: Math.max(Math.ceil(min), -(2 ** 31)),
          max: Math.max(Math.ceil(min), Math.min(Math.floor(max), 2 ** 31 - 1)),
        })
      : fc.double({ min, max, noNaN: true });
  return fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(min, max) });
};

const textOf = ({ pattern, maxLength }: Schema): fc.Arbitrary<string> => {
  const most = Math.min(typeof maxLength === 'number' ? maxLength : 30, 200);
  if (typeof pattern === 'string')
    try {
      return fc.stringMatching(new RegExp(pattern), { size: 'small' });
    } catch {
      // A pattern with what cannot be made from it (a lookahead): any text has to do.
      return hostileText;
    }
  return fc.oneof(fc.string({ maxLength: most }), hostileText);
};

const objectOf = (schema: Schema): fc.Arbitrary<unknown> => {
  const { properties, required, additionalProperties } = schema;
  const needed = Array.isArray(required) ? required.map(String) : [];
  const shapes = Object.entries(isSchema(properties) ? properties : {});
  const own = fc.record(Object.fromEntries(shapes.map(([name, shape]) => [name, describedBy(shape)])), {
    requiredKeys: needed.filter((name) => shapes.some(([key]) => key === name)),
  });
  if (!isSchema(additionalProperties)) return own;
  const names = fc.oneof(fc.nat(9).map(String), hostileText);
  return fc
    .tuple(own, fc.dictionary(names, describedBy(additionalProperties), { maxKeys: 4 }))
    .map(([fixed, more]) => ({ ...more, ...fixed }));
};

/** A value that a JSON schema describes; where it says too little, any. */
const describedBy = (schema: unknown): fc.Arbitrary<unknown> => {
  if (!isSchema(schema)) return hostileJson;
  if ('const' in schema) return fc.constant(schema['const']);
  const options: unknown = schema['enum'] ?? undefined;
  if (Array.isArray(options)) return fc.constantFrom<unknown>(...options);
  const alternatives: unknown = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives)) return fc.oneof(...alternatives.map(describedBy));
  const all: unknown = schema['allOf'];
  if (Array.isArray(all))
    return fc
      .tuple(...all.map(describedBy))
      .map((parts) => Object.assign({}, ...parts.map(Object)) as unknown);
  switch (schema['type']) {
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'string':
      return textOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(describedBy(schema['items']), { maxLength: 4 });
    case 'object':
      return objectOf(schema);
    default:
      return hostileJson;
  }
};

const word = (value: unknown): string =>
  encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed());

/** What is asked about and is there: ids that the server knows let the code behind them be reached. */
export interface KnownValues {
  readonly [parameter: string]: readonly unknown[];
}

const parameterOf = (name: string, schema: unknown, known: KnownValues): fc.Arbitrary<unknown> => {
  const there = known[name];
  return fc.oneof(
    ...(there ? [{ weight: 6, arbitrary: fc.constantFrom<unknown>(...there) }] : []),
    { weight: 4, arbitrary: describedBy(schema) },
    { weight: 1, arbitrary: hostileJson },
  );
};

const bodyOf = (type: string, schema: unknown): fc.Arbitrary<string> => {
  const value = describedBy(schema);
  const json = fc.oneof(
    { weight: 4, arbitrary: value },
    { weight: 4, arbitrary: value.chain((right) => distorted(right)) },
    { weight: 1, arbitrary: hostileJson },
  );
  const text = json.map((one) => JSON.stringify(one) ?? '');
  const lines = type.includes('json')
    ? fc.array(text, { maxLength: 4 }).map((all) => all.join('\n'))
    : hostileText;
  return fc.oneof(
    { weight: 6, arbitrary: type === 'application/json' ? text : lines },
    { weight: 1, arbitrary: text.chain((right) => torn(right)) },
    { weight: 1, arbitrary: hostileText },
  );
};

const requestOf = (
  template: string,
  method: string,
  described: Described,
  known: KnownValues,
): fc.Arbitrary<HostileRequest> => {
  const { parameters = [], requestBody } = described;
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query');
  const path = fc.record(
    Object.fromEntries(inPath.map((one) => [one.name, parameterOf(one.name, one.schema, known)])),
  );
  const query = fc.record(
    Object.fromEntries(inQuery.map((one) => [one.name, parameterOf(one.name, one.schema, known)])),
    { requiredKeys: [] },
  );
  const bodies = Object.entries(requestBody?.content ?? {});
  const noBody = fc.constant<{ type?: string; body?: string }>({});
  const body: fc.Arbitrary<{ readonly type?: string; readonly body?: string }> =
    bodies.length === 0
      ? noBody
      : fc.oneof(
          ...bodies.map(([type, { schema }]) => ({
            weight: 8,
            arbitrary: bodyOf(type, schema).map((text) => ({ type, body: text })),
          })),
          {
            weight: 1,
            arbitrary: fc
              .tuple(
                fc.constantFrom(
                  'text/plain',
                  'application/xml',
                  'application/x-www-form-urlencoded',
                  '',
                  'a',
                  '*/*',
                ),
                hostileText,
              )
              .map(([type, text]) => ({ type, body: text })),
          },
          { weight: 1, arbitrary: noBody },
        );
  return fc
    .record({
      path,
      query,
      body,
      more: fc.option(fc.tuple(hostileText, hostileText), { freq: 8, nil: undefined }),
    })
    .map(({ path: places, query: asked, body: given, more }) => {
      const pairs = Object.entries(asked).map(([name, value]) => `${name}=${word(value)}`);
      if (more) pairs.push(`${word(more[0])}=${word(more[1])}`);
      const where = template.replace(/\{(\w+)\}/g, (_, name: string) => word(places[name]) || '%20');
      return {
        method: method.toUpperCase(),
        path: `${where}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`,
        headers: given.type === undefined ? {} : { 'content-type': given.type },
        ...(given.body === undefined ? {} : { body: given.body }),
      };
    });
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Requests for every operation of a description, but those named in `except`. */
export const requestsOf = (
  document: OpenApiDocument,
  { known = {}, except = [] }: { readonly known?: KnownValues; readonly except?: readonly string[] } = {},
): fc.Arbitrary<HostileRequest> => {
  const all: fc.Arbitrary<HostileRequest>[] = [];
  for (const [template, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const described = operation as Described;
      if (METHODS.includes(method) && !except.includes(described.operationId ?? ''))
        all.push(requestOf(template, method, described, known));
    }
  return fc.oneof(...all);
};

const LINES = [
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'POST /api/v1/switch HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
  'POST /api/time HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nlogin\r\n0\r\n\r\n',
  'GET /api/v1/health HTTP/1.0\r\nAuthorization: Bearer x\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
];

/** Bytes that begin like HTTP, or do not. */
export const httpBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: torn(...LINES).map((text) => new Uint8Array(Buffer.from(text, 'latin1'))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(hostileText, hostileText, hostileText)
      .map(
        ([path, name, value]) =>
          new Uint8Array(
            Buffer.from(`GET /${path} HTTP/1.1\r\n${name}: ${value}\r\nConnection: close\r\n\r\n`),
          ),
      ),
  },
  { weight: 1, arbitrary: hostileBytes },
);
