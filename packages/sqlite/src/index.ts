export { openSqlite, type SqliteDatabase, type SqliteOptions } from './database.ts';
export type { Failures } from './failures.ts';
