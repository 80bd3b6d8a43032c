import type { Address } from '@daisee/chain';
import { formatMicro, MICRO, Price } from '@daisee/units';
import { Command, InvalidArgumentError } from 'commander';
import { micro, UsageError } from '../options.ts';
import { type LedgerOptions, openLedger, signerFrom, withLedger, withSigner } from './connect.ts';
import { action } from './run.ts';
import { addressText, brief } from './values.ts';

interface RegisterOptions extends LedgerOptions {
  readonly node?: Address;
  readonly kind?: 'consumer' | 'producer';
  readonly meterKey?: Address;
  readonly price?: Price;
}

const kind = (text: string): 'consumer' | 'producer' => {
  if (text === 'C' || text === 'consumer') return 'consumer';
  if (text === 'P' || text === 'producer') return 'producer';
  throw new InvalidArgumentError('It needs consumer (or C) or producer (or P).');
};

const named = (options: RegisterOptions): Address => {
  if (!options.node) throw new UsageError('Which node? Give --node 0x….');
  return options.node;
};

export const nodeCommand = (): Command =>
  new Command('node')
    .description("The community's nodes: register and remove them (the contract's admin).")
    .addCommand(
      withSigner(withLedger(new Command('register').description('Let an account report and trade.')))
        .option('--node <address>', 'the account of the node', addressText)
        .option('--kind <kind>', 'consumer or producer', kind)
        .option('--meter-key <address>', 'key whose signed readings count for this node', addressText)
        .option('--price <coins>', 'price per Wh of a producer (default 1)', (text: string) =>
          Price(micro(text)),
        )
        .addHelpText(
          'after',
          '\nExample: daisee node register -c admin.yml --node 0x… --kind producer --price 1',
        )
        .action(
          action<RegisterOptions>(async (options, output) => {
            const node = named(options);
            if (!options.kind)
              throw new UsageError('What kind of node? Give --kind consumer or --kind producer.');
            const price = options.kind === 'producer' ? (options.price ?? Price(MICRO)) : Price(0n);
            const ledger = await openLedger(options, output, await signerFrom(options));
            try {
              const { block, hash } = await ledger.registerNode({
                account: node,
                kind: options.kind,
                price,
                ...(options.meterKey ? { meterKey: options.meterKey } : {}),
              });
              output.result(
                `Registered ${node} as ${options.kind}${options.kind === 'producer' ? ` at ${brief(price)} coins per Wh` : ''} (block ${block}, ${hash})`,
                {
                  type: 'registered',
                  node,
                  kind: options.kind,
                  price: formatMicro(price),
                  block,
                  hash,
                },
              );
            } finally {
              await ledger.stop();
            }
          }),
        ),
    )
    .addCommand(
      withSigner(
        withLedger(
          new Command('remove').description('Take the right to report and trade away; the books stay.'),
        ),
      )
        .option('--node <address>', 'the account of the node', addressText)
        .addHelpText('after', '\nExample: daisee node remove -c admin.yml --node 0x…')
        .action(
          action<RegisterOptions>(async (options, output) => {
            const node = named(options);
            const ledger = await openLedger(options, output, await signerFrom(options));
            try {
              const { block, hash } = await ledger.removeNode(node);
              output.result(`Removed ${node} (block ${block}, ${hash})`, {
                type: 'removed',
                node,
                block,
                hash,
              });
            } finally {
              await ledger.stop();
            }
          }),
        ),
    );
