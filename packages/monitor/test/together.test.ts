/** Appends that arrive together share a commit, and directories and lists of powers are the same on both stores. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyIntegration, type Sample } from '@daisee/meter';
import { Instant, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DEFAULT_MAX_GAP,
  type Directory,
  NameTaken,
  openDirectory,
  openPostgresDirectory,
  openPostgresStore,
  openStore,
  type SampleStore,
  StoreError,
  UnknownSensor,
} from '../src/index.ts';
import { createGathering } from '../src/store/gathering.ts';
import { createPieces } from '../src/store/pieces.ts';
import { createTurns } from '../src/store/postgres/turns.ts';
import { placedAs } from '../src/store/rows.ts';
import type { Appended, AppendOptions } from '../src/store/store.ts';
import { UnknownToken } from '../src/tokens/token.ts';
import { at, every, sample } from './samples.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';

// Commits are written to the disk: a memory card takes tens of ms for one.
vi.setConfig({ testTimeout: 240_000 });

interface Under {
  readonly store: SampleStore;
  readonly directory: Directory;
  /** Opens the directory again, as another monitor would. */
  readonly another: () => Promise<Directory>;
  readonly close: () => Promise<void>;
}

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

const openSqlite = async (): Promise<Under> => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-together-'));
  const file = join(folder, 'monitor.sqlite');
  const store = openStore({ file, survives: 'process' });
  const directory = openDirectory({ file });
  return {
    store,
    directory,
    another: async () => openDirectory({ file }),
    close: async () => {
      directory.close();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
};

let schemas = 0;
const openPostgres = async (): Promise<Under> => {
  const place = { url: server.url, schema: `together_${++schemas}` };
  const store = await openPostgresStore(place);
  const directory = await openPostgresDirectory(place);
  return {
    store,
    directory,
    another: () => openPostgresDirectory(place),
    close: async () => {
      await directory.close();
      await store.close();
    },
  };
};

type Append = (sensorId: number, samples: readonly Sample[], options?: AppendOptions) => Promise<Appended>;

/** Lists of samples as several clients send them: side by side, across each other, repeated, some that cannot be. */
const lists = fc.array(
  fc.record({
    sensor: fc.integer({ min: 0, max: 1 }),
    start: fc.integer({ min: 0, max: 60 }),
    powers: fc.array(
      fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: -500, max: 3000 }) },
        { weight: 1, arbitrary: fc.constant(1e9) },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    reversed: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

const MAX_GAP = Seconds(20);

describe.each([
  ['SQLite', openSqlite, 60],
  ['PostgreSQL', openPostgres, 25],
] as const)('a store in %s', (_name, open, runs) => {
  let under: Under;
  beforeAll(async () => {
    under = await open();
  });
  afterAll(() => under?.close());

  let names = 0;
  const newSensor = async (): Promise<number> =>
    (await under.store.addSensor({ name: `sensor ${names++}`, sign: 'signed' })).id;
  const kept = async (id: number) =>
    (await under.store.samples(id, at(-1e6), Instant(Number.MAX_SAFE_INTEGER))).map(
      ({ at, power, register, exported }) => ({ at, power, register, exported }),
    );

  it('answers appends that arrive together as it answers them one after the other', async () => {
    const together = createGathering(under.store);
    const oneByOne: Append = async (id, samples, options) => await under.store.append(id, samples, options);
    const outcome = async (append: Append, id: number, samples: readonly Sample[]) => {
      try {
        const { stored, repeated, samples: own } = await append(id, samples, { maxGap: MAX_GAP });
        return { stored, repeated, own: own.map(({ at, power }) => ({ at, power })) };
      } catch (error) {
        return { error: (error as Error).message };
      }
    };
    await fc.assert(
      fc.asyncProperty(lists, async (given) => {
        const [here, there] = [
          [await newSensor(), await newSensor()],
          [await newSensor(), await newSensor()],
        ];
        // A store that has not looked a sensor up yet may take those that come meanwhile in any order.
        for (const id of here) await kept(id);
        const samplesOf = ({ start, powers, reversed }: (typeof given)[number]): readonly Sample[] => {
          const samples = powers.map((power, i) => ({ at: at(start + i * 4), power: Watts(power) }));
          return reversed ? samples.toReversed() : samples;
        };
        const atOnce = await Promise.all(
          given.map((list) => outcome(together, here[list.sensor] ?? 0, samplesOf(list))),
        );
        const inTurn = [];
        for (const list of given)
          inTurn.push(await outcome(oneByOne, there[list.sensor] ?? 0, samplesOf(list)));
        expect(atOnce).toEqual(inTurn);
        for (const sensor of [0, 1])
          expect(await kept(here[sensor] ?? 0)).toEqual(await kept(there[sensor] ?? 0));
      }),
      { numRuns: runs },
    );
  });

  it('lists the powers of a window as it lists its samples', async () => {
    const id = await newSensor();
    await under.store.append(
      id,
      every(8, 50, (n) => n * 1.25 - 20),
    );
    for (const [from, to, limit] of [
      [0, 400],
      [8.001, 24.001],
      [0, 1e12, 7],
      [24, 8],
    ] as const) {
      const samples = await under.store.samples(id, at(from), at(to), limit);
      expect(await under.store.powers(id, at(from), at(to), limit)).toEqual(
        samples.map(({ id, at, power }) => ({ id, at, power })),
      );
    }
    await expect(async () => await under.store.powers(999, at(0), at(1))).rejects.toThrow(UnknownSensor);
  });

  it('takes a long list in pieces, and nothing of one that cannot be', async () => {
    const id = await newSensor();
    const heard: number[] = [];
    const append = createPieces(under.store, createGathering(under.store), (_id, samples) => {
      heard.push(samples.length);
    });
    const long = every(8, 4500, (n) => n % 700);
    const bad = [...long, sample(1e6, 1e9)];
    await expect(append(id, bad, {})).rejects.toThrow(/power cannot be/);
    expect(await kept(id)).toEqual([]);
    expect(await append(id, long.slice(0, 3000), {})).toEqual({ stored: 3000, repeated: 0 });
    // Sent again after an answer that was lost, with those that follow.
    expect(await append(id, long.toReversed(), {})).toEqual({ stored: 1500, repeated: 3000 });
    expect(heard.reduce((sum, count) => sum + count)).toBe(4500);
    const other = await newSensor();
    await under.store.append(other, long);
    expect(await kept(id)).toEqual(await kept(other));
  });

  describe('has a directory that', () => {
    it('keeps a token until it is revoked', async () => {
      const { directory } = under;
      const given = { name: 'meter', scopes: ['write', 'read'], madeAt: Instant(5) } as const;
      const token = await directory.addToken({ ...given, hash: 'a' });
      const other = await directory.addToken({ ...given, hash: 'b' });
      expect(token).toEqual({ id: token.id, ...given });
      expect(await directory.tokens()).toEqual([token, other]);
      expect(await directory.tokenByHash('a')).toEqual(token);
      expect(await directory.tokenByHash('c')).toBeUndefined();
      await directory.removeToken(token.id);
      expect(await directory.tokenByHash('a')).toBeUndefined();
      await expect(async () => await directory.removeToken(token.id)).rejects.toThrow(UnknownToken);
      await expect(async () => await directory.removeToken(2 ** 40)).rejects.toThrow(UnknownToken);
      const made = await directory.addToken({ ...given, hash: 'd' });
      expect(made.id).toBeGreaterThan(other.id);
    });

    it('renames a sensor, not to a name that another has', async () => {
      const { store, directory } = under;
      const [a, b] = [await newSensor(), await newSensor()];
      await directory.renameSensor(a, 'Roof');
      await directory.renameSensor(a, 'Roof');
      expect(await store.sensor(a)).toMatchObject({ name: 'Roof' });
      await expect(async () => await directory.renameSensor(b, 'Roof')).rejects.toThrow(NameTaken);
      await expect(async () => await directory.renameSensor(999, 'x')).rejects.toThrow(UnknownSensor);
    });

    it('archives a sensor and brings it back', async () => {
      const { directory } = under;
      const id = await newSensor();
      await directory.archiveSensor(id, Instant(7));
      await directory.archiveSensor(id, Instant(9));
      expect((await directory.archived()).get(id)).toBe(7);
      await directory.archiveSensor(id, undefined);
      expect((await directory.archived()).has(id)).toBe(false);
      await expect(async () => await directory.archiveSensor(999, Instant(1))).rejects.toThrow(UnknownSensor);
    });

    it('is there when it is opened again, also by several at once', async () => {
      const { directory } = under;
      const token = await directory.addToken({
        name: 'kept',
        scopes: ['read'],
        madeAt: Instant(1),
        hash: 'kept',
      });
      const others = await Promise.all([under.another(), under.another(), under.another()]);
      for (const other of others) {
        expect(await other.tokenByHash('kept')).toEqual(token);
        await other.close();
        await other.close();
      }
    });

    it('shows what another monitor changed within seconds', async () => {
      const other = await under.another();
      const id = await newSensor();
      expect((await under.directory.archived()).has(id)).toBe(false);
      await other.archiveSensor(id, Instant(3));
      await expect.poll(async () => (await under.directory.archived()).get(id), { timeout: 30_000 }).toBe(3);
      await other.close();
    });
  });
});

describe('a directory in PostgreSQL', () => {
  it('is not opened where there is no store', async () => {
    const opened = openPostgresDirectory({ url: server.url, schema: 'nothing_here' });
    await expect(opened).rejects.toThrow(/no measurements in schema nothing_here/);
  });

  it('of a later version is left as it is', async () => {
    const place = { url: server.url, schema: 'later' };
    const store = await openPostgresStore(place);
    const directory = await openPostgresDirectory(place);
    await directory.close();
    await store.close();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query('INSERT INTO later.directory_migrations (version) VALUES (99)');
    await client.end();
    await expect(openPostgresDirectory(place)).rejects.toMatchObject({ code: 'monitor.store-newer' });
  });
});

describe('appends that arrive together', () => {
  it('share one transaction of SQLite', async () => {
    const { store, close } = await openSqlite();
    await store.addSensor({ name: 'a', sign: 'load' });
    let transactions = 0;
    const append = createGathering({
      append: (...given) => store.append(...given),
      together: (work) => {
        transactions++;
        return (store.together ?? ((alone) => alone()))(work);
      },
    });
    await Promise.all(Array.from({ length: 16 }, (_, i) => append(1, [sample(i, 1)])));
    expect(transactions).toBe(1);
    await close();
  });

  it('are each stored alone when the database fails with one of them', async () => {
    const { store, close } = await openSqlite();
    await store.addSensor({ name: 'a', sign: 'load' });
    const failed = new StoreError({ code: 'monitor.store-failed', message: 'It failed.', retryable: false });
    const append = createGathering({
      ...store,
      append: (id, told, options) => {
        const appended = store.append(id, told, options);
        if ((told[0] as Sample | undefined)?.power === 13) throw failed;
        return appended;
      },
    });
    const outcomes = await Promise.allSettled([1, 13, 2].map((power, i) => append(1, [sample(i, power)])));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.samples(1, at(0), at(9))).map(({ power }) => power)).toContain(2);
    await close();
  });

  it('wait for the one of their sensor that is being stored and then go as one', async () => {
    const sizes: number[] = [];
    let release = (): void => undefined;
    const turns = createTurns(async (lists) => {
      sizes.push(lists.flatMap(({ told }) => told).length);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return lists.map(({ told }) => ({
        placed: told.map((one, i) => placedAs(i, { told: one, state: emptyIntegration })),
        conflicting: [],
        replaced: [],
      }));
    });
    const sensor = { id: 1, name: 'a', sign: 'load', type: 'x', typeId: 1 } as const;
    const answers = Array.from({ length: 16 }, (_, i) =>
      turns(sensor, [sample(15 - i, i)], { maxGap: DEFAULT_MAX_GAP, rhythm: true }),
    );
    for (let i = 0; i < 2; i++) {
      await vi.waitFor(() => expect(sizes).toHaveLength(i + 1));
      release();
    }
    const all = await Promise.all(answers);
    expect(sizes).toEqual([1, 15]);
    // Each hears of its own sample.
    expect(all.map(({ samples }) => samples[0]?.power)).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });
});
