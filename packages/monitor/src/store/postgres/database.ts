/** The database of the monitor: a pool of connections whose failures are the store's errors. */
import {
  createPostgresDatabase as createDatabase,
  type PostgresDatabase,
  type PostgresOptions,
} from '@daisee/postgres';
import { StoreError } from '../errors.ts';

export {
  type Ask,
  arrayOf,
  type PostgresDatabase,
  type PostgresOptions,
  type Statement,
} from '@daisee/postgres';

/** Makes the pool; nothing is connected before the first statement. @throws StoreError for an address that is none. */
export const createPostgresDatabase = (options: PostgresOptions): PostgresDatabase =>
  createDatabase(options, { room: 'monitor', failure: (failed) => new StoreError(failed) });
