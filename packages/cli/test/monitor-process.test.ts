/** How `daisee monitor` sets up its process, its folder and its sensors. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '@daisee/monitor';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../src/settings/read.ts';
import { scratch, start } from './support/daisee.ts';

describe('daisee monitor', () => {
  it('runs with the flags under which the benchmark measures its memory, as the same process', async () => {
    const bench = readFileSync(join(import.meta.dirname, '../../monitor/bench/service.ts'), 'utf8');
    const flags = [...(/FLAGS = \[([^\]]+)\]/.exec(bench)?.[1]?.matchAll(/'([^']+)'/g) ?? [])].map(
      ([, flag]) => flag,
    );
    const environment = [...bench.matchAll(/(MALLOC_\w+): '(\d+)'/g)].map(
      ([, name, value]) => `${name}=${value}`,
    );
    expect([flags.length, environment.length]).toEqual([6, 2]);
    const monitor = start(['monitor', '--port', '0', '--data', scratch()]);
    await monitor.line(/^Monitor on/, 120_000);
    const words = readFileSync(`/proc/${monitor.pid}/cmdline`, 'utf8').split('\0');
    expect(words).toEqual(expect.arrayContaining([...flags, 'monitor']));
    const given = readFileSync(`/proc/${monitor.pid}/environ`, 'utf8').split('\0');
    expect(given).toEqual(expect.arrayContaining(environment));
    monitor.signal('SIGTERM');
    expect(await monitor.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('says in one line that its folder cannot be made', async () => {
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await start(['monitor', '--port', '0', '--data', join(file, 'data')]).ended;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `The monitor cannot keep samples in ${file}/data: a part of that path is a file. Name a folder that it may write with --data (monitor.data).\n`,
    );
  });

  it('lets a constant load count until maxGap where the settings say that its sensor reports on change, and no longer when they say so no more', async () => {
    const folder = scratch();
    const settings = join(folder, 'parameters.yml');
    const rulesWith = async (reports: string) => {
      const meter = `{ driver: simulated, name: Fridge, power: 450, period: 1h${reports} }`;
      writeFileSync(settings, `monitor:\n  data: ${folder}/data\n  meter: ${meter}\n`, { mode: 0o600 });
      const monitor = start(['monitor', '-c', settings, '--port', '0']);
      await monitor.line(/^Monitor on/, 120_000);
      monitor.signal('SIGTERM');
      await monitor.ended;
      const store = openStore({ file: join(folder, 'data', 'monitor.sqlite') });
      const rules = store.sensors().map(({ name, reports }) => ({ name, reports }));
      store.close();
      return rules;
    };
    expect(await rulesWith(', reports: change')).toEqual([{ name: 'Fridge', reports: 'change' }]);
    expect(await rulesWith('')).toEqual([{ name: 'Fridge', reports: undefined }]);
  });

  it('takes nothing else for how a sensor reports', () => {
    expect(() =>
      parseSettings('monitor:\n  meter: { driver: simulated, power: 1, reports: often }\n', 'parameters.yml'),
    ).toThrow(/monitor\.meter\.reports: needs 'change'/);
  });
});
