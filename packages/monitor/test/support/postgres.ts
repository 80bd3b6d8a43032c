/** Stores of measurements on a real PostgreSQL server. */
import type { PostgresServer } from '@daisee/postgres';
import { openPostgresStore, type StoreOptions } from '../../src/index.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export { type PostgresServer, startPostgres } from '@daisee/postgres';

let schemas = 0;

/** Opens a new store on the server, in a schema of its own. */
export const openNewPostgres = async (
  { url }: Pick<PostgresServer, 'url'>,
  schema = `test_${++schemas}`,
  options: Pick<StoreOptions, 'clock' | 'maxGap'> = {},
): Promise<StoreUnderTest> => {
  const store = await openPostgresStore({ url, schema, ...options });
  return {
    store,
    reopen: async () => {
      await store.close();
      return openNewPostgres({ url }, schema, options);
    },
    dispose: () => store.close(),
  };
};
