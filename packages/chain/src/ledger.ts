/** A connection to the ledger on any chain, by JSON-RPC: its books read, written and followed. */
import { type Clock, DaiseeError, Duration, Instant, SleepAborted, sleepOrStop } from '@daisee/units';
import { decodeFunctionResult, encodeFunctionData, getAddress } from 'viem/utils';
import { toBytes, toCount } from './answers.ts';
import { latestHeader } from './blocks.ts';
import { createFeed, type Feed, type FeedOptions } from './feed.ts';
import type { Fees } from './fees.ts';
import { callView, estimateGas } from './gas.ts';
import { daiseeAbi } from './generated/contracts.ts';
import { firstBlock, guardIdentity, type Identity } from './identity.ts';
import { toAddress } from './keystore.ts';
import type { LedgerEvent } from './ledger-events.ts';
import { type Call, createOrders, type Orders } from './orders.ts';
import { createPatience, type LedgerNotice } from './patience.ts';
import { createReads, type LedgerReads } from './reads.ts';
import { ContractRefused } from './refusals.ts';
import { ChainAnswer, createRpc, type Rpc, RpcRefused } from './rpc.ts';
import { createSender, LedgerStopped, type Sender } from './sender.ts';
import type { Address, Hex, Signer } from './signer.ts';
import { createWrites, type LedgerWrites } from './writes.ts';

/** The chain is another one than the settings say. */
export class WrongChain extends DaiseeError {
  constructor(url: string, found: number, asked: number) {
    super({
      code: 'chain.wrong',
      message: `The chain at ${url} has the id ${found}, not ${asked}. Correct contracts.node or the chain id.`,
      retryable: false,
      values: { url, found, asked },
    });
  }
}

/** Nothing was deployed at the address. */
export class NoContract extends DaiseeError {
  constructor(what: string, address: Address, chainId: number, setting: string) {
    super({
      code: 'chain.contract.missing',
      message: `There is no contract at ${address} (the ${what}) on chain ${chainId}: deploy one with "daisee deploy" or correct ${setting}.`,
      retryable: false,
      values: { what, address, chainId, setting },
    });
  }
}

/** The exchange is none, or is paid with another coin. */
export class WrongContract extends DaiseeError {
  constructor(exchange: Address, why: string) {
    super({
      code: 'chain.contract.wrong',
      message: `The contract at ${exchange} is not the exchange expected: ${why}. Correct contracts.daisee or contracts.token.`,
      retryable: false,
      values: { exchange, why },
    });
  }
}

/** A write was asked of a ledger without an account. */
export class NoSigner extends DaiseeError {
  constructor(what: string) {
    super({
      code: 'chain.signer',
      message: `${what} needs an account's key, and the ledger was connected without one. Give node.address and its password.`,
      retryable: false,
      values: { what },
    });
  }
}

/** The ledger is not connected yet. */
export class LedgerNotStarted extends DaiseeError {
  constructor() {
    super({
      code: 'chain.ledger.notstarted',
      message: 'The ledger is not connected: await start() first.',
      retryable: false,
    });
  }
}

export interface LedgerOptions {
  readonly url: string;
  readonly exchange: Address;
  readonly coin: Address;
  /** Who writes; without it the ledger is read only. */
  readonly signer?: Signer;
  readonly clock: Clock;
  /** The chain expected; without it any is taken. */
  readonly chainId?: number;
  readonly pollInterval?: Duration;
  /** Where transactions are kept until they are mined; in memory by default, which a crash loses. */
  readonly outbox?: string;
  /** What the outbox outlives: a power cut (default), or only the end of the process. */
  readonly survives?: 'power' | 'process';
  /**
   * Whether `start` waits for what a crash left in the outbox, which takes blocks; true by default. An agent settles
   * by itself, after it has looked at its relay.
   */
  readonly settles?: boolean;
  /** Blocks, its own included, after which a transaction counts as mined. */
  readonly confirmations?: number;
  readonly fees?: Fees;
  /** A fixed gas limit instead of the estimate (and its rehearsal). */
  readonly gas?: bigint;
  /** The block of deployment, if it is known: events are read from there. */
  readonly deployedAt?: number;
  /** How long one answer of the chain may take, in the machine's time. */
  readonly timeout?: Duration;
  readonly onEvent?: (notice: LedgerNotice) => void;
}

/** Where a feed begins and how much it takes at once. */
interface FeedStart extends Pick<FeedOptions, 'place' | 'blocks'> {
  /** The first block to read, the deployment's by default. */
  readonly from?: number;
}

