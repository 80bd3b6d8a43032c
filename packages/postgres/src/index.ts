export {
  type Ask,
  arrayOf,
  createPostgresDatabase,
  type PostgresDatabase,
  type PostgresOptions,
  type Statement,
} from './database.ts';
export type { Failures } from './failures.ts';
export { takeSteps } from './migrations.ts';
export { type PostgresServer, startPostgres } from './throwaway-server.ts';
