import { DaiseeError, type DaiseeErrorOptions } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  arrayOf,
  createPostgresDatabase,
  type PostgresDatabase,
  type PostgresServer,
  startPostgres,
  takeSteps,
} from '../src/index.ts';

class KeptWrong extends DaiseeError {}
const failures = { room: 'test', failure: (options: DaiseeErrorOptions) => new KeptWrong(options) };

let server: PostgresServer;
let database: PostgresDatabase;
beforeAll(async () => {
  server = await startPostgres();
  database = createPostgresDatabase({ url: server.url, schema: 'public' }, failures);
}, 60_000);
afterAll(async () => {
  await database.close();
  await server.remove();
});

const count = async (): Promise<bigint | undefined> =>
  (await database.ask<{ n: bigint }>({ text: 'SELECT count(*) AS n FROM kept' }))[0]?.n;

describe('a PostgreSQL database', () => {
  it('is brought up to date by the steps that are new, once', async () => {
    const steps = ['CREATE TABLE kept (n bigint)', 'INSERT INTO kept VALUES (1)'];
    await database.transaction([], (ask) => takeSteps(ask, { table: 'steps', steps, version: 0 }));
    await database.transaction([], (ask) =>
      takeSteps(ask, { table: 'steps', steps: [...steps, 'INSERT INTO kept VALUES (2)'], version: 2 }),
    );
    expect(await count()).toBe(2n);
  });

  it('is written whole or not at all', async () => {
    await expect(
      database.transaction([], async (ask) => {
        await ask({ text: 'INSERT INTO kept SELECT unnest($1::bigint[])', values: [arrayOf([3, 4])] });
        throw new KeptWrong({ code: 'test.stop', message: 'stop', retryable: false });
      }),
    ).rejects.toThrow('stop');
    expect(await count()).toBe(2n);
  });

  it('says in the room’s own errors what is wrong, without the password', async () => {
    await expect(database.ask({ text: 'SELECT 1 FROM nowhere' })).rejects.toMatchObject({
      code: 'test.store-failed',
    });
    expect(() => createPostgresDatabase({ url: 'mysql://u:secret@h/d' }, failures)).toThrow(KeptWrong);
    expect(() => createPostgresDatabase({ url: server.url, schema: 'no schema' }, failures)).toThrow(
      /schema cannot be "no schema"/,
    );
    const away = createPostgresDatabase({ url: 'postgres://u:secret@127.0.0.1:1/d' }, failures);
    await expect(away.ask({ text: 'SELECT 1' })).rejects.toMatchObject({
      code: 'test.store-away',
      retryable: true,
      message: expect.not.stringContaining('secret'),
    });
    await away.close();
    await expect(away.ask({ text: 'SELECT 1' })).rejects.toMatchObject({ code: 'test.store-closed' });
  });
});
