/** The PostgreSQL that a monitor keeps its samples in. */
import { lookAtPostgres } from '@daisee/monitor';
import type { MonitorSettings } from '../settings/monitor.ts';
import { databaseUrl } from '../settings/secrets.ts';
import { type Check, failed, ok } from './check.ts';

export const databaseCheck = (database: string, monitor: MonitorSettings): Check => ({
  name: 'database',
  look: async () => {
    const { name, version, mayCreate } = await lookAtPostgres({ url: databaseUrl(database, monitor) });
    const text = `${name} is PostgreSQL ${version}`;
    return mayCreate
      ? ok(text)
      : failed(
          `${text}, and its user may not use or make the schema daisee there`,
          'GRANT CREATE ON DATABASE to that user',
        );
  },
});
