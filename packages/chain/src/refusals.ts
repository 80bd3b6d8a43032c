/** Reverts as the contract's own errors, with their values and a sentence that says what to do. */
import { DaiseeError, formatMicro } from '@daisee/units';
import { decodeErrorResult, keccak256, toHex } from 'viem/utils';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import { isRecord, type RpcRefused } from './rpc.ts';
import type { Hex } from './signer.ts';

/** The values of a contract's error by their names in the ABI. */
export type RefusalArgs = Readonly<Record<string, unknown>>;

/** A contract refused what was asked: by its own error, decoded. */
export class ContractRefused extends DaiseeError {
  /** The error's name in the ABI; `Error` for a plain message, `Panic`, `OutOfGas`, or `Unknown`. */
  readonly errorName: string;
  readonly args: RefusalArgs;
  /** The transaction that was mined and reverted, when it went that far. */
  readonly hash: Hex | undefined;

  constructor(what: string, refusal: Refusal, hash?: Hex) {
    const mined = hash === undefined ? '' : ` (transaction ${hash})`;
    super({
      code: `chain.refused.${refusal.errorName}`,
      message: `${what} was refused${mined}: ${sentenceOf(refusal)}`,
      retryable: PASSING.has(refusal.errorName),
      values: { what, errorName: refusal.errorName, args: readable(refusal.args), ...(hash ? { hash } : {}) },
    });
    this.errorName = refusal.errorName;
    this.args = refusal.args;
    this.hash = hash;
  }
}

export interface Refusal {
  readonly errorName: string;
  readonly args: RefusalArgs;
}

/** What may be over by itself: sellers go on producing, a pause ends, prices are raised and lowered. */
const PASSING = new Set([
  'NotEnoughEnergy',
  'EnforcedPause',
  'NotSelling',
  'CostTooHigh',
  'PurchasedMeanwhile',
  'OutOfGas',
]);

const readable = (args: RefusalArgs) =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, typeof value === 'bigint' ? value.toString() : value]),
  );

/** A refusal's values as text: as they are, as energy, as coins. */
interface Values {
  readonly is: (name: string) => string;
  readonly wh: (name: string) => string;
  readonly coins: (name: string) => string;
}

const valuesOf = (args: RefusalArgs): Values => {
  const is = (name: string) => String(args[name]);
  const micro = (name: string) => {
    const value = args[name];
    return typeof value === 'bigint' ? formatMicro(value) : is(name);
  };
  return { is, wh: (name) => `${micro(name)} Wh`, coins: (name) => `${micro(name)} coins` };
};

const ROLES: Readonly<Record<string, string>> = {
  [`0x${'00'.repeat(32)}`]: 'the admin role',
  [keccak256(toHex('MINTER_ROLE'))]: 'the role that mints coins',
};

