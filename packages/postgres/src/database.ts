/** A pool of connections to PostgreSQL: what it throws comes out typed, connections that died are replaced. */
import type { Duration } from '@daisee/units';
import { Pool, type PoolClient, types } from 'pg';
import { badAddress, closed, type Failures, failureOf } from './failures.ts';

/** A statement with its values; those with a name are prepared once on each connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Asks one statement; its rows, 64-bit integers as bigint. The caller says what the columns are. */
export type Ask = <Row>(statement: Statement) => Promise<readonly Row[]>;

export interface PostgresDatabase {
  /** The address without its password, for messages. */
  readonly name: string;
  /** The schema that the tables are in. */
  readonly schema: string;
  readonly ask: Ask;
  /**
   * Runs work in one transaction. `opening`: statements that go along with its beginning; the work gets the rows of the
   * last of them. What it asks by `askLast` goes along with the commit: nothing may be asked after it.
   */
  readonly transaction: <T>(
    opening: readonly Statement[],
    work: (ask: Ask, rows: readonly unknown[], askLast: Ask) => Promise<T>,
  ) => Promise<T>;
  /** Ends all connections. Safe to call twice. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  /**
   * `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `postgres:///DATABASE?host=FOLDER&user=USER` for a Unix socket;
   * `?sslmode=verify-full` and the like as node-postgres reads them.
   */
  readonly url: string;
  /** The schema that holds the store, `daisee` by default; made when it is not there. Small letters, digits, `_`. */
  readonly schema?: string;
  /** The most connections at a time, 5 by default: more are no faster, and each may hold a long answer in memory. */
  readonly connections?: number;
  /** How long a statement may take before its connection is given up, in real time; 30 s by default. */
  readonly patience?: Duration;
}

/** How long a new connection may take, in real ms: guards real I/O. */
const CONNECT_TIMEOUT = 5000;

type OfType = Parameters<typeof types.getTypeParser>[0];

const bigintTypes = {
  getTypeParser: ((oid: OfType, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 ? BigInt : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

/** Where the pool connects, and the address as it may be shown. */
const addressOf = (
  failures: Failures,
  url: string,
  schema: string,
): { readonly address: string; readonly name: string } => {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    // The text is not shown: it may hold a password.
    throw badAddress(failures, 'address', '…', 'postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  const address = new URL(url);
  const shown = new URL(url);
  shown.password = '';
  shown.searchParams.delete('password');
  // Compiling a plan takes longer than any of the store's look-ups.
  const options = `${address.searchParams.get('options') ?? ''} -c search_path=${schema} -c jit=off`.trim();
  address.searchParams.set('options', options);
  // `+` for a space is of forms; node-postgres reads %20.
  address.search = address.search.replaceAll('+', '%20');
  return { address: address.href, name: decodeURI(shown.href) };
};

/**
 * Makes the pool; nothing is connected before the first statement. What goes wrong is an error of the room's own.
 * @throws the room's error for an address that is none
 */
export const createPostgresDatabase = (options: PostgresOptions, failures: Failures): PostgresDatabase => {
  const { url, schema = 'daisee', connections = 5, patience = 30_000 } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw badAddress(failures, 'schema', schema, 'small letters, digits and _, no digit first');
  const { address, name } = addressOf(failures, url, schema);
  const pool = new Pool({
    connectionString: address,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: patience,
    keepAlive: true,
    types: bigintTypes,
    // Statements that wait for nothing of one another travel together: a sample takes two round trips instead of four.
    pipeline: true,
  });
  // A connection that dies while nobody uses it has left the pool by now: the next statement opens a new one.
  pool.on('error', () => undefined);
  let closing: Promise<void> | undefined;

  const onDatabase = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closing) throw closed(failures, name);
    try {
      return await work();
    } catch (error) {
      throw failureOf(failures, name, error);
    }
  };
  const asking =
    (client: Pick<PoolClient, 'query'>): Ask =>
    async <Row>({ values, ...statement }: Statement) => {
      const { rows } = await client.query({ ...statement, ...(values ? { values: [...values] } : {}) });
      return rows as readonly Row[];
    };
  const askPool = asking(pool);

  return {
    name,
    schema,
    ask: (statement) => onDatabase(() => askPool(statement)),
    transaction: (opening, work) =>
      onDatabase(async () => {
        const client = await pool.connect();
        const ask = asking(client);
        let whole = false;
        let committing: Promise<unknown> | undefined;
        // A connection that dies between two statements says so here; the next statement then fails.
        const ignore = (): void => undefined;
        client.on('error', ignore);
        try {
          // Each statement sees what was committed before it, also where a server's default is another.
          const begin = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' };
          const begun = await Promise.all([begin, ...opening].map((statement) => ask(statement)));
          const result = await work(ask, begun.at(-1) ?? [], async (statement) => {
            const asked = ask(statement);
            // After a statement that failed it undoes everything, and that statement's error comes out.
            committing = client.query('COMMIT');
            const [rows] = await Promise.all([asked, committing]);
            return rows as never;
          });
          await (committing ?? client.query('COMMIT'));
          whole = true;
          return result;
        } finally {
          whole ||= await client.query('ROLLBACK').then(
            () => true,
            () => false,
          );
          client.off('error', ignore);
          client.release(!whole);
        }
      }),
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
};

/** An array of numbers as PostgreSQL writes it, so that a batch travels as a few values. */
export const arrayOf = (values: readonly (number | bigint | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;