export interface Ledger extends LedgerReads, LedgerWrites {
  /**
   * Waits until the chain answers, checks what is there, and settles what a crash left (unless `settles` is off). From
   * then on another chain at that address is never believed: reads throw ChainChanged, writes and events wait.
   * @throws WrongChain, NoContract, WrongContract, ChainAnswer
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Ends every wait; what is pending stays in the outbox. */
  stop(): Promise<void>;
  /** The account that writes. */
  readonly address?: Address;
  readonly exchange: Address;
  readonly coin: Address;
  /** @throws LedgerNotStarted */
  readonly chainId: number;
  /** Hash of the chain's first block; undefined where its client has forgotten it. @throws LedgerNotStarted */
  readonly firstBlock: Hex | undefined;
  block(): Promise<{ readonly number: number; readonly at: Instant }>;
  /** Calls that any wallet can sign. */
  readonly orders: Orders;
  /** Rehearses a call of any account. @throws ContractRefused in words why it would revert */
  rehearse(from: Address, call: Call): Promise<void>;
  /** What the chain's client calls itself; "unknown client" where it does not tell. */
  client(): Promise<string>;
  /** The block from which there are events: 0 when the chain has forgotten its history. */
  deployedAt(): Promise<number>;
  /** Nothing of this account is pending any more. */
  settle(): Promise<void>;
  /** Events in order, each once, for as long as the signal allows; runs in the caller's task. */
  events(options: { readonly from?: number; readonly signal: AbortSignal }): AsyncGenerator<LedgerEvent>;
  createFeed(options?: FeedStart): Feed;
}

/** The block at which code appears at an address, by halving; undefined when old states are gone. */
const findDeployment = async (rpc: Rpc, address: Address): Promise<number | undefined> => {
  let low = 0;
  let high = (await latestHeader(rpc)).number;
  try {
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const code = toBytes(
        rpc.url,
        'eth_getCode',
        await rpc.request('eth_getCode', [address, `0x${middle.toString(16)}`]),
      );
      if (code === '0x') low = middle + 1;
      else high = middle;
    }
    return low;
  } catch (error) {
    if (error instanceof RpcRefused) return undefined;
    throw error;
  }
};

/** Attempts of a faulty answer before `start` gives up: an address of something else than a chain. */
const FAULTS = 3;

