import { formatMicro } from '@daisee/units';
import { Command } from 'commander';
import { type LedgerOptions, openLedger, withLedger } from './connect.ts';
import { action } from './run.ts';
import { brief } from './values.ts';

export const statusCommand = (): Command =>
  withLedger(
    new Command('status').description('Show the exchange: latest block, sellers and what they have.'),
  )
    .addHelpText('after', '\nExample: daisee status -c parameters.yml')
    .action(
      action<LedgerOptions>(async (options, output) => {
        const ledger = await openLedger(options, output);
        try {
          const [block, sellers] = await Promise.all([ledger.block(), ledger.sellers()]);
          output.result(
            `Chain ${ledger.chainId}, block ${block.number} of ${new Date(block.at).toISOString()}\nDaisee ${ledger.exchange}, DaiseeCoin ${ledger.coin}`,
            {
              type: 'status',
              chainId: ledger.chainId,
              block: block.number,
              time: new Date(block.at).toISOString(),
              exchange: ledger.exchange,
              coin: ledger.coin,
            },
          );
          if (sellers.length === 0) output.line('No seller is registered yet ("daisee node register").');
          else
            output.line(
              '  seller                                      produced        sold   available  coins per Wh',
            );
          for (const { account, price, produced, taken, available, active } of sellers)
            output.result(
              `  ${account}  ${brief(produced).padStart(9)}  ${brief(taken).padStart(10)}  ${brief(available).padStart(10)}  ${active ? brief(price) : 'removed'}`,
              {
                type: 'seller',
                account,
                active,
                price: formatMicro(price),
                producedWh: formatMicro(produced),
                soldWh: formatMicro(taken),
                availableWh: formatMicro(available),
              },
            );
        } finally {
          await ledger.stop();
        }
      }),
    );
