import { type Address, type Ledger, type Receipt, type Registration, SORTS, type Sort } from '@daisee/chain';
import { type Energy, formatMicro, MICRO, Price, Register } from '@daisee/units';
import { Command, InvalidArgumentError } from 'commander';
import { micro, UsageError } from '../options.ts';
import type { Output } from '../output.ts';
import { type LedgerOptions, openLedger, signerFrom, withLedger, withSigner } from './connect.ts';
import { action } from './run.ts';
import { addressText, brief, energyText } from './values.ts';

type Kind = Registration['kind'];

interface NodeOptions extends LedgerOptions {
  readonly node?: Address;
  readonly kind?: Kind;
  readonly meterKey?: Address | 'none';
  readonly price?: Price;
  readonly register?: Sort;
  readonly other?: Address;
  readonly to?: Energy;
  readonly reason?: string;
}

/** By the letters of `node.typ` too. */
const KINDS: Readonly<Record<string, Kind>> = {
  C: 'consumer',
  P: 'producer',
  CP: 'prosumer',
  consumer: 'consumer',
  producer: 'producer',
  prosumer: 'prosumer',
};
const kind = (text: string): Kind => {
  const found = KINDS[text];
  if (!found)
    throw new InvalidArgumentError('It needs consumer (or C), producer (or P) or prosumer (or CP).');
  return found;
};

/** `own-use` on the command line. */
const SORT_NAMES: Readonly<Record<Sort, string>> = {
  production: 'production',
  ownUse: 'own-use',
  consumption: 'consumption',
  delivery: 'delivery',
};
const sort = (text: string): Sort => {
  const found = SORTS.find((one) => SORT_NAMES[one] === text);
  if (!found) throw new InvalidArgumentError(`It needs one of ${Object.values(SORT_NAMES).join(', ')}.`);
  return found;
};
const keyText = (text: string): Address | 'none' => (text === 'none' ? text : addressText(text));

const NO_KEY: Address = `0x${'00'.repeat(20)}`;

/** The node, and then an order of the admin about it. */
const asAdmin = (
  work: (ledger: Ledger, node: Address, options: NodeOptions) => Promise<Receipt>,
  said: (options: NodeOptions, node: Address) => { readonly text: string; readonly record: object },
  check: (options: NodeOptions) => void = () => {},
) =>
  action<NodeOptions>(async (options, output: Output) => {
    const { node } = options;
    if (!node) throw new UsageError('Which node? Give --node 0x….');
    check(options);
    const ledger = await openLedger(options, output, await signerFrom(options));
    try {
      const { block, hash } = await work(ledger, node, options);
      const { text, record } = said(options, node);
      output.result(`${text} (block ${block}, ${hash})`, { ...record, node, block, hash });
    } finally {
      await ledger.stop();
    }
  });

const adminCommand = (name: string, description: string, example: string): Command =>
  withSigner(withLedger(new Command(name).description(description)))
    .option('--node <address>', 'the account of the node', addressText)
    .addHelpText('after', `\nExample: daisee node ${name} -c admin.yml --node 0x… ${example}`);

const priceOf = ({ kind: what, price }: NodeOptions): Price =>
  what === 'consumer' ? Price(0n) : (price ?? Price(MICRO));

const register = adminCommand('register', 'Let an account report and trade.', '--kind producer --price 1')
  .option('--kind <kind>', 'consumer, producer or prosumer', kind)
  .option('--meter-key <address>', 'key of its meter: only readings that it signed count then', addressText)
  .option('--price <coins>', 'price per Wh of a producer or prosumer (default 1)', (text: string) =>
    Price(micro(text)),
  )
  .action(
    asAdmin(
      (ledger, account, options) =>
        ledger.registerNode({
          account,
          kind: options.kind ?? 'consumer',
          price: priceOf(options),
          meterKey: options.meterKey === 'none' ? undefined : options.meterKey,
        }),
      (options, node) => ({
        text: `Registered ${node} as ${options.kind}${options.kind === 'consumer' ? '' : ` at ${brief(priceOf(options))} coins per Wh`}`,
        record: { type: 'registered', kind: options.kind, price: formatMicro(priceOf(options)) },
      }),
      (options) => {
        if (!options.kind)
          throw new UsageError(
            'What kind of node? Give --kind consumer, --kind producer or --kind prosumer.',
          );
      },
    ),
  );