/** Connects to the ledger; nothing is sent before `start` or the first read. @throws BadUrl, BadAddress */
export const connectLedger = (options: LedgerOptions): Ledger => {
  const { clock, signer, pollInterval = Duration(1000), onEvent = () => {} } = options;
  const exchange = toAddress(options.exchange);
  const coin = toAddress(options.coin);
  const { rpc, expect } = guardIdentity(
    createRpc({ url: options.url, ...(options.timeout ? { timeout: options.timeout } : {}) }),
  );
  const stopping = new AbortController();
  const patience = createPatience({ clock, interval: pollInterval, signal: stopping.signal, onEvent });
  let chainId: number | undefined;
  let first: Hex | undefined;
  let sender: Sender | undefined;
  let deployment: Promise<number> | undefined;

  let forgotten = 0;
  const check = async (): Promise<Identity> => {
    const [id, ...code] = await Promise.all([
      rpc.request('eth_chainId'),
      rpc.request('eth_getCode', [exchange, 'latest']),
      rpc.request('eth_getCode', [coin, 'latest']),
    ]);
    const found = toCount(rpc.url, 'eth_chainId', id);
    if (options.chainId !== undefined && found !== options.chainId)
      throw new WrongChain(rpc.url, found, options.chainId);
    const [exchangeCode, coinCode] = code.map((bytes) => toBytes(rpc.url, 'eth_getCode', bytes));
    if (exchangeCode === '0x') throw new NoContract('exchange', exchange, found, 'contracts.daisee');
    if (coinCode === '0x') throw new NoContract('coin', coin, found, 'contracts.token');
    await checkCoin();
    const first = await firstBlock(rpc);
    // A refusal may be of the moment, and the outbox goes by that block: taken for forgotten once it is refused again.
    if (first === undefined && ++forgotten < FAULTS)
      throw new ChainAnswer(rpc.url, 'eth_getBlockByNumber', 'the first block', 'none');
    return { id: found, first };
  };

  const checkCoin = async (): Promise<void> => {
    let paidWith: Address;
    try {
      const data = await callView(
        rpc,
        "Reading the exchange's coin",
        exchange,
        encodeFunctionData({ abi: daiseeAbi, functionName: 'coin' }),
      );
      paidWith = decodeFunctionResult({ abi: daiseeAbi, functionName: 'coin', data });
    } catch (error) {
      if (error instanceof DaiseeError && !(error instanceof ContractRefused)) throw error;
      throw new WrongContract(exchange, 'it has no coin');
    }
    if (getAddress(paidWith) !== coin)
      throw new WrongContract(exchange, `its coin is ${paidWith}, not ${coin}`);
  };

  const started = (): Sender => {
    if (chainId === undefined) throw new LedgerNotStarted();
    if (!sender) throw new NoSigner('A transaction');
    return sender;
  };

  const deployedAt = async (): Promise<number> => {
    if (options.deployedAt !== undefined) return options.deployedAt;
    const find = async (): Promise<number> => {
      const found = await findDeployment(rpc, coin);
      if (found === undefined)
        onEvent({
          type: 'history',
          message: 'The chain has no old states: events are read from its first block on.',
        });
      return found ?? 0;
    };
    deployment ??= find().catch((error: unknown) => {
      deployment = undefined;
      throw error;
    });
    return deployment;
  };

  const feedFrom = ({ from, ...start }: FeedStart = {}): Feed =>
    createFeed({ rpc, clock, books: { exchange, coin }, from: async () => from ?? deployedAt(), ...start });

  const follow = async function* (
    from: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LedgerEvent> {
    const feed = feedFrom(from === undefined ? {} : { from });
    const ended = AbortSignal.any([signal, stopping.signal]);
    const watching = createPatience({ clock, interval: pollInterval, signal: ended, onEvent });
    try {
      while (!ended.aborted) {
        yield* await watching.try(() => feed.poll(), Number.POSITIVE_INFINITY);
        if (!(await sleepOrStop(clock, pollInterval, ended))) return;
      }
    } catch (error) {
      if (!(error instanceof SleepAborted)) throw error;
    }
  };

  const writes = createWrites({
    url: rpc.url,
    exchange,
    coin,
    send: async (order) => {
      if (!signer) throw new NoSigner(order.what);
      if (stopping.signal.aborted) throw new LedgerStopped(order.what);
      return started().send(order);
    },
  });

  return {
    ...createReads(rpc, exchange, coin),
    ...writes,
    start: async (signal) => {
      if (chainId !== undefined) return;
      const ended = AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]);
      const waiting = createPatience({ clock, interval: pollInterval, signal: ended, onEvent });
      const identity = await waiting.try(check, FAULTS);
      chainId = identity.id;
      first = identity.first;
      expect(identity);
      if (!signer) return;
      sender = createSender({
        rpc,
        signer,
        clock,
        chainId,
        // A client that has forgotten its first block: the chain's id must do.
        chain: identity.first ?? `chain ${chainId}`,
        outbox: options.outbox ?? ':memory:',
        survives: options.survives ?? 'power',
        pollInterval,
        confirmations: options.confirmations ?? 1,
        fees: options.fees,
        gas: options.gas,
        patience,
        signal: stopping.signal,
        onEvent,
      });
      if (options.settles !== false) await sender.settle();
    },
    stop: async () => {
      stopping.abort();
      rpc.close();
      sender?.close();
      sender = undefined;
    },
    ...(signer ? { address: signer.address } : {}),
    exchange,
    coin,
    get chainId() {
      if (chainId === undefined) throw new LedgerNotStarted();
      return chainId;
    },
    get firstBlock() {
      if (chainId === undefined) throw new LedgerNotStarted();
      return first;
    },
    block: async () => {
      const { number, timestamp } = await latestHeader(rpc);
      return { number, at: Instant(timestamp * 1000) };
    },
    orders: createOrders(exchange, coin),
    rehearse: async (from, call) => {
      await estimateGas(rpc, from, call, 'latest');
    },
    client: async () => {
      try {
        const name = await rpc.request('web3_clientVersion');
        return typeof name === 'string' ? name.slice(0, 200) : 'unknown client';
      } catch (error) {
        // Public endpoints often refuse it.
        if (error instanceof RpcRefused) return 'unknown client';
        throw error;
      }
    },
    deployedAt,
    settle: async () => {
      if (signer) await started().settle();
    },
    events: ({ from, signal }) => follow(from, signal),
    createFeed: feedFrom,
  };
};
