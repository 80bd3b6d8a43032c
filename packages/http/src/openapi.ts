/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of operations, out of their shapes. */
import * as z from 'zod';
import { type Described, JSON_TYPE } from './operation.ts';
import { PROBLEM_TYPE, problemShape } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** Where the operations are, like `/api/v1`. */
  readonly base: string;
  /** Ways to log in by name, as OpenAPI has them; a request needs one of them. */
  readonly security: Readonly<Record<string, Json>>;
  /** Of its problem documents, where they say more than others'. */
  readonly problem?: z.ZodType;
}

export interface OpenApi extends Json {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string } & Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

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

const operationOf = (described: Described, security: ApiDescription['security']): Json => {
  const { id, group, summary, description, scope, params, query, bodies, answers } = described;
  const needs = scope === undefined ? 'Needs no login.' : `A token needs the scope \`${scope}\`.`;
  return {
    operationId: id,
    tags: [group],
    summary,
    description: description === undefined ? needs : `${description} ${needs}`,
    security: scope === undefined ? [] : Object.keys(security).map((name) => ({ [name]: [] })),
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(bodies
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(bodies).map(([type, { shape, described: shown = shape }]) => [
                type,
                { schema: schemaOf(shown, 'input') },
              ]),
            ),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, type = JSON_TYPE, shape }]) => [
          status,
          { description, ...(shape ? { content: { [type]: { schema: schemaOf(shape, 'output') } } } : {}) },
        ]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
};

export const openApiOf = (
  { title, version, description, base, security, problem = problemShape }: ApiDescription,
  operations: readonly Described[],
): OpenApi => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const described of operations) {
    const template = `${base}${described.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[template] = {
      ...paths[template],
      [described.method.toLowerCase()]: operationOf(described, security),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: security,
      responses: {
        Problem: {
          description: 'Refused or failed; RFC 9457',
          content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
  };
};
