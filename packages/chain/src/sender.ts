/**
 * One account's transactions: written down, sent, followed until they are mined, and found again after a crash.
 */
import { randomInt } from 'node:crypto';
import { type Clock, DaiseeError, type Duration, messageOf, SleepAborted } from '@daisee/units';
import { keccak256, serializeTransaction } from 'viem/utils';
import { headerOf, latestHeader, transactionCount } from './blocks.ts';
import { chainFees, type Fees } from './fees.ts';
import { estimateGas, minedRefusal } from './gas.ts';
import { ChainChanged } from './identity.ts';
import { type Outbox, type OutboxEntry, openOutbox } from './outbox.ts';
import type { LedgerNotice, Patience } from './patience.ts';
import { type RawReceipt, receiptOf } from './receipts.ts';
import { ContractRefused } from './refusals.ts';
import { ChainUnreachable, type Rpc, RpcRefused } from './rpc.ts';
import type { Address, Hex, Signer } from './signer.ts';
import { createTurns } from './turns.ts';

/** The nonce of a transaction was used by another one: somebody sends from the same account elsewhere. */
export class TransactionReplaced extends DaiseeError {
  constructor(what: string, hash: Hex, nonce: number, account: Address) {
    super({
      code: 'chain.replaced',
      message: `${what} (transaction ${hash}) will never be mined: another transaction of ${account} took its nonce ${nonce}. Is the same key in use elsewhere? Ask again for a new one.`,
      retryable: true,
      values: { what, hash, nonce, account },
    });
  }
}

/** The account cannot pay for gas. */
export class NoEther extends DaiseeError {
  constructor(account: Address, why: string) {
    super({
      code: 'chain.ether',
      message: `${account} cannot pay for gas on this chain (${why}). Send it some ether, or use a chain without fees, as the embedded one.`,
      retryable: false,
      values: { account, why },
    });
  }
}

/** The ledger was stopped while a transaction was under way; it stays in the outbox. */
export class LedgerStopped extends DaiseeError {
  constructor(what: string) {
    super({
      code: 'chain.ledger.stopped',
      message: `${what} was not awaited: the ledger is stopping. What was sent is settled at the next start.`,
      retryable: true,
      values: { what },
    });
  }
}

/** What a transaction is to do. */
export interface Order {
  /** In words, for errors and notices: "The purchase of 200 Wh". */
  readonly what: string;
  /** Left out: a contract is created. */
  readonly to?: Address;
  readonly data: Hex;
  /** The caller's name for the need that it serves; one transaction a need, however often it is asked for. */
  readonly intent?: string | undefined;
}

export interface Sender {
  /**
   * Sends and resolves once it is mined.
   * @throws ContractRefused, TransactionReplaced, NoEther, RpcRefused, ChainAnswer, LedgerStopped, OutboxDamaged
   */
  send(order: Order): Promise<RawReceipt>;
  /** Resolves when nothing of this account is pending any more. */
  settle(): Promise<void>;
  close(): void;
}

export interface SenderOptions {
  readonly rpc: Rpc;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly chainId: number;
  /** The hash of the chain's first block, or what else identifies it. */
  readonly chain: string;
  readonly outbox: string;
  readonly survives: 'power' | 'process';
  readonly pollInterval: Duration;
  readonly confirmations: number;
  readonly fees: Fees | undefined;
  readonly gas: bigint | undefined;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  readonly onEvent: (notice: LedgerNotice) => void;
}

/** Polls without a receipt after which a used nonce means that another transaction has it. */
const REPLACED_AFTER = 3;
/** Fresh nonces tried in a row before somebody else's use of the account is reported. */
const NONCE_ATTEMPTS = 5;
const FAULTS = 5;
const LATE = 60_000;
/** Of a transfer to an account (Ethereum Yellow Paper, appendix G). */
const TRANSFER_GAS = 21_000n;

/**
 * Two programs with one key that ask for the same thing under the same nonce would sign the same bytes: one transaction,
 * which each takes for its own, though two were asked for. So each asks for a little more gas than it needs, by a number
 * of its own below this.
 */
