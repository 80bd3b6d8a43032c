import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { place, takeAway } from '../install/place.ts';
import {
  planOf,
  runningProgram,
  SETTINGS_FILE,
  STATE_DIRECTORY,
  settingsToInstall,
} from '../install/plan.ts';
import { everyPath, filesOf, type InstallFile, unitsOf } from '../install/units.ts';
import type { Output } from '../output.ts';
import { CARD_ADVICE, wearsCard } from '../settings/card.ts';
import { readSettings } from '../settings/read.ts';
import { action, type CommonOptions } from './run.ts';

interface InstallOptions extends CommonOptions {
  readonly config?: string;
  readonly user: string;
  readonly root: string;
  readonly print?: boolean;
  readonly uninstall?: boolean;
  readonly jsonLog?: boolean;
}

const uninstall = (output: Output, root: string): void => {
  const units = everyPath.filter((path) => path.endsWith('.service')).map((path) => path.split('/').at(-1));
  let found = false;
  for (const path of everyPath) {
    const done = takeAway(path, root);
    if (!done) continue;
    found = true;
    output.result(
      done === 'removed' ? `removed    ${path}` : `left       ${path} (not written by this program)`,
      {
        type: 'file',
        path,
        done,
      },
    );
  }
  for (const unit of units) {
    const link = join(root, `/etc/systemd/system/multi-user.target.wants/${unit}`);
    if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  }
  if (!found) {
    output.line('Nothing of an installation is here.');
    return;
  }
  output.line(`\nSettings, keys and stores are where they were. Next:
  sudo systemctl stop ${units.join(' ')}
  sudo systemctl daemon-reload`);
};

const nextCommands = (units: readonly string[], user: string, hasBoard: boolean): readonly string[] => [
  'sudo systemd-sysusers',
  'sudo systemd-tmpfiles --create daisee.conf',
  'sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=gpio --subsystem-match=i2c-dev',
  hasBoard ? 'sudo systemctl daemon-reexec' : 'sudo systemctl daemon-reload',
  `sudo -u ${user} daisee doctor -c ${SETTINGS_FILE}`,
  `sudo systemctl enable --now ${units.join(' ')}`,
  `journalctl -f ${units.map((unit) => `-u ${unit}`).join(' ')}`,
];

export const installCommand = (): Command =>
  new Command('install')
    .description('Write the systemd units that keep what the settings describe running on this machine.')
    .option(
      '-c, --config <file>',
      `settings; copied to ${SETTINGS_FILE} (default: that file, or parameters.yml)`,
    )
    .option('--user <name>', 'system user that runs the services', 'daisee')
    .option('--root <directory>', 'write below this directory, for an image of another machine', '')
    .option('--print', 'show the files and write nothing')
    .option('--uninstall', 'remove the files again; settings, keys and stores stay')
    .option('--json-log', 'the services write one JSON object a line into the journal')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: sudo npx daisee install -c parameters.yml')
    .action(
      action<InstallOptions>(async (options, output) => {
        const root = options.root === '' ? '' : resolve(options.root);
        if (options.uninstall) return uninstall(output, root);
        const source = settingsToInstall(options.config, root);
        const settings = readSettings(source);
        const plan = planOf({
          settings,
          file: source,
          user: options.user,
          program: runningProgram(),
          jsonLog: options.jsonLog ?? false,
        });
        const content = readFileSync(source, 'utf8');
        const files: readonly InstallFile[] = [
          ...filesOf(plan),
          { path: SETTINGS_FILE, mode: 0o640, content },
        ];
        if (options.print) {
          for (const { path, mode, content: text } of files)
            if (path !== SETTINGS_FILE)
              output.result(`### ${path} (${mode.toString(8)})\n${text}`, {
                type: 'file',
                path,
                mode: mode.toString(8),
                content: text,
              });
          return;
        }
        for (const file of files) {
          const { done, backup } = place(file, root);
          output.result(`${done.padEnd(10)} ${file.path}${backup ? ` (the old one is ${backup})` : ''}`, {
            type: 'file',
            path: file.path,
            done,
            ...(backup ? { backup } : {}),
          });
        }
        // The services may not write where the program is.
        if (root === '' && settings.node && settings.app !== false)
          await (await import('@daisee/app')).builtPage();
        const units = unitsOf(plan);
        const next = nextCommands(units, plan.user, plan.board);
        output.line('\nNext:');
        for (const command of next) output.line(`  ${command}`);
        output.record({ type: 'installed', units, next });
        const node = settings.node;
        // What an image will be written to is not known here.
        if (root === '' && node && wearsCard(node, [node.data ?? STATE_DIRECTORY]))
          output.line(
            `\nThe data of this node are on a memory card, which writing wears out: in ${SETTINGS_FILE} ${CARD_ADVICE}.`,
          );
        if (node && !node.keystore && !existsSync(join(root, '/var/lib/daisee/.daisee/keystore')))
          output.line(
            `\nThe key of ${node.address} belongs into /var/lib/daisee/.daisee/keystore, readable for ${plan.user} only:\n  sudo install -d -o ${plan.user} -g ${plan.user} -m 700 /var/lib/daisee/.daisee /var/lib/daisee/.daisee/keystore\n  sudo install -o ${plan.user} -g ${plan.user} -m 600 KEYFILE /var/lib/daisee/.daisee/keystore/`,
          );
      }),
    );
