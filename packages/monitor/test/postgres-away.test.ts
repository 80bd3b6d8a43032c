/** A store on a PostgreSQL server that goes away and comes back: a server of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Appended, openPostgresStore } from '../src/index.ts';
import { at, every, later, sample } from './samples.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

const awayError = { code: 'monitor.store-away', retryable: true };

describe('a monitor whose PostgreSQL goes away', () => {
  it('says so with an error that is worth trying again, and goes on once it is back', async () => {
    const store = await openPostgresStore({ url: server.url });
    try {
      const { id } = await store.addSensor({ name: 'a', sign: 'load' });
      await store.append(
        id,
        every(8, 10, () => 360),
      );
      for (let round = 0; round < 2; round++) {
        await server.stop();
        for (const ask of [
          () => store.append(id, [sample(80, 360)]),
          () => store.last(id),
          () => store.sensors(),
          () => store.energy(id, at(0), at(72)),
          () => store.useTariff(undefined),
          () => openPostgresStore({ url: server.url }),
        ])
          await expect(ask()).rejects.toMatchObject(awayError);
        await server.start();
        expect(await store.energy(id, at(0), at(72))).toBe(7_200_000n);
      }
      expect(await store.append(id, [sample(72, 1), sample(80, 360)])).toMatchObject({
        stored: 1,
        repeated: 1,
      });
      expect(await store.registerAt(id, at(80))).toBe(8_000_000n);
    } finally {
      await store.close();
    }
  });

  it('by a crash in the middle of storing has all that was acknowledged, once, and no batch in part', async () => {
    const store = await openPostgresStore({ url: server.url });
    try {
      const { id } = await store.addSensor({ name: 'busy', sign: 'load' });
      let away = 0;
      let down: Promise<void> | undefined;
      let batches = 0;
      for (let last = Number.POSITIVE_INFINITY; batches < last; batches++) {
        if (batches === 40) down = server.stop('immediate').then(() => server.start());
        const samples = every(8, 50, () => 360).map(later(batches * 400));
        const seen = away;
        let appended: Appended | undefined;
        while (!appended)
          try {
            appended = await store.append(id, samples);
          } catch (error) {
            expect(error).toMatchObject(awayError);
            away++;
            last = batches + 40;
            // Tried again when it is back, as its caller would.
            await down;
          }
        const { stored, repeated } = appended;
        // What was stored although its answer was lost is there whole.
        expect(away > seen ? [0, 50] : [50]).toContain(stored);
        expect(stored + repeated).toBe(50);
      }
      expect(away).toBeGreaterThan(0);
      expect(await store.samples(id, at(0), at(1e9))).toHaveLength(batches * 50);
      expect(await store.registerAt(id, at(1e9))).toBe(BigInt(batches * 50 - 1) * 800_000n);
    } finally {
      await store.close();
    }
  });
});
