/** Reads `parameters.yml`: YAML → both spellings to one → schema; every problem at once, in the file's own words. */
import { readFileSync } from 'node:fs';
import { messageOf } from '@daisee/units';
import { type Document, isAlias, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { expectClosedSettings } from './closed.ts';
import { type Contradiction, contradictions } from './contradictions.ts';
import { lineAt } from './lines.ts';
import { nearest, SettingsError } from './problems.ts';
import { type Settings, settingsSchema } from './schema.ts';
import { inOneLine, MOST_PROBLEMS, shown, yamlFault } from './shown.ts';

/** Section or key of the page's example → its name in the page's table (the name used inside). */
const spellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { contract: 'contracts' },
  contracts: { address: 'daisee' },
  node: { sensorId: 'id', typ: 'type' },
};

/** A key's name inside. Words like `constructor` are in every object, but in none of these tables. */
const spelled = (section: string, key: string): string => {
  const table = Object.hasOwn(spellings, section) ? spellings[section] : undefined;
  return table && Object.hasOwn(table, key) ? (table[key] ?? key) : key;
};

/** YAML would read an unquoted address as a huge number and a password of digits as a small one: these stay text. */
const alwaysText = new Set([
  'address',
  'daisee',
  'token',
  'account',
  'accountpswd',
  'login',
  'username',
  'password',
  'databasePassword',
  'topic',
  'host',
  'name',
  'url',
  'node',
]);

/** Keys of v0.2, by their names inside: its scripts looked each of them up, so those without a purpose were left empty. */
const ofV02: Readonly<Record<string, readonly string[]>> = {
  '': ['contracts', 'node', 'sellers', 'relay'],
  contracts: ['daisee', 'token', 'node'],
  node: [
    'address',
    'accountpswd',
    'url',
    'id',
    'type',
    'login',
    'password',
    'limit',
    'delta',
    'channel',
    'fuelgauge',
  ],
  relay: ['host', 'port'],
};

const isLeftEmpty = (section: string, name: string, value: unknown): boolean =>
  (value === '' || value === null) && ofV02[section]?.includes(name) === true;

/** A section of nothing but empty keys is as if it were not there; a relay's port alone, with an empty host, too. */
const saysNothing = (written: unknown, read: unknown): boolean =>
  plainObject(written) &&
  plainObject(read) &&
  Object.keys(read).length < Object.keys(written).length &&
  Object.keys(read).every((key) => key === 'port');

const plainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Renames the page's spellings and leaves out what is empty as v0.2 had it; reports keys that are there in both. */
const toOneSpelling = (
  section: string,
  value: unknown,
  problems: Contradiction[],
  original: Map<string, readonly string[]>,
): unknown => {
  if (!plainObject(value)) return value;
  const renamed = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    const name = spelled(section, key);
    const path = section ? `${section}.${name}` : name;
    if (renamed.has(name)) {
      problems.push({
        path: [...(section ? (original.get(section) ?? [section]) : []), key],
        problem: `is there twice, also as ${original.get(path)?.join('.')}; keep one`,
      });
      continue;
    }
    original.set(path, section ? [...(original.get(section) ?? [section]), key] : [key]);
    const read = section === '' ? toOneSpelling(name, inner, problems, original) : inner;
    if (!isLeftEmpty(section, name, inner) && !saysNothing(inner, read)) renamed.set(name, read);
  }
  return Object.fromEntries(renamed);
};

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (plainObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined),
    root,
  );

interface Definition {
  readonly innerType?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly valueType?: unknown;
  readonly element?: unknown;
  readonly options?: readonly unknown[];
  readonly discriminator?: string;
}

const definitionOf = (schema: unknown): Definition => {
  const { def } = (schema as { readonly _zod: { readonly def: Definition } })._zod;
  return def.innerType ? definitionOf(def.innerType) : def;
};

