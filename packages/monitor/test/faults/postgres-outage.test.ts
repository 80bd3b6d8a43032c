/** PostgreSQL goes away and comes back while a monitor's own meter goes on: its samples wait, and are stored once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { emptyIntegration, integrate } from '@daisee/meter';
import { Instant } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MAX_GAP, openPostgresStore } from '../../src/index.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, startService, until } from './process.ts';

const METERED = 2;

describe('a monitor’s own meter through an outage of PostgreSQL', () => {
  let folder = '';
  let server: PostgresServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-outage-'));
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.remove();
    rmSync(folder, { recursive: true });
  });

  it('brings samples that wait, and are stored once and in order when it is back, whether it was stopped or it crashed', async () => {
    const service = await startService({ folder, postgres: server.url, metered: true });
    try {
      const warnings = async () => (await service.order('report')).warnings;
      const waiting = async () => (await warnings()).filter((text) => text.includes('meter steady wait'));
      const again = async () => (await warnings()).filter((text) => text.includes('being stored again'));
      const modes = ['fast', 'immediate'] as const;
      for (const [round, mode] of modes.entries()) {
        await delay(1000);
        await server.stop(mode);
        await until(async () => (await waiting()).length > round);
        // Some more, beside the one that found out.
        await delay(2000);
        expect((await ask(`${service.url}/api/v1/sensors/${METERED}/latest`)).status).toBe(503);
        expect(await again()).toHaveLength(round);
        await server.start();
        await until(async () => (await again()).length > round);
      }
      // Each outage is said once, however often it was tried.
      expect(await waiting()).toHaveLength(modes.length);
      expect((await warnings()).join()).not.toMatch(/lost|left out/);
      const { status, text } = await ask(`${service.url}/api/v1/health`);
      expect([status, JSON.parse(text)]).toMatchObject([200, { status: 'ok', waiting: 0 }]);
    } finally {
      await service.stop();
    }
    const store = await openPostgresStore({ url: server.url });
    try {
      const stored = await store.samples(METERED, Instant(0), Instant(Number.MAX_SAFE_INTEGER));
      // Each sample's power is its number: none is missing, none is there twice.
      expect(stored.length).toBeGreaterThan(50);
      expect(stored.map(({ power }) => power)).toEqual(stored.map((_, i) => i));
      expect(await store.gaps(METERED, Instant(0), Instant(Number.MAX_SAFE_INTEGER))).toEqual([]);
      let state = emptyIntegration;
      for (const sample of stored) {
        ({ state } = integrate(state, sample, { sign: 'load', maxGap: DEFAULT_MAX_GAP }));
        expect(sample.register).toBe(state.register);
      }
    } finally {
      await store.close();
    }
  });
});
