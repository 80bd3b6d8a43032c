/** Reads `parameters.yml`: YAML → both spellings to one → schema; every problem at once, in the file's own words. */
import { readFileSync } from 'node:fs';
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { nearest, SettingsError } from './problems.ts';
import { type Settings, settingsSchema } from './schema.ts';

/** Section or key of the page's example → its name in the page's table (the name used inside). */
const spellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { contract: 'contracts' },
  contracts: { address: 'daisee' },
  node: { sensorId: 'id', typ: 'type' },
};

/** YAML would read an unquoted address as a huge number and a password of digits as a small one: these stay text. */
const alwaysText = new Set([
  'address',
  'daisee',
  'token',
  'account',
  'accountpswd',
  'login',
  'password',
  'host',
  'name',
  'url',
  'node',
]);

const plainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Renames the page's spellings; reports keys that are there in both. */
const toOneSpelling = (
  section: string,
  value: unknown,
  problems: string[],
  original: Map<string, string>,
): unknown => {
  if (!plainObject(value)) return value;
  const renamed: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = spellings[section]?.[key] ?? key;
    const path = section ? `${section}.${name}` : name;
    if (name in renamed) {
      problems.push(
        `${section ? `${section}.` : ''}${key}: is there twice, also as ${original.get(path)}; keep one`,
      );
      continue;
    }
    original.set(path, section ? `${original.get(section) ?? section}.${key}` : key);
    renamed[name] = section === '' ? toOneSpelling(name, inner, problems, original) : inner;
  }
  return renamed;
};

const shown = (value: unknown): string => {
  const json = JSON.stringify(value);
  return json === undefined ? 'nothing' : json.length > 60 ? `${json.slice(0, 57)}…` : json;
};

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (plainObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined),
    root,
  );

/** The keys that the schema knows at a path, for the nearest one to a mistyped key. */
const knownKeys = (path: readonly PropertyKey[]): readonly string[] => {
  let at: unknown = settingsSchema;
  for (const key of path) {
    at = unwrapped(at);
    const definition = (
      at as { _zod: { def: { shape?: Record<string, unknown>; valueType?: unknown; options?: unknown[] } } }
    )._zod.def;
    at = definition.shape?.[String(key)] ?? definition.valueType;
    if (!at) return [];
  }
  at = unwrapped(at);
  const shape = (at as { _zod: { def: { shape?: Record<string, unknown> } } })._zod.def.shape ?? {};
  const section = path.map(String).join('.');
  return [...Object.keys(shape), ...Object.keys(spellings[section] ?? {})];
};

const unwrapped = (schema: unknown): unknown => {
  let at = schema as { _zod: { def: { innerType?: unknown } } };
  while (at._zod.def.innerType) at = at._zod.def.innerType as typeof at;
  return at;
};

const secret = (path: string): boolean => /(pswd|password)$/i.test(path);

const describeIssue = (issue: z.core.$ZodIssue, input: unknown, original: Map<string, string>): string[] => {
  const dotted = issue.path.map(String).join('.');
  const section = issue.path.slice(0, 2).map(String).join('.');
  const named = original.get(section);
  const path = named ? [named, ...issue.path.slice(2).map(String)].join('.') : dotted;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const near = nearest(key, knownKeys(issue.path));
      const where = path ? `${path}.${key}` : key;
      return `${where}: is not known${near ? `; did you mean "${near}"?` : ''}`;
    });
  const got = valueAt(input, issue.path);
  const needs = issue.message.replace(/^Invalid input.*$/, 'is not of the right form');
  if (got === undefined) return [`${path}: is missing; it ${needs}`];
  return [`${path}: ${needs} (got ${secret(path) ? 'something else' : shown(got)})`];
};

/**
 * Checks settings given as text.
 * @param file the name that problems are reported under
 * @throws SettingsError with every problem found
 */
export const parseSettings = (text: string, file: string): Settings => {
  const document = parseDocument(text, { version: '1.1', prettyErrors: true });
  if (document.errors.length > 0)
    throw new SettingsError(
      file,
      document.errors.map(
        (error) => `line ${error.linePos?.[0].line ?? '?'}: is no YAML: ${error.message.split('\n')[0]}`,
      ),
    );
  if (document.contents !== null && !isMap(document.contents))
    throw new SettingsError(file, [
      'needs sections like "node:" and "relay:", as in the example of the README',
    ]);
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && isScalar(pair.value) && alwaysText.has(String(pair.key.value)))
        if (typeof pair.value.value === 'number' || typeof pair.value.value === 'bigint')
          pair.value.value = pair.value.source ?? String(pair.value.value);
    },
  });
  const problems: string[] = [];
  const original = new Map<string, string>();
  const input = toOneSpelling('', document.toJS() ?? {}, problems, original);
  const result = settingsSchema.safeParse(input);
  if (!result.success)
    problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, input, original)));
  if (result.success) problems.push(...contradictions(result.data));
  if (problems.length > 0) throw new SettingsError(file, problems);
  if (!result.success) throw new SettingsError(file, ['is not of the right form']);
  return result.data;
};

/** What each key allows and the file as a whole does not. */
const contradictions = (settings: Settings): string[] => {
  const problems: string[] = [];
  const { contracts, node, sellers, relay } = settings;
  if (contracts?.gasPrice !== undefined && contracts.maxFee !== undefined)
    problems.push('contracts.gasPrice: is given beside maxFee; keep one');
  if (contracts?.tip !== undefined && contracts.maxFee === undefined)
    problems.push('contracts.tip: needs contracts.maxFee beside it');
  if (node?.accountpswd && node.accountpswdFile)
    problems.push('node.accountpswd: is given beside accountpswdFile; keep one');
  if (node?.password && node.passwordFile)
    problems.push('node.password: is given beside passwordFile; keep one');
  if (node?.type === 'P' && sellers)
    problems.push('sellers: a producer (node.type P) has no sellers; remove the section');
  if (node?.type === 'C') {
    if (!sellers || Object.keys(sellers).length === 0)
      problems.push('sellers: is missing; a consumer (node.type C) needs at least one');
    if (!relay) problems.push('relay: is missing; a consumer (node.type C) needs host (and port)');
    for (const key of ['limit', 'delta', 'channel'] as const)
      if (node[key] === undefined)
        problems.push(`node.${key}: is missing; a consumer (node.type C) needs it`);
    const used = new Map<number, string>((node.channel ?? []).map((channel) => [channel, 'node.channel']));
    for (const [name, seller] of Object.entries(sellers ?? {}))
      for (const channel of seller.channel) {
        const other = used.get(channel);
        if (other)
          problems.push(
            `sellers.${name}.channel: ${channel} is taken by ${other}; each contact has one purpose`,
          );
        else used.set(channel, `sellers.${name}.channel`);
      }
    const gauged = node.fuelgauge ?? true;
    if (gauged && node.limit !== undefined && node.limit > 100)
      problems.push(
        `node.limit: needs a percentage from 0 to 100 while node.fuelgauge is on (got ${node.limit})`,
      );
    if (gauged && node.resume !== undefined && node.limit !== undefined && node.resume <= node.limit)
      problems.push(`node.resume: needs to be above node.limit (${node.limit} %), got ${node.resume}`);
  }
  return problems;
};

/** Reads settings from a file. @throws SettingsError */
export const readSettings = (file: string): Settings => {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SettingsError(file, [
      missing
        ? 'does not exist; give the settings with -c FILE'
        : `cannot be read: ${(error as Error).message}`,
    ]);
  }
  return parseSettings(content, file);
};
