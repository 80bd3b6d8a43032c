import { type Address, DEFAULT_TERMS, deployContracts } from '@daisee/chain';
import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { rpcFrom, signerFrom, withSigner } from './connect.ts';
import { action } from './run.ts';
import { type TermsOptions, termsFrom, withTerms } from './terms.ts';
import { addressText } from './values.ts';

interface DeployOptions extends TermsOptions {
  readonly config?: string;
  readonly rpc?: string;
  readonly account?: Address;
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly admin?: Address;
  readonly json?: boolean;
}

export const deployCommand = (): Command =>
  withTerms(
    withSigner(
      new Command('deploy')
        .description(
          'Put the two contracts on a chain; the account becomes their admin unless another is named.',
        )
        .option('-c, --config <file>', 'settings with the chain and the account')
        .option('--rpc <url>', 'Ethereum client')
        .option(
          '--admin <address>',
          'who registers nodes and mints coins (default: the account)',
          addressText,
        )
        .option('--json', 'one JSON object'),
    ),
  )
    .addHelpText(
      'after',
      '\nExample: daisee deploy --rpc http://127.0.0.1:8545 --account 0x… --password-file ./password',
    )
    .action(
      action<DeployOptions>(async (options, output) => {
        const signer = await signerFrom(options);
        output.note('Deploying DaiseeCoin and Daisee; each waits for its block …');
        const { exchange, coin, block } = await deployContracts({
          url: rpcFrom(options),
          signer,
          admin: options.admin ?? signer.address,
          terms: termsFrom(options, DEFAULT_TERMS),
          clock: commandClock(),
        });
        output.result(
          `contracts:\n  daisee: '${exchange}'\n  token: '${coin}'\n# deployed in block ${block}; these lines go into parameters.yml`,
          {
            type: 'deployed',
            exchange,
            coin,
            block,
          },
        );
      }),
    );
