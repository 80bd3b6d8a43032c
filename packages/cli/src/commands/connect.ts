/** What the commands that talk to the ledger share: where it is, and whose key signs. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, connectLedger, type Ledger, type Signer, unlock } from '@daisee/chain';
import type { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { UsageError } from '../options.ts';
import type { Output } from '../output.ts';
import { askPassword } from '../parts/password.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { accountPassword, secretFrom } from '../settings/secrets.ts';
import { homeDirectory } from '../settings/translate.ts';
import { addressText } from './values.ts';

export interface LedgerOptions {
  readonly config?: string;
  readonly rpc?: string;
  readonly exchange?: Address;
  readonly coin?: Address;
  readonly account?: Address;
  readonly keystore?: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** Adds the options that say where the chain and its contracts are. */
export const withLedger = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'settings with the chain, the contracts and the account')
    .option('--rpc <url>', 'Ethereum client (contracts.node)')
    .option('--exchange <address>', 'the Daisee contract (contracts.daisee)', addressText)
    .option('--coin <address>', 'the DaiseeCoin contract (contracts.token)', addressText)
    .option('--json', 'one JSON object a line');

/** Adds the options that say whose key signs. */
export const withSigner = (command: Command): Command =>
  command
    .option('--account <address>', 'the account that signs (node.address)', addressText)
    .option('--keystore <path>', 'key file or directory (default ~/.daisee/keystore)')
    .option(
      '--password-file <file>',
      "file with the account's password (else DAISEE_ACCOUNTPSWD, else asked)",
    );

export const defaultKeystore = (): string => join(homeDirectory(), 'keystore');

const settingsOf = (options: LedgerOptions): Settings => (options.config ? readSettings(options.config) : {});

/** Opens the key of an account; the path may be the key file or the directory of it. */
export const unlockAt = (path: string, address: Address, password: string): Promise<Signer> =>
  unlock({
    ...(statSync(path, { throwIfNoEntry: false })?.isFile() ? { file: path } : { directory: path }),
    address,
    password,
  });

/** The signer that options or settings name. @throws UsageError when none is named */
export const signerFrom = async (options: LedgerOptions): Promise<Signer> => {
  const { node } = settingsOf(options);
  const address = options.account ?? node?.address;
  if (!address)
    throw new UsageError('No account is named: give --account 0x…, or -c FILE with node.address.');
  const password = options.passwordFile
    ? secretFrom(options.passwordFile)
    : node && !options.account
      ? accountPassword(node)
      : (process.env['DAISEE_ACCOUNTPSWD'] ?? (await askPassword(`Password of ${address}: `)));
  return unlockAt(options.keystore ?? node?.keystore ?? defaultKeystore(), address, password);
};

export const rpcFrom = (options: LedgerOptions): string => {
  const rpc = options.rpc ?? settingsOf(options).contracts?.node;
  if (!rpc) throw new UsageError('No chain is named: give --rpc URL, or -c FILE with contracts.node.');
  return rpc;
};

/** Connects to the ledger for one command; the caller stops it. */
export const openLedger = async (
  options: LedgerOptions,
  output: Output,
  signer?: Signer,
): Promise<Ledger> => {
  const { contracts } = settingsOf(options);
  const exchange = options.exchange ?? contracts?.daisee;
  const coin = options.coin ?? contracts?.token;
  if (!exchange || !coin)
    throw new UsageError(
      'The contracts are not named: give --exchange and --coin, or -c FILE with contracts.daisee and contracts.token.',
    );
  const ledger = connectLedger({
    url: rpcFrom(options),
    exchange,
    coin,
    clock: commandClock(),
    ...(signer ? { signer } : {}),
    ...(contracts?.chainId ? { chainId: contracts.chainId } : {}),
    onEvent: (event) => output.note(event.message),
  });
  await ledger.start();
  return ledger;
};