/** Of the drivers of a meter, the one that was named; of other alternatives, the one with keys. */
const alternative = (definition: Definition, value: unknown): Definition => {
  const { options, discriminator } = definition;
  const shapes = (options ?? []).map(definitionOf).filter(({ shape }) => shape !== undefined);
  const named = plainObject(value) && discriminator ? value[discriminator] : undefined;
  const chosen = discriminator
    ? shapes.find(({ shape }) => {
        const literal = definitionOf(shape?.[discriminator]) as { readonly values?: readonly unknown[] };
        return literal.values?.includes(named);
      })
    : shapes[0];
  return chosen ?? definition;
};

/** The keys that the schema knows at a path, for the nearest one to a mistyped key. */
const knownKeys = (path: readonly PropertyKey[], input: unknown): readonly string[] => {
  let at = alternative(definitionOf(settingsSchema), input);
  let value = input;
  for (const key of path) {
    const inner = at.shape?.[String(key)] ?? at.valueType ?? at.element;
    if (!inner) return [];
    value = valueAt(value, [key]);
    at = alternative(definitionOf(inner), value);
  }
  const section = path.map(String).join('.');
  return [...Object.keys(at.shape ?? {}), ...Object.keys(spellings[section] ?? {})];
};

/** `monitor.meters[0].topic`. */
const dotted = (path: readonly PropertyKey[]): string =>
  path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at > 0 ? '.' : ''}${String(key)}`))
    .join('');

const secret = (path: string): boolean => /(pswd|password|relay\.token)$/i.test(path);

/** A path in the words of the file. */
const inTheFile = (
  path: readonly PropertyKey[],
  original: ReadonlyMap<string, readonly string[]>,
): readonly PropertyKey[] => {
  const [section, key, ...rest] = path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (section === undefined) return [];
  const whole = key === undefined ? undefined : original.get(`${section}.${key}`);
  if (whole) return [...whole, ...rest];
  return [...(original.get(String(section)) ?? [section]), ...(key === undefined ? [] : [key, ...rest])];
};

/** The innermost reason of one alternative that nearly fits, instead of "fits none of them". */
const reasonsOf = (issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] => {
  if (issue.code !== 'invalid_union') return [issue];
  const nearer = issue.errors.find(
    (errors) =>
      errors.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys') &&
      errors.length > 0,
  );
  return nearer
    ? nearer.flatMap((inner) => reasonsOf({ ...inner, path: [...issue.path, ...inner.path] }))
    : [issue];
};

const describeIssue = (issue: z.core.$ZodIssue, input: unknown): readonly Contradiction[] => {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MOST_PROBLEMS).map((key) => {
      const near = nearest(key, knownKeys(path, input));
      return { path: [...path, key], problem: `is not known${near ? `; did you mean "${near}"?` : ''}` };
    });
  const got = valueAt(input, path);
  const needs = issue.message.replace(/^Invalid input.*$/, 'is not of the right form');
  if (got === undefined) return [{ path, problem: `is missing; it ${needs}` }];
  return [{ path, problem: `${needs} (got ${secret(dotted(path)) ? 'something else' : shown(got)})` }];
};

/** Why the text is no YAML that means what it says, each with its line. */
const faultsOf = (document: Document.Parsed, counter: LineCounter): readonly string[] => {
  const lineOf = (offset: number): number => counter.linePos(offset).line;
  const faults = [...document.errors, ...document.warnings]
    .slice(0, MOST_PROBLEMS)
    .map(
      ({ pos, message, code }) =>
        `line ${lineOf(pos[0])}: is no YAML: ${yamlFault(message)}${code === 'TAG_RESOLVE_FAILED' ? ' (a value that begins with ! needs quotes)' : ''}`,
    );
  const anchors = new Set<string>();
  visit(document, {
    Node(_, node) {
      if (!isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    },
    Map(_, map) {
      if (map.anchor !== undefined) anchors.add(map.anchor);
      const keys = new Set<unknown>();
      for (const { key } of map.items)
        if (isScalar(key) && key.value !== '<<' && keys.size === keys.add(key.value).size)
          faults.push(`line ${lineOf(key.range?.[0] ?? 0)}: is no YAML: Map keys must be unique`);
    },
    Alias(_, alias) {
      if (!anchors.has(alias.source))
        faults.push(
          `line ${lineOf(alias.range?.[0] ?? 0)}: is no YAML: a value that begins with * needs quotes`,
        );
    },
  });
  return faults;
};

/** @throws SettingsError where aliases or merges make no sense */
const valuesOf = (document: Document.Parsed, file: string): unknown => {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  } catch (error) {
    throw new SettingsError(file, [`is no YAML: ${yamlFault(messageOf(error))}`]);
  }
};

/** Bytes of a file of settings: one of a hundred sellers has a third. */
const LONGEST_FILE = 32 * 1024;
/** Lists and sections inside one another: settings have five, and the reader's stack ends somewhere. */
const DEEPEST = 64;
/** What aliases may stand for altogether, in the reader's count. */
const MOST_ALIASES = 20;

const isTooDeep = (text: string): boolean => {
  let depth = 0;
  for (const sign of text)
    if (sign === '[' || sign === '{') depth += 1;
    else if (sign === ']' || sign === '}') depth = Math.max(0, depth - 1);
    else if (depth > DEEPEST) return true;
  return depth > DEEPEST;
};

/** @throws SettingsError for a text that no settings are: too long, or nested without end */
const parsed = (text: string, file: string, lineCounter: LineCounter): Document.Parsed => {
  if (Buffer.byteLength(text) > LONGEST_FILE)
    throw new SettingsError(file, [`is longer than ${LONGEST_FILE / 1024} KiB: no settings are`]);
  if (isTooDeep(text))
    throw new SettingsError(file, [
      `is no YAML: it has more than ${DEEPEST} lists or sections inside one another`,
    ]);
  try {
    // Keys that come twice are found with their anchors, in time that grows with their number and not with its square.
    return parseDocument(text, {
      version: '1.1',
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
      lineCounter,
    });
  } catch (error) {
    // Out of its stack: the reader goes down with the text.
    throw new SettingsError(file, [
      `is no YAML: ${error instanceof RangeError ? 'it nests too deep' : yamlFault(messageOf(error))}`,
    ]);
  }
};

/**
 * Checks settings given as text.
 * @param file the name that problems are reported under
 * @throws SettingsError with every problem found
 */
export const parseSettings = (text: string, file: string): Settings => {
  const counter = new LineCounter();
  const document = parsed(text, file, counter);
  const faults = faultsOf(document, counter);
  if (faults.length > 0) throw new SettingsError(file, faults.slice(0, MOST_PROBLEMS));
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
  const twice: Contradiction[] = [];
  const original = new Map<string, readonly string[]>();
  const input = toOneSpelling('', valuesOf(document, file), twice, original);
  const result = settingsSchema.safeParse(input);
  const found = result.success
    ? contradictions(result.data)
    : result.error.issues.flatMap(reasonsOf).flatMap((issue) => describeIssue(issue, input));
  const problems = [
    ...twice,
    ...found.map(({ path, problem }) => ({ path: inTheFile(path, original), problem })),
  ]
    .slice(0, MOST_PROBLEMS)
    .map((one) => ({ ...one, line: lineAt(document, counter, one.path) ?? Number.POSITIVE_INFINITY }))
    .toSorted((a, b) => (a.line < b.line ? -1 : Number(a.line > b.line)))
    .map(
      ({ path, problem, line }) =>
        `${Number.isFinite(line) ? `line ${line}: ` : ''}${inOneLine(dotted(path))}: ${inOneLine(problem)}`,
    );
  if (problems.length > 0) throw new SettingsError(file, problems);
  if (!result.success) throw new SettingsError(file, ['is not of the right form']);
  return result.data;
};

/**
 * Reads settings from a file.
 * @param open take them although others may read secrets in them: for what makes things safe
 * @throws SettingsError
 */
export const readSettings = (file: string, { open = false }: { readonly open?: boolean } = {}): Settings => {
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
  const settings = parseSettings(content, file);
  if (!open) expectClosedSettings(file, settings);
  return settings;
};
