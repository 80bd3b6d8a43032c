/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of the operations, out of their shapes. */
import * as z from 'zod';
import { BASE, type Described } from './operation.ts';
import { PROBLEM_TYPE, problemShape } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (shape: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return schema;
};

const parametersOf = (shape: z.ZodType | undefined, place: 'path' | 'query'): readonly Json[] => {
  if (!shape) return [];
  const { properties = {}, required = [] } = schemaOf(shape, 'input') as {
    properties?: Readonly<Record<string, Json>>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof schema['description'] === 'string' ? { description: schema['description'] } : {}),
    schema,
  }));
};

const SECURITY = [{ password: [] }, { token: [] }, { session: [] }];

const operationOf = (described: Described): Json => {
  const { id, group, summary, description, scope, params, query, body, answers } = described;
  const needs = scope === undefined ? 'Needs no login.' : `A token needs the scope \`${scope}\`.`;
  return {
    operationId: id,
    tags: [group],
    summary,
    description: description === undefined ? needs : `${description} ${needs}`,
    security: scope === undefined ? [] : SECURITY,
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(body).map(([type, { shape, described: shown = shape }]) => [
                type,
                { schema: schemaOf(shown, 'input') },
              ]),
            ),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, type = 'application/json', shape }]) => [
          status,
          { description, ...(shape ? { content: { [type]: { schema: schemaOf(shape, 'output') } } } : {}) },
        ]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
};

/** The address of an operation as OpenAPI writes it. */
const templateOf = (path: string): string => `${BASE}${path.replace(/:(\w+)/g, '{$1}')}`;

interface OpenApi extends Json {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string } & Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

export const openApiOf = (operations: readonly Described[]): OpenApi => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const described of operations) {
    const template = templateOf(described.path);
    paths[template] = { ...paths[template], [described.method.toLowerCase()]: operationOf(described) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'DAISEE monitor',
      version: '1',
      description:
        'What the meters of a node measured. Instants are Unix milliseconds, and ISO 8601 with a zone where they are asked; power is in watts with the sign of its sensor; energy and registers are watt-hours as decimal text with 6 places (exact).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        password: { type: 'http', scheme: 'basic' },
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'daisee_session' },
      },
      responses: {
        Problem: {
          description: 'Refused or failed; RFC 9457',
          content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      schemas: { Problem: schemaOf(problemShape, 'output') },
    },
  };
};
