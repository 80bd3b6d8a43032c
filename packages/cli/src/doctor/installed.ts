/** Whether what "daisee install" wrote still is what the settings ask for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { planOf, runningProgram, SETTINGS_FILE } from '../install/plan.ts';
import { filesOf, writesJson } from '../install/units.ts';
import type { Settings } from '../settings/schema.ts';
import { type Check, ok, warning } from './check.ts';

const contentOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Looks only when the settings are those of the services; `root` stands before every path. */
export const installedChecks = (settings: Settings, file: string, root = ''): readonly Check[] => {
  if (file !== join(root, SETTINGS_FILE)) return [];
  return [
    {
      name: 'services',
      look: async () => {
        const user = /^User=(.*)$/m;
        const units = ['daisee.service', 'daisee-relay.service'].map((unit) =>
          contentOf(join(root, '/etc/systemd/system', unit)),
        );
        const found = (await Promise.all(units)).map((unit) => unit ?? '');
        const owner = found.map((unit) => user.exec(unit)?.[1]).find(Boolean);
        if (owner === undefined) return [];
        const jsonLog = found.some(writesJson);
        const plan = planOf({ settings, file, user: owner, program: runningProgram(), jsonLog });
        const stale: string[] = [];
        for (const { path, content } of filesOf(plan))
          if ((await contentOf(join(root, path))) !== content) stale.push(path);
        return stale.length === 0
          ? ok('the installed units fit the settings')
          : warning(
              `${stale.join(', ')} do not fit the settings any more`,
              `sudo daisee install${jsonLog ? ' --json-log' : ''}`,
            );
      },
    },
  ];
};
