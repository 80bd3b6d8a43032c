/** Tokens of a relay's HTTP: made here, kept as hashes. */
import { Command, InvalidArgumentError } from 'commander';
import { list, UsageError } from '../options.ts';
import { addToken, removeToken } from '../settings/relay-tokens.ts';
import { action, type CommonOptions } from './run.ts';

interface TokenOptions extends CommonOptions {
  readonly file: string;
  readonly name: string;
  readonly scope?: string[];
  readonly revoke?: boolean;
}

const SCOPES = ['read', 'switch'];

const scopes = (text: string): string[] => {
  const named = list(text);
  if (named.length === 0 || named.some((scope) => !SCOPES.includes(scope)))
    throw new InvalidArgumentError(`It needs some of ${SCOPES.join(', ')}, with commas.`);
  return named;
};

const word = (text: string): string => {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidArgumentError('It needs one word.');
};

export const relayTokenCommand = (): Command =>
  new Command('token')
    .description(
      "Make or revoke a token for a relay's HTTP; its secret is shown this once, the file keeps a hash.",
    )
    .requiredOption('--file <file>', 'the file that relay.http.tokens or --tokens names')
    .requiredOption('--name <name>', 'what it is for', word)
    .option('--scope <scopes>', 'read what the board shows, switch it (default read,switch)', scopes)
    .option('--revoke', 'take it out instead: a relay that runs serves it no more within a second')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee relay token --file relay-tokens --name agent')
    .action(
      action<TokenOptions>(async ({ file, name, scope = SCOPES, revoke }, output) => {
        if (revoke) {
          if (removeToken(file, name) === 0)
            throw new UsageError(`There is no token ${name} in ${file}: its lines begin with their names.`);
          output.result(`Revoked ${name}.`, { type: 'revoked', name });
          return;
        }
        const token = addToken(file, name, scope);
        output.result(token, { type: 'token', name, scopes: scope, token });
      }),
    );
