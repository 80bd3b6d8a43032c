import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogbook } from '../src/index.ts';
import { startHttpLab } from './support/http.ts';

const API = '/api/v1';
const toEast = { reason: 'test', load: 'home', seller: 'east' };

describe('the logbook', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'relay-logbook-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps history and the operations of each contact over a restart, and ids go on', async () => {
    let last = 0;
    {
      await using lab = await startHttpLab({ directory });
      await lab.post(`${API}/switch`, toEast);
      last = lab.logbook.entries(1)[0]?.id ?? 0;
    }
    await using lab = await startHttpLab({ directory });
    expect((await lab.get(`${API}/state`)).json['operations']).toEqual([2, 2, 0, 0, 0]);
    const { entries } = (await lab.get(`${API}/history`)).json as {
      entries: { id: number; reason: string }[];
    };
    expect(entries.map(({ reason }) => reason)).toEqual(['start', 'test', 'stop', 'start']);
    expect(entries[1]?.id).toBe(last);
    expect(entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id).toSorted((a, b) => a - b));
  });

  it('that is damaged is put aside and told, not written over', async () => {
    const file = join(directory, 'operations.json');
    await writeFile(file, '{"operations":[41,');
    const told: string[] = [];
    const logbook = openLogbook({
      clock: systemClock,
      directory,
      onFailure: ({ message }) => told.push(message),
    });
    expect(logbook.operations).toEqual([]);
    expect(told).toEqual([
      expect.stringMatching(/operations\.json\.damaged cannot be read, and .* count from zero/),
    ]);
    await logbook.stop();
    expect(await readFile(`${file}.damaged`, 'utf8')).toBe('{"operations":[41,');
  });
});
