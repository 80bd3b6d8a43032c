import { createPostgresDatabase, type PostgresOptions } from './database.ts';
import { serverTooOld } from './errors.ts';
import { OLDEST_SERVER } from './schema.ts';

/**
 * Looks at a database without making or changing anything in it.
 * @throws StoreError when it cannot be reached or logged in to, or is too old
 */
export const lookAtPostgres = async (
  options: PostgresOptions,
): Promise<{ readonly name: string; readonly version: string; readonly mayCreate: boolean }> => {
  const database = createPostgresDatabase({ ...options, connections: 1 });
  try {
    const [found] = await database.ask<{ server: number; version: string; may: boolean }>({
      text: `SELECT current_setting('server_version_num')::int AS server, current_setting('server_version') AS version,
        CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) THEN has_schema_privilege($1, 'USAGE')
          ELSE has_database_privilege(current_database(), 'CREATE') END AS may`,
      values: [database.schema],
    });
    const { server = 0, version = 'unknown', may = false } = found ?? {};
    if (server < OLDEST_SERVER) throw serverTooOld(database.name, version);
    return { name: database.name, version, mayCreate: may };
  } finally {
    await database.close();
  }
};
