import type { Address, Ledger } from '@daisee/chain';
import type { Coin } from '@daisee/units';
import { formatMicro } from '@daisee/units';
import { Command } from 'commander';
import { UsageError } from '../options.ts';
import { readSettings } from '../settings/read.ts';
import { type LedgerOptions, openLedger, signerFrom, withLedger, withSigner } from './connect.ts';
import { action } from './run.ts';
import { addressText, brief, coinText } from './values.ts';

interface TokenOptions extends LedgerOptions {
  readonly to?: Address;
  readonly amount?: Coin;
}

const balance = action<TokenOptions>(async (options, output) => {
  const ledger = await openLedger(options, output);
  try {
    const account =
      options.account ?? (options.config ? readSettings(options.config).node?.address : undefined);
    if (!account) throw new UsageError('Whose balance? Give --account 0x…, or -c FILE with node.address.');
    const [coins, allowance] = await Promise.all([ledger.balance(account), ledger.coinAllowance(account)]);
    output.result(`${account} has ${brief(coins)} coins; the exchange may take ${brief(allowance)} of them`, {
      type: 'balance',
      account,
      balance: formatMicro(coins),
      allowance: formatMicro(allowance),
    });
  } finally {
    await ledger.stop();
  }
});

/** A command that signs one transaction of the coin and shows its receipt. */
const signed = (
  what: string,
  send: (
    ledger: Ledger,
    options: TokenOptions & { amount: Coin },
  ) => Promise<{ hash: string; block: number }>,
  describe: (options: TokenOptions & { amount: Coin }) => string,
) =>
  action<TokenOptions>(async (options, output) => {
    const { amount } = options;
    if (amount === undefined) throw new UsageError('How much? Give --amount COINS.');
    const signer = await signerFrom(options);
    const ledger = await openLedger(options, output, signer);
    try {
      const complete = { ...options, amount };
      const { hash, block } = await send(ledger, complete);
      output.result(`${describe(complete)} (block ${block}, ${hash})`, {
        type: what,
        account: signer.address,
        ...(options.to ? { to: options.to } : {}),
        amount: formatMicro(amount),
        block,
        hash,
      });
    } finally {
      await ledger.stop();
    }
  });

const receiver = (options: TokenOptions): Address => {
  if (!options.to) throw new UsageError('To whom? Give --to 0x….');
  return options.to;
};

export const tokenCommand = (): Command =>
  new Command('token')
    .description('DaiseeCoin: balances, transfers, approvals, minting.')
    .addCommand(
      withLedger(new Command('balance').description('Show what an account has.'))
        .option('--account <address>', 'whose balance (default node.address)', addressText)
        .addHelpText('after', '\nExample: daisee token balance -c parameters.yml')
        .action(balance),
    )
    .addCommand(
      withSigner(withLedger(new Command('transfer').description('Send coins.')))
        .option('--to <address>', 'who receives them', addressText)
        .option('--amount <coins>', 'how many', coinText)
        .addHelpText('after', '\nExample: daisee token transfer -c parameters.yml --to 0x… --amount 12.5')
        .action(
          signed(
            'transferred',
            (ledger, o) => ledger.transfer(receiver(o), o.amount),
            (o) => `Sent ${brief(o.amount)} coins to ${o.to}`,
          ),
        ),
    )
    .addCommand(
      withSigner(withLedger(new Command('approve').description('Let the exchange take coins for purchases.')))
        .option('--amount <coins>', 'how many at most', coinText)
        .addHelpText('after', '\nExample: daisee token approve -c parameters.yml --amount 100')
        .action(
          signed(
            'approved',
            (ledger, o) => ledger.approve(o.amount),
            (o) => `The exchange may take ${brief(o.amount)} coins`,
          ),
        ),
    )
    .addCommand(
      withSigner(withLedger(new Command('mint').description('Make new coins (accounts with the mint role).')))
        .option('--to <address>', 'who receives them', addressText)
        .option('--amount <coins>', 'how many', coinText)
        .addHelpText('after', '\nExample: daisee token mint -c treasury.yml --to 0x… --amount 1000')
        .action(
          signed(
            'minted',
            (ledger, o) => ledger.mint(receiver(o), o.amount),
            (o) => `Minted ${brief(o.amount)} coins for ${o.to}`,
          ),
        ),
    );
