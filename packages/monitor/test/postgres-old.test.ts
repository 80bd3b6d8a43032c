/** A PostgreSQL that is too old. */
import { describe, expect, it } from 'vitest';
import { lookAtPostgres, openPostgresStore } from '../src/index.ts';
import { startOldPostgres } from './support/old-postgres.ts';

describe('a PostgreSQL older than 15', () => {
  it.each(['14.19', '9.6'])(
    'is refused with its version (%s) and the one needed, and left as it is',
    async (version) => {
      await using old = await startOldPostgres(version);
      const refusal = {
        code: 'monitor.store-too-old',
        retryable: false,
        values: { version },
        message: expect.stringContaining(
          `is on PostgreSQL ${version}: version 15 or newer is needed.`,
        ) as string,
      };
      await expect(openPostgresStore({ url: old.url })).rejects.toMatchObject(refusal);
      await expect(lookAtPostgres({ url: old.url })).rejects.toMatchObject(refusal);
      expect(old.statements.filter((statement) => /CREATE TABLE|INSERT|ALTER/.test(statement))).toEqual([]);
      expect(old.statements.filter((statement) => statement.includes('server_version_num'))).toHaveLength(2);
    },
  );
});