const OWN_GAS = 2 ** 14;

/** How the chain took a transaction. */
type Taken = 'sent' | 'nonce used';

const isAlreadyKnown = (message: string) =>
  /already (known|imported|exists|in)|known transaction|duplicate/i.test(message);
const isNonceUsed = (message: string) =>
  /nonce.*(too low|too old|already|below)|(too low|old).*nonce|replacement.*(underpriced|not allowed)/i.test(
    message,
  );

/** Creates the sender of an account and opens its outbox. */
export const createSender = (options: SenderOptions): Sender => {
  const { rpc, signer, clock, chainId, pollInterval, confirmations, patience, signal, onEvent } = options;
  const outbox: Outbox = openOutbox(options.outbox, options.chain, signer.address, options.survives);
  const ownGas = BigInt(randomInt(OWN_GAS));
  const turns = createTurns();
  /** By hash, and by intent. */
  const followed = new Map<Hex, Promise<RawReceipt>>();
  const intended = new Map<string, Promise<RawReceipt>>();

  const broadcast = async (entry: Pick<OutboxEntry, 'raw'>): Promise<Taken> => {
    try {
      await rpc.request('eth_sendRawTransaction', [entry.raw]);
      return 'sent';
    } catch (error) {
      if (!(error instanceof RpcRefused)) throw error;
      if (isAlreadyKnown(error.rpcMessage)) return 'sent';
      if (isNonceUsed(error.rpcMessage)) return 'nonce used';
      if (/insufficient funds|upfront cost/i.test(error.rpcMessage))
        throw new NoEther(signer.address, error.rpcMessage);
      throw error;
    }
  };

  const sign = async (order: Order, nonce: number, gas: bigint, fees: Fees): Promise<Hex> => {
    const common = { chainId, nonce, gas, data: order.data, ...(order.to ? { to: order.to } : {}) };
    const unsigned =
      'gasPrice' in fees
        ? ({ ...common, type: 'legacy', gasPrice: fees.gasPrice } as const)
        : ({
            ...common,
            type: 'eip1559',
            maxFeePerGas: fees.maxFee,
            maxPriorityFeePerGas: fees.tip,
          } as const);
    const signature = await signer.sign(keccak256(serializeTransaction(unsigned)));
    return serializeTransaction(unsigned, { ...signature, v: 27n + BigInt(signature.yParity) });
  };

  const wantedGas = async (order: Order, block: 'pending' | 'latest'): Promise<bigint> =>
    (await estimateGas(rpc, signer.address, order, block)) + ownGas;

  /** Writes a transaction down with the next nonce. */
  const compose = async (order: Order): Promise<OutboxEntry> => {
    const before = outbox.pending();
    const [mined, waiting, gas, fees] = await Promise.all([
      transactionCount(rpc, signer.address, 'latest'),
      transactionCount(rpc, signer.address, 'pending'),
      options.gas ?? wantedGas(order, before.length > 0 ? 'pending' : 'latest'),
      options.fees ?? chainFees(rpc),
    ]);
    const nonce = Math.max(mined, waiting, ...before.map((entry) => entry.nonce + 1));
    const raw = await sign(order, nonce, gas, fees);
    const entry = { hash: keccak256(raw), nonce, raw, what: order.what, intent: order.intent };
    outbox.add(entry);
    return { ...entry, state: 'pending' };
  };

  const isKnownToChain = async (hash: Hex): Promise<boolean> => {
    const known = await rpc.request('eth_getTransactionByHash', [hash]);
    return known !== null && known !== undefined;
  };

  /** Sends under a nonce that is free. Once written down it is never given up for a chain that is away. */
  const post = async (order: Order): Promise<OutboxEntry> => {
    for (let attempt = 1; ; attempt++) {
      const entry = await patience.try(() => compose(order), FAULTS);
      try {
        if ((await broadcast(entry)) === 'sent') return entry;
      } catch (error) {
        // Whether it arrived is unknown: it is followed, and sent again if the chain does not know it.
        if (!(error instanceof RpcRefused || error instanceof NoEther)) return entry;
        // Refused by one client and taken by another behind the same address: given up, it would be done twice.
        if (await patience.try(() => isKnownToChain(entry.hash), Number.POSITIVE_INFINITY)) return entry;
        outbox.mark(entry.hash, 'abandoned');
        throw error;
      }
      // Ours by another way (a node that forgot to say so), or another's.
      if (await patience.try(() => receiptOf(rpc, entry.hash), FAULTS)) return entry;
      outbox.mark(entry.hash, 'abandoned');
      if (attempt === NONCE_ATTEMPTS)
        throw new TransactionReplaced(order.what, entry.hash, entry.nonce, signer.address);
    }
  };

  const sendAgain = async (entry: OutboxEntry, told: { stuck: boolean }): Promise<void> => {
    try {
      await broadcast(entry);
      onEvent({
        type: 'rebroadcast',
        message: `${entry.what} (${entry.hash}) was sent again: the chain did not know it.`,
      });
    } catch (error) {
      if (error instanceof ChainUnreachable || error instanceof ChainChanged) throw error;
      if (told.stuck) return;
      told.stuck = true;
      onEvent({
        type: 'stuck',
        message: `${entry.what} (${entry.hash}) cannot be sent again: ${messageOf(error)}`,
      });
    }
  };

  const isConfirmed = async (receipt: RawReceipt): Promise<boolean> => {
    if (confirmations <= 1) return true;
    const [head, block] = await Promise.all([latestHeader(rpc), headerOf(rpc, receipt.block)]);
    return block?.hash === receipt.blockHash && head.number - receipt.block + 1 >= confirmations;
  };

  /** Where a transaction is: its receipt once that is certain, or what to do about it. */
  const look = async (entry: OutboxEntry): Promise<RawReceipt | 'waiting' | 'unknown' | 'nonce used'> => {
    const [count, receipt, isKnown] = await Promise.all([
      transactionCount(rpc, signer.address, 'latest'),
      receiptOf(rpc, entry.hash),
      isKnownToChain(entry.hash),
    ]);
    if (receipt) return (await isConfirmed(receipt)) ? receipt : 'waiting';
    if (count > entry.nonce) return 'nonce used';
    return isKnown ? 'waiting' : 'unknown';
  };

  const finish = async (entry: OutboxEntry, receipt: RawReceipt): Promise<RawReceipt> => {
    if (receipt.succeeded) {
      outbox.mark(entry.hash, 'mined');
      return receipt;
    }
    const refusal = await patience.try(() => minedRefusal(rpc, signer.address, entry.raw, receipt), FAULTS);
    outbox.mark(entry.hash, 'refused');
    throw new ContractRefused(entry.what, refusal, entry.hash);
  };

  /** Nonces before the first of ours that nothing has, and nothing on its way to a block. */
  const missingNonces = async (): Promise<readonly number[]> => {
    const [first] = outbox.pending();
    const [mined, waiting] = await Promise.all([
      transactionCount(rpc, signer.address, 'latest'),
      transactionCount(rpc, signer.address, 'pending'),
    ]);
    if (!first || waiting > mined) return [];
    return Array.from({ length: Math.max(0, first.nonce - mined) }, (_, index) => mined + index);
  };

  /**
   * What the chain's client had counted and then lost left nonces before ours empty, and nothing after them is ever
   * mined. They are filled with transfers of nothing to ourselves: our own are not sent again under another nonce,
   * because both could be mined.
   */
  const fillGap = async (): Promise<void> => {
    const end = await clock.aside(() => turns.take());
    const fillers: OutboxEntry[] = [];
    try {
      for (const nonce of await patience.try(missingNonces, FAULTS)) {
        const what = `Nothing, in the place of nonce ${nonce}`;
        const fees = options.fees ?? (await patience.try(() => chainFees(rpc), FAULTS));
        const raw = await sign({ what, to: signer.address, data: '0x' }, nonce, TRANSFER_GAS + ownGas, fees);
        const entry = { hash: keccak256(raw), nonce, raw, what, intent: undefined };
        outbox.add(entry);
        fillers.push({ ...entry, state: 'pending' });
        onEvent({ type: 'rebroadcast', message: `${what} was sent: what had it was lost.` });
        await broadcast(entry);
      }
    } catch (error) {
      // What is written down is followed all the same; the next look finds what is still missing.
      if (!(error instanceof DaiseeError) || error instanceof SleepAborted) throw error;
    } finally {
      end();
    }
    for (const filler of fillers)
      try {
        await follow(filler);
      } catch (error) {
        // Somebody else filled that place.
        if (!(error instanceof TransactionReplaced || error instanceof ContractRefused)) throw error;
      }
  };

  const followToEnd = async (entry: OutboxEntry): Promise<RawReceipt> => {
    const since = clock.now();
    const told = { stuck: false, late: false };
    let filledAt = since;
    for (let unseen = 0; ; ) {
      // What was sent may be mined whatever the chain answers meanwhile: no fault ends the wait.
      const found = await patience.try(() => look(entry), Number.POSITIVE_INFINITY);
      if (typeof found === 'object') return finish(entry, found);
      unseen = found === 'nonce used' ? unseen + 1 : 0;
      if (unseen >= REPLACED_AFTER) {
        outbox.mark(entry.hash, 'replaced');
        throw new TransactionReplaced(entry.what, entry.hash, entry.nonce, signer.address);
      }
      if (found === 'unknown') await patience.try(() => sendAgain(entry, told));
      if (!told.late && clock.now() - since >= LATE) {
        told.late = true;
        onEvent({
          type: 'pending',
          message: `${entry.what} (${entry.hash}) has waited a minute to be mined.`,
        });
      }
      if (clock.now() - filledAt >= LATE) {
        await fillGap();
        filledAt = clock.now();
      }
      await clock.sleep(pollInterval, signal);
    }
  };

  const follow = (entry: OutboxEntry): Promise<RawReceipt> => {
    const running = followed.get(entry.hash);
    // Another task drives it: this one only waits.
    if (running) return clock.aside(() => running);
    const promise = followToEnd(entry).finally(() => followed.delete(entry.hash));
    followed.set(entry.hash, promise);
    return promise;
  };

  const sendNew = async (order: Order): Promise<RawReceipt> => {
    const end = await clock.aside(() => turns.take());
    let entry: OutboxEntry;
    try {
      signal.throwIfAborted();
      entry = await post(order);
    } finally {
      end();
    }
    return follow(entry);
  };

  const sendIntended = (order: Order, intent: string): Promise<RawReceipt> => {
    const running = intended.get(intent);
    if (running) return clock.aside(() => running);
    const earlier = outbox.forIntent(intent);
    const promise = (earlier ? follow(earlier) : sendNew(order)).finally(() => intended.delete(intent));
    intended.set(intent, promise);
    return promise;
  };

  return {
    send: async (order) => {
      try {
        return await (order.intent === undefined ? sendNew(order) : sendIntended(order, order.intent));
      } catch (error) {
        if (error instanceof SleepAborted || signal.aborted) throw new LedgerStopped(order.what);
        throw error;
      }
    },
    settle: async () => {
      const entries = outbox.pending();
      // All first, so that they can be mined together; what fails here is told while it is followed.
      for (const entry of entries)
        if (!followed.has(entry.hash)) await broadcast(entry).catch(() => undefined);
      for (const entry of entries) {
        try {
          await follow(entry);
          onEvent({ type: 'settled', message: `${entry.what} (${entry.hash}) is mined.` });
        } catch (error) {
          if (error instanceof SleepAborted) throw new LedgerStopped(entry.what);
          if (!(error instanceof ContractRefused || error instanceof TransactionReplaced)) throw error;
          // Over as well, only otherwise: nobody of this run asked for it.
          onEvent({ type: 'settled', message: error.message });
        }
      }
    },
    close: () => outbox.close(),
  };
};