const SENTENCES: Readonly<Record<string, (values: Values) => string>> = {
  AccessControlUnauthorizedAccount: ({ is }) =>
    `${is('account')} does not hold ${ROLES[is('neededRole')] ?? `the role ${is('neededRole')}`}. Use the admin's account, or have the admin grant the role.`,
  AlreadyRegistered: ({ is }) =>
    `${is('account')} is registered already. Remove it first to change its kind.`,
  BadBatch: ({ is }) => `the batch breaks off or names no known sort of reading at reading ${is('index')}.`,
  AlreadyOpen: () =>
    'books of an earlier ledger are brought over before this one is opened. Deploy another one with "daisee migrate".',
  BadOrder: ({ is }) =>
    `an order by approveAndCall has 128 bytes (seller, energy, maxCost, purchasedBefore) or 64 (seller, maxCost, for a debt), ${is('length')} came.`,
  BadSignature: ({ is }) =>
    `the meter key of ${is('node')} did not sign reading ${is('index')}. Check the key registered for its meter, the chain id and the contract's address.`,
  BelowStart: ({ wh }) =>
    `the meter in use began at ${wh('start')}, and ${wh('register')} are below that. Enter a new meter first with "daisee node replace-meter".`,
  CostTooHigh: ({ coins }) =>
    `it costs ${coins('cost')} at the present price, more than the ${coins('maxCost')} allowed. Raise the price cap or choose another seller.`,
  DebtElsewhere: ({ is }) =>
    `${is('buyer')} owes coins to ${is('sellers')} other seller(s) for energy that it drew without buying, and buys nothing new before it has paid. Settle with "daisee energy settle".`,
  ECDSAInvalidSignature: () => 'the signature is none.',
  ECDSAInvalidSignatureLength: ({ is }) => `a signature has 64 or 65 bytes, this one ${is('length')}.`,
  ECDSAInvalidSignatureS: () => 'the signature is in the form that can be changed by anyone (high s).',
  ERC1363InvalidSpender: ({ is }) =>
    `${is('spender')} does not take purchases by approveAndCall. Correct contracts.daisee.`,
  ERC20InsufficientAllowance: ({ is, coins }) =>
    `${is('spender')} may move ${coins('allowance')} and ${coins('needed')} are needed. Allow more with "daisee token approve".`,
  ERC20InsufficientBalance: ({ is, coins }) =>
    `${is('sender')} has ${coins('balance')} and needs ${coins('needed')}. Get coins with "daisee token mint" (by the community's treasury) or "daisee token transfer".`,
  ERC20InvalidApprover: () => 'the zero address cannot approve.',
  ERC20InvalidReceiver: ({ is }) => `${is('receiver')} cannot receive coins.`,
  ERC20InvalidSender: ({ is }) => `${is('sender')} cannot send coins.`,
  ERC20InvalidSpender: ({ is }) => `${is('spender')} cannot be allowed to spend.`,
  ERC2612ExpiredSignature: ({ is }) =>
    `the permit ended at ${is('deadline')} (Unix seconds). Sign a new one.`,
  ERC2612InvalidSigner: ({ is }) => `the permit was signed by ${is('signer')}, not by ${is('owner')}.`,
  EnergyTooLarge: ({ wh }) => `${wh('energy')} are more than the ledger counts (2^64 - 1 µWh).`,
  EnforcedPause: () =>
    'the exchange is paused by its admin. Nothing is lost: registers are reported when it goes on.',
  ExpectedPause: () => 'the exchange is not paused.',
  InvalidAccountNonce: ({ is }) => `the permit of ${is('account')} was used already. Sign a new one.`,
  KindMissing: () => 'a node must be a consumer, a producer or a prosumer.',
  NoDebt: ({ is }) => `${is('buyer')} owes ${is('seller')} nothing.`,
  NoEnergy: () => 'a purchase of 0 Wh. Ask for more than nothing (node.delta).',
  NoReason: () => 'a correction needs a reason. Say why, for everybody to read.',
  NotABuyer: ({ is }) =>
    `${is('account')} is registered as a producer; only consumers and prosumers buy. Have the admin register it as a prosumer.`,
  NotACoin: ({ is }) => `there is no contract at ${is('coin')}. Deploy the coin first with "daisee deploy".`,
  NotANode: ({ is }) =>
    `${is('account')} is not registered. Have the admin register it with "daisee node register".`,
  NotAProducer: ({ is }) =>
    `${is('account')} is not registered as a producer or prosumer; only those have production and a price. Correct node.typ or have the admin register it again.`,
  NotASeller: ({ is }) =>
    `${is('seller')} is not registered as a producer or prosumer. Correct the sellers in the settings.`,
  NotBlank: ({ is }) => `there are books of ${is('account')} already. Begin with a new ledger.`,
  NotEnoughEnergy: ({ is, wh }) =>
    `${is('seller')} has only ${wh('available')} left of the ${wh('requested')} asked for. Ask for less, or choose another seller.`,
  NotSelling: ({ is }) => `${is('seller')} sells nothing at present. Choose another seller.`,
  NotTheCoin: ({ is }) => `only the ledger's own coin announces approvals, not ${is('caller')}.`,
  OwnEnergy: () => 'a node does not buy from itself.',
  PurchasedMeanwhile: ({ wh }) =>
    `the order was for a buyer that has purchased ${wh('expected')} so far, and it has purchased ${wh('purchased')}: another order of this account met the need. Does another program use its key? Stop one of the two.`,
  PriceTooLarge: ({ coins }) => `${coins('price')} per Wh are more than the ledger counts.`,
  RegisterFell: ({ wh }) =>
    `the register on the books stands at ${wh('stored')}, ${wh('given')} was reported, and a register only rises. If the meter was replaced, have the admin enter the new one with "daisee node replace-meter"; if the books are wrong, correct them with "daisee node correct".`,
  RegisterTooLarge: ({ wh }) => `${wh('register')} are more than a register counts (2^64 - 1 µWh).`,
  SafeERC20FailedOperation: ({ is }) => `the coin ${is('token')} refused the payment without a reason.`,
  SignatureNeeded: ({ is }) =>
    `the meter of ${is('node')} has a key, so only readings that it signed count. Let the meter sign, or have the admin take the key away.`,
  SpentTooLarge: ({ coins }) => `${coins('spent')} are more than the ledger counts between two.`,
  TakenTooLarge: ({ is, wh }) => `${wh('taken')} taken from ${is('seller')} are more than the ledger counts.`,
  TooManyMeters: ({ is }) =>
    `the ledger counts at most ${is('most')} meters of a node. Register a new account.`,
  TooManySellers: ({ is }) => `the ledger numbers at most ${is('most')} sellers.`,
  UnknownOrigin: ({ is }) => `nobody ever produced under ${is('origin')}, so nothing can come from it.`,
  WrongEpoch: ({ is }) =>
    `the reading is of meter ${is('epoch')} of ${is('node')}, and meter ${is('current')} is in use.`,
  ZeroAddress: () => 'an address that must be someone is zero.',
  Error: ({ is }) => `${is('message')}.`,
  Panic: ({ is }) => `the contract stopped at an inner check (panic ${is('code')}).`,
  OutOfGas: ({ is }) =>
    `it ran out of its ${is('limit')} gas. Give it more, or leave the limit to the estimate.`,
};

