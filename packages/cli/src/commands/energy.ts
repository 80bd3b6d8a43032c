import type { Address } from '@daisee/chain';
import { type Coin, type Energy, formatMicro } from '@daisee/units';
import { Command } from 'commander';
import { UsageError } from '../options.ts';
import { readSettings } from '../settings/read.ts';
import { type LedgerOptions, openLedger, signerFrom, withLedger, withSigner } from './connect.ts';
import { action } from './run.ts';
import { addressText, brief, coinText, energyText } from './values.ts';

interface BuyOptions extends LedgerOptions {
  readonly seller?: Address;
  readonly energy?: Energy;
  readonly maxCost?: Coin;
}

const buy = action<BuyOptions>(async (options, output) => {
  const { seller, energy } = options;
  if (!seller || !energy) throw new UsageError('What shall be bought? Give --seller 0x… and --energy WH.');
  const signer = await signerFrom(options);
  const ledger = await openLedger(options, output, signer);
  try {
    const maxCost = options.maxCost ?? (await ledger.quote(seller, energy, signer.address));
    const purchasedBefore = await ledger.totalPurchased(signer.address);
    const receipt = await ledger.buyEnergy({ seller, energy, maxCost, purchasedBefore });
    const bought = receipt.events.find((event) => event.type === 'bought');
    const cost = bought?.type === 'bought' ? bought.cost : maxCost;
    output.result(
      `Bought ${brief(energy)} Wh from ${seller} for ${brief(cost)} coins (block ${receipt.block}, ${receipt.hash})`,
      {
        type: 'bought',
        block: receipt.block,
        buyer: signer.address,
        seller,
        energyWh: formatMicro(energy),
        cost: formatMicro(cost),
        hash: receipt.hash,
      },
    );
  } finally {
    await ledger.stop();
  }
});

const status = action<LedgerOptions>(async (options, output) => {
  const account =
    options.account ?? (options.config ? readSettings(options.config).node?.address : undefined);
  if (!account) throw new UsageError('Whose energy? Give --account 0x…, or -c FILE with node.address.');
  const ledger = await openLedger(options, output);
  try {
    const [purchases, produced, used] = await Promise.all([
      ledger.purchases(account),
      ledger.production(account),
      ledger.totalConsumption(account),
    ]);
    output.result(`${account} produced ${brief(produced)} Wh and consumed ${brief(used)} Wh`, {
      type: 'energy',
      account,
      producedWh: formatMicro(produced),
      consumedWh: formatMicro(used),
    });
    if (purchases.length > 0)
      output.line('  from                                        bought      consumed    remaining');
    for (const { seller, purchased, consumed } of purchases)
      output.result(
        `  ${seller}  ${brief(purchased).padStart(10)}  ${brief(consumed).padStart(10)}  ${brief(purchased - consumed).padStart(10)} Wh`,
        {
          type: 'purchase',
          buyer: account,
          seller,
          boughtWh: formatMicro(purchased),
          consumedWh: formatMicro(consumed),
          remainingWh: formatMicro(purchased - consumed),
        },
      );
  } finally {
    await ledger.stop();
  }
});

export const energyCommand = (): Command =>
  new Command('energy')
    .description('Energy: buy some, and see what was bought and used.')
    .addCommand(
      withSigner(withLedger(new Command('buy').description('Buy energy from a seller, in one transaction.')))
        .option('--seller <address>', 'who sells', addressText)
        .option('--energy <wh>', 'how many watt-hours', energyText)
        .option('--max-cost <coins>', 'refuse a higher cost (default: the cost now)', coinText)
        .addHelpText('after', '\nExample: daisee energy buy -c parameters.yml --seller 0x… --energy 200')
        .action(buy),
    )
    .addCommand(
      withLedger(new Command('status').description("Show an account's energy and purchases."))
        .option('--account <address>', 'whose (default node.address)', addressText)
        .addHelpText('after', '\nExample: daisee energy status -c parameters.yml')
        .action(status),
    );
