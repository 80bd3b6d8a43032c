import { createKey, listKeyFiles, signerOf, writeKeyFile } from '@daisee/chain';
import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { UsageError } from '../options.ts';
import { askPassword } from '../parts/password.ts';
import { secretFrom } from '../settings/secrets.ts';
import { defaultKeystore } from './connect.ts';
import { action, type CommonOptions } from './run.ts';

interface AccountOptions extends CommonOptions {
  readonly keystore?: string;
  readonly passwordFile?: string;
}

const newPassword = async (options: AccountOptions): Promise<string> => {
  if (options.passwordFile) return secretFrom(options.passwordFile);
  const given = process.env['DAISEE_ACCOUNTPSWD'];
  if (given) return given;
  const password = await askPassword('Password of the new account: ');
  if (password === '') throw new UsageError('A key without a password would lie open; give one.');
  if ((await askPassword('The same again: ')) !== password)
    throw new UsageError('The two passwords differ; nothing was written.');
  return password;
};

export const accountCommand = (): Command =>
  new Command('account')
    .description('Make and list the keys of accounts (Web3 Secret Storage files).')
    .addCommand(
      new Command('new')
        .description('Make a key and keep it encrypted.')
        .option('--keystore <directory>', 'where key files are kept (default ~/.daisee/keystore)')
        .option('--password-file <file>', 'file with the password (else DAISEE_ACCOUNTPSWD, else asked)')
        .option('--json', 'one JSON object')
        .addHelpText('after', '\nExample: daisee account new --password-file ./password')
        .action(
          action<AccountOptions>(async (options, output) => {
            const password = await newPassword(options);
            const key = createKey();
            const { address } = signerOf(key);
            const file = await writeKeyFile(options.keystore ?? defaultKeystore(), key, password, {
              now: commandClock().now(),
            });
            output.result(`${address}\n  kept in ${file}; keep a copy of the file and of its password`, {
              type: 'account',
              address,
              file,
            });
          }),
        ),
    )
    .addCommand(
      new Command('list')
        .description('List the accounts whose keys are here.')
        .option('--keystore <directory>', 'where key files are kept (default ~/.daisee/keystore)')
        .option('--json', 'one JSON object a line')
        .addHelpText('after', '\nExample: daisee account list')
        .action(
          action<AccountOptions>(async (options, output) => {
            const directory = options.keystore ?? defaultKeystore();
            const keys = await listKeyFiles(directory);
            if (keys.length === 0)
              output.line(`There is no key in ${directory}; "daisee account new" makes one.`);
            for (const { address, file } of keys)
              output.result(`${address}  ${file}`, { type: 'account', address, file });
          }),
        ),
    );