const sentenceOf = ({ errorName, args }: Refusal): string => {
  const sentence = SENTENCES[errorName];
  if (sentence) return sentence(valuesOf(args));
  const values = Object.entries(readable(args)).map(([name, value]) => `${name} = ${String(value)}`);
  return `the contract gave ${values.length > 0 ? `${errorName} (${values.join(', ')})` : errorName}.`;
};

const ABI = [...daiseeAbi, ...daiseeCoinAbi];

/** Decodes the data of a revert. Data that no known error explains becomes `Unknown`. */
export const decodeRefusal = (data: Hex): Refusal => {
  try {
    const { errorName, args, abiItem } = decodeErrorResult({ abi: ABI, data });
    const values: readonly unknown[] = args ?? [];
    if (errorName === ('Error' as string)) return { errorName, args: { message: values[0] } };
    if (errorName === ('Panic' as string)) return { errorName, args: { code: values[0] } };
    const inputs: readonly { readonly name?: string }[] = 'inputs' in abiItem ? abiItem.inputs : [];
    return {
      errorName,
      args: Object.fromEntries(values.map((value, index) => [inputs[index]?.name ?? String(index), value])),
    };
  } catch {
    // An error of a contract that is not ours (a foreign coin), or no data at all.
    return { errorName: 'Unknown', args: { data } };
  }
};

/** Finds revert data where clients put it: geth, anvil and Besu in `data`, others one level down or as text. */
const revertData = (data: unknown): Hex | undefined => {
  if (typeof data === 'string') {
    const found = /0x([0-9a-f]{2})*/i.exec(data)?.[0];
    return found as Hex | undefined;
  }
  if (!isRecord(data)) return undefined;
  return revertData(data['data'] ?? data['result'] ?? data['output']);
};

/** What an RPC error says about a revert; undefined when it is about something else. */
export const refusalOf = (error: RpcRefused): Refusal | undefined => {
  const reverted = error.rpcCode === 3 || /revert/i.test(error.rpcMessage);
  if (!reverted) return undefined;
  const data = revertData(error.rpcData);
  if (data !== undefined && data !== '0x') return decodeRefusal(data);
  const reason = /revert(?:ed)?:?\s+(.+)$/i.exec(error.rpcMessage)?.[1];
  return reason ? { errorName: 'Error', args: { message: reason } } : { errorName: 'Unknown', args: {} };
};
