/** Tokens of a running monitor, through its own API: what a program shows instead of login and password. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { list, UsageError, wholeBetween } from '../options.ts';
import { type MonitorAccess, makeToken, removeToken, tokens } from '../parts/monitor-tokens.ts';
import { readSettings } from '../settings/read.ts';
import { monitorPassword, secretFrom } from '../settings/secrets.ts';
import { action, type CommonOptions } from './run.ts';

interface TokenOptions extends CommonOptions {
  readonly config?: string;
  readonly url: string;
  readonly login?: string;
  readonly passwordFile?: string;
  readonly name?: string;
  readonly scope: readonly string[];
  readonly id?: number;
}

const SCOPES = ['read', 'write', 'admin'];

const scopes = (text: string): string[] => {
  const named = list(text);
  if (named.length === 0 || named.some((scope) => !SCOPES.includes(scope)))
    throw new InvalidArgumentError(`It needs some of ${SCOPES.join(', ')}, with commas.`);
  return named;
};

const withAccess = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'take node.url, node.login and its password from the settings')
    .addOption(new Option('--url <url>', 'the monitor').default('http://127.0.0.1:8080'))
    .option('--login <name>', 'its login, where it has one')
    .option('--password-file <file>', 'file with its password (else DAISEE_PASSWORD)')
    .option('--json', 'one JSON object a line');

const accessOf = ({ config, url, login, passwordFile }: TokenOptions): MonitorAccess => {
  if (config !== undefined) {
    const { node } = readSettings(config);
    if (!node)
      throw new UsageError(`${config} has no section node: give --url, --login and --password-file.`);
    return { url: node.url, login: node.login, password: monitorPassword(node) };
  }
  if (login === undefined) return { url };
  const password = passwordFile === undefined ? process.env['DAISEE_PASSWORD'] : secretFrom(passwordFile);
  if (password === undefined)
    throw new UsageError(`The password of ${login} is missing: give --password-file, or DAISEE_PASSWORD.`);
  return { url, login, password };
};

export const monitorTokenCommand = (): Command =>
  new Command('token')
    .description('Tokens for programs: made, listed, revoked at a running monitor.')
    .addCommand(
      withAccess(new Command('create').description('Make a token; its secret is shown this once.'))
        .requiredOption('--name <name>', 'what it is for')
        .addOption(
          new Option('--scope <scopes>', 'read what was measured, write samples, admin everything')
            .argParser(scopes)
            .default(['read'], 'read'),
        )
        .addHelpText('after', '\nExample: daisee monitor token create --name grafana --scope read')
        .action(
          action<TokenOptions>(async (options, output) => {
            const { id, token } = await makeToken(accessOf(options), options.name ?? '', options.scope);
            output.result(
              `${token}\nToken ${id} "${options.name}" may ${options.scope.join(', ')}; send it as "Authorization: Bearer …". It is not shown again.`,
              { type: 'token', id, name: options.name, scopes: options.scope, token },
            );
          }),
        ),
    )
    .addCommand(
      withAccess(new Command('list').description('List the tokens, without their secrets.'))
        .addHelpText('after', '\nExample: daisee monitor token list')
        .action(
          action<TokenOptions>(async (options, output) => {
            const there = await tokens(accessOf(options));
            if (there.length === 0) output.line('There is no token.');
            for (const { id, name, scopes: may, madeAt } of there)
              output.result(
                `${String(id).padStart(4)}  ${new Date(madeAt).toISOString()}  ${may.join(',').padEnd(16)}  ${name}`,
                { type: 'token', id, name, scopes: may, madeAt },
              );
          }),
        ),
    )
    .addCommand(
      withAccess(new Command('remove').description('Revoke a token.'))
        .requiredOption(
          '--id <number>',
          'which one (see list)',
          wholeBetween(1, Number.MAX_SAFE_INTEGER, 'the number of a token'),
        )
        .addHelpText('after', '\nExample: daisee monitor token remove --id 3')
        .action(
          action<TokenOptions>(async (options, output) => {
            await removeToken(accessOf(options), options.id ?? 0);
            output.result(`Token ${options.id} opens nothing any more.`, { type: 'removed', id: options.id });
          }),
        ),
    );
