import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDatabase } from '../../src/overload/database.ts';
import { runStep } from '../../src/overload/step.ts';

let database: Awaited<ReturnType<typeof startDatabase>>;
beforeAll(async () => {
  database = await startDatabase();
});
afterAll(() => database.stop());

it('a community of six at forty times real speed buys, switches and has right books in the end', async () => {
  const step = await runStep({
    agents: 6,
    speed: 40,
    seconds: 8,
    workers: 2,
    database: database.url,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(step.wrong).toEqual([]);
  expect(step.agents).toBe(6);
  expect(step.told.reports.length).toBeGreaterThan(0);
  expect(step.told.purchases.length).toBeGreaterThan(0);
  expect(step.told.switches).toBeGreaterThan(0);
  expect(step.samples).toBeGreaterThan(6 * 10);
}, 120_000);