const remove = adminCommand(
  'remove',
  'Take the right to report and trade away; the books stay, and what is owed can be paid.',
  '',
).action(
  asAdmin(
    (ledger, node) => ledger.removeNode(node),
    (_, node) => ({ text: `Removed ${node}`, record: { type: 'removed' } }),
  ),
);

const needsKey = (options: NodeOptions): void => {
  if (!options.meterKey) throw new UsageError('Whose signature? Give --meter-key 0x….');
};

const meterKey = adminCommand(
  'meter-key',
  'Change the key that its meter signs with; its registers go on.',
  '--meter-key 0x…',
)
  .option('--meter-key <address>', 'the new key; none: the node reports itself', keyText)
  .action(
    asAdmin(
      (ledger, node, { meterKey: key = 'none' }) => ledger.setMeterKey(node, key === 'none' ? NO_KEY : key),
      ({ meterKey: key }, node) => ({
        text: key === 'none' ? `${node} reports itself` : `Only readings signed by ${key} count for ${node}`,
        record: { type: 'meter-key', meterKey: key === 'none' ? null : key },
      }),
      needsKey,
    ),
  );

const replaceMeter = adminCommand(
  'replace-meter',
  "Enter a new meter: its registers begin at 0, and the old one's readings do not count any more.",
  '--meter-key 0x…',
)
  .option('--meter-key <address>', "the key that it signs with, the old one's or another", addressText)
  .action(
    asAdmin(
      (ledger, node, { meterKey: key = NO_KEY }) => ledger.replaceMeter(node, key === 'none' ? NO_KEY : key),
      ({ meterKey: key }, node) => ({
        text: `Entered a new meter of ${node}, which signs with ${key}`,
        record: { type: 'meter-replaced', meterKey: key },
      }),
      needsKey,
    ),
  );

const correct = adminCommand(
  'correct',
  'Correct a register, with a reason that everybody can read. Coins that were paid stay where they are.',
  '--register production --to 1204.512 --reason "The inverter shows it."',
)
  .option('--register <which>', Object.values(SORT_NAMES).join(', '), sort)
  .option('--other <address>', 'the seller of a consumption, the buyer of a delivery', addressText)
  .option('--to <wh>', 'what it must stand at, Wh', energyText)
  .option('--reason <text>', 'why')
  .action(
    asAdmin(
      (ledger, node, { register: which = 'production', other, to = 0n, reason = '' }) =>
        ledger.correctRegister({ sort: which, node, other, register: Register(to), reason }),
      ({ register: which = 'production', other, to = 0n, reason }, node) => ({
        text: `Corrected ${SORT_NAMES[which]} of ${node}${other ? ` (${other})` : ''} to ${brief(to)} Wh: ${reason}`,
        record: {
          type: 'corrected',
          register: SORT_NAMES[which],
          other,
          registerWh: formatMicro(to),
          reason,
        },
      }),
      ({ register: which, other, to, reason }) => {
        if (!which)
          throw new UsageError(`Which register? Give --register ${Object.values(SORT_NAMES).join('|')}.`);
        if ((which === 'consumption' || which === 'delivery') !== (other !== undefined))
          throw new UsageError(
            'A consumption has a seller and a delivery a buyer, the others have neither: give --other 0x… with those two alone.',
          );
        if (to === undefined) throw new UsageError('What must it stand at? Give --to WH.');
        if (!reason) throw new UsageError('Why? Give --reason TEXT: everybody can read it.');
      },
    ),
  );

export const nodeCommand = (): Command =>
  new Command('node')
    .description("The community's nodes: register, correct and remove them (the contract's admin).")
    .addCommand(register)
    .addCommand(remove)
    .addCommand(meterKey)
    .addCommand(replaceMeter)
    .addCommand(correct);
