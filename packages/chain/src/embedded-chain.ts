/**
 * A chain of one's own, for a lab or a few neighbours: anvil mines when our clock says so, and a journal on disk
 * keeps everything that anyone saw.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  DaiseeError,
  Duration,
  Instant,
  messageOf,
  sleepOrStop,
  systemClock,
  untilNext,
} from '@daisee/units';
import { keccak256 } from 'viem/utils';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { type Journal, openJournal } from './journal.ts';
import { createKey, expectClosed } from './keystore.ts';
import { type Head, headOf, type Live, noteBlock, restore, writeSnapshot } from './replay.ts';
import { ChainUnreachable, RpcRefused } from './rpc.ts';
import { type Hex, type Signer, signerOf } from './signer.ts';
import { createTurns } from './turns.ts';

/** Asked of a chain that does not run. */
export class ChainNotStarted extends DaiseeError {
  constructor(what: string) {
    super({
      code: 'chain.stopped',
      message: `The embedded chain has no ${what} before it is started or after it is stopped: call start() first.`,
      retryable: false,
      values: { what },
    });
  }
}

/** The directory holds a chain with another number. */
export class ChainOfAnotherId extends DaiseeError {
  constructor(directory: string, found: number, asked: number) {
    super({
      code: 'chain.id',
      message: `The chain in ${directory} has the id ${found}, not ${asked}. Ask for ${found}, or start a new chain in another directory with --data.`,
      retryable: false,
      values: { directory, found, asked },
    });
  }
}

/** What the embedded chain has to say, each with a sentence for people. */
export interface ChainEvent {
  readonly type: 'started' | 'snapshot' | 'restarting' | 'memory' | 'trouble';
  readonly message: string;
  readonly block?: number;
}

export interface EmbeddedChainOptions {
  /** Where the chain is kept; made when it is missing. */
  readonly directory: string;
  /** Address to listen on; loopback by default. Port 0 takes a free one. */
  readonly host?: string;
  readonly port?: number;
  /** Whether it answers to that `Host` header; without: on loopback to names of loopback, elsewhere to every name. */
  readonly isOwnName?: ((host: string | undefined) => boolean) | undefined;
  readonly blockTime: Duration;
  readonly clock: Clock;
  readonly chainId?: number;
  /** Time of the first block, when the chain is made; now by default. */
  readonly genesis?: Instant;
  /** Resident memory in bytes above which anvil is restarted from disk. */
  readonly memoryLimit?: number;
  /**
   * What a block with transactions outlives: a power cut (default; one forced write to disk for each), or only the end
   * of the process, which is enough for a simulation.
   */
  readonly survives?: 'power' | 'process';
  readonly onEvent?: (event: ChainEvent) => void;
}

export interface EmbeddedChain {
  /** @throws PortInUse, ChainDirectoryBusy, ChainOfAnotherId, KeyFileOpen, JournalDamaged, AnvilFailed, NoEmbeddedChain */
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  readonly url: string;
  readonly chainId: number;
  /** The account that the chain was made with: it has all the ether, and its key is in the directory. */
  readonly treasury: Signer;
  /** Mines a block now and gives its number. */
  mine(): Promise<number>;
  latest(): { readonly number: number; readonly at: Instant };
}

/**
 * States kept in memory for calls at an earlier block, enough to ask why a transaction of just now reverted. With 128
 * of them anvil 1.7.1 grows by 16 kB an empty block, with 16 by 3 to 6 kB.
 */
const STATES = 16;
const MEGABYTE = 1024 * 1024;
/** A million ether. */
const TREASURY_BALANCE = '0xd3c21bcecceda1000000';

/** @throws KeyFileOpen */
const treasuryOf = async (directory: string): Promise<Signer> => {
  const file = join(directory, 'treasury.key');
  if (!existsSync(file)) writeFileSync(file, `${createKey()}\n`, { mode: 0o600, flag: 'wx' });
  await expectClosed(file);
  return signerOf(readFileSync(file, 'utf8').trim() as Hex);
};

/** The first block, written down when the chain is made. */
const genesisOf = (
  directory: string,
  journal: Journal,
  chainId: number,
  at: Instant,
  treasury: Signer,
): number => {
  const stored = journal.setting('chainId');
  if (stored !== undefined && Number(stored) !== chainId)
    throw new ChainOfAnotherId(directory, Number(stored), chainId);
  if (stored === undefined) {
    journal.set('genesis', String(Math.floor(at / 1000)));
    journal.set('treasury', treasury.address);
    journal.set('chainId', String(chainId));
  }
  const timestamp = Number(journal.setting('genesis'));
  const zeros = (bytes: number) => `0x${'00'.repeat(bytes)}`;
  writeFileSync(
    join(directory, 'genesis.json'),
    JSON.stringify({
      config: { chainId },
      nonce: '0x0',
      timestamp: `0x${timestamp.toString(16)}`,
      extraData: '0x',
      gasLimit: '0x1c9c380',
      difficulty: '0x0',
      mixHash: zeros(32),
      coinbase: zeros(20),
      alloc: { [journal.setting('treasury') ?? treasury.address]: { balance: TREASURY_BALANCE } },
    }),
  );
  return timestamp;
};

/** As a command line, split at its blanks: none of the values has any. */
const anvilOptions = (chainId: number, genesis: number): string[] =>
  [
    `--timestamp ${genesis} --chain-id ${chainId} --hardfork cancun --no-mining --order fifo --accounts 0`,
    // Energy pays nobody for gas here: nodes' accounts need no ether.
    '--gas-price 0 --block-base-fee-per-gas 0 --disable-min-priority-fee',
    `--prune-history ${STATES} --threads 1 --no-request-size-limit --no-cors --color never`,
  ].flatMap((line) => line.split(' '));

/** Creates an embedded chain; nothing happens before `start`. */
export const createEmbeddedChain = (options: EmbeddedChainOptions): EmbeddedChain => {
  const { directory, blockTime, clock, chainId = 20171, host = '127.0.0.1', port = 8545 } = options;
  const { memoryLimit = 768 * MEGABYTE, onEvent = () => {} } = options;
  const turns = createTurns();
  let journal: Journal | undefined;
  let endpoint: Endpoint | undefined;
  let treasury: Signer | undefined;
  let args: readonly string[] = [];
  let live: Live | undefined;
  let launching: Promise<Live> | undefined;
  let head: Head | undefined;
  let snapshotAt = 0;
  let memoryBound = memoryLimit;
  let stopping = new AbortController();
  let miner: Promise<void> | undefined;

  const opened = (): Journal => {
    if (!journal) throw new ChainNotStarted('journal');
    return journal;
  };

  const launch = async (signal?: AbortSignal): Promise<Live> => {
    const { live: started, restoration } = await restore({
      directory,
      journal: opened(),
      args,
      signal: AbortSignal.any([stopping.signal, ...(signal ? [signal] : [])]),
    });
    live = started;
    head = restoration.head;
    snapshotAt = restoration.loaded;
    for (const message of restoration.warnings) onEvent({ type: 'trouble', message });
    const { loaded, mined } = restoration;
    const message = `The embedded chain is at block ${head.number} (${loaded} from disk, ${mined} mined again).`;
    onEvent({ type: 'started', message, block: head.number });
    void started.process.ended.then((how) => {
      if (live === started && !stopping.signal.aborted)
        onEvent({
          type: 'restarting',
          message: `anvil ended (${how}); it is started again from the journal.`,
        });
    });
    return started;
  };

  /** anvil, started again first when it has ended. */
  const alive = async (signal?: AbortSignal): Promise<Live> => {
    if (stopping.signal.aborted || !journal) throw new ChainNotStarted('connection');
    if (live?.process.running()) return live;
    live?.rpc.close();
    launching ??= launch(signal).finally(() => {
      launching = undefined;
    });
    return launching;
  };

  /** Asks anvil; when it ends meanwhile, asks the next one. */
  const persist = async <T>(work: (live: Live, attempt: number) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const { process, rpc } = await alive();
      try {
        return await work({ process, rpc }, attempt);
      } catch (error) {
        if (!(error instanceof ChainUnreachable) || attempt === 3) throw error;
        // A connection that broke while its process ends: the end is noticed a moment later (of the machine's time: who
        // asked may be holding ours).
        await Promise.race([process.ended, systemClock.sleep(Duration(10))]);
      }
    }
  };

  const send = (raw: unknown): Promise<unknown> =>
    turns.run(async () => {
      if (typeof raw !== 'string' || !/^0x([0-9a-f]{2})+$/i.test(raw))
        throw new RpcRefused('eth_sendRawTransaction', { code: -32602, message: 'not a signed transaction' });
      const hash = keccak256(raw as Hex);
      const seq = opened().send(raw as Hex, hash);
      try {
        return await persist(async ({ rpc }, attempt) => {
          try {
            return await rpc.request('eth_sendRawTransaction', [raw]);
          } catch (error) {
            // The journal has brought it to the new anvil already.
            if (attempt > 1 && error instanceof RpcRefused && /already/.test(error.rpcMessage)) return hash;
            throw error;
          }
        });
      } catch (error) {
        if (error instanceof RpcRefused) opened().forget(seq);
        throw error;
      }
    });

  /** Of the first block, that every ledger asks for with each of its calls. */
  let first: Promise<unknown> | undefined;

  const answer = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    if (method === 'eth_sendRawTransaction') return send(params[0]);
    if (method === 'eth_chainId') return `0x${chainId.toString(16)}`;
    if (method === 'eth_getBlockByNumber' && params[0] === '0x0' && params[1] === false) {
      first ??= persist(({ rpc }) => rpc.request(method, params));
      return first.catch((error: unknown) => {
        first = undefined;
        throw error;
      });
    }
    // anvil suggests 1 gwei whatever its fees are; wallets believe it.
    if (method === 'eth_maxPriorityFeePerGas') return '0x0';
    return persist(({ rpc }) => rpc.request(method, params));
  };

  const snapshot = async ({ rpc }: Live, at: Head): Promise<void> => {
    if (at.number === snapshotAt) return;
    try {
      await writeSnapshot(directory, opened(), rpc, at);
      snapshotAt = at.number;
      onEvent({ type: 'snapshot', message: `Block ${at.number} is on disk.`, block: at.number });
    } catch (error) {
      // It only saves time: without it the next start mines again.
      onEvent({ type: 'trouble', message: `No snapshot was written: ${messageOf(error)}` });
    }
  };

  /** anvil keeps every block and receipt in memory: what a restart can give back, it gives back here. */
  const watchMemory = async (at: Head): Promise<void> => {
    const used = live?.process.memory() ?? 0;
    if (!live || used <= memoryBound) return;
    await snapshot(live, at);
    const old = live;
    live = undefined;
    old.rpc.close();
    await old.process.stop();
    const now = (await alive()).process.memory() ?? 0;
    const size = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MB`;
    // Once its blocks alone need more than the limit, restarting at every block would help nobody.
    memoryBound = Math.max(memoryLimit, now * 1.25);
    const outgrown = now > memoryLimit * 0.8;
    const advice = outgrown
      ? ' The chain is outgrowing its limit: use an Ethereum client of your own for it (contracts.node).'
      : '';
    onEvent({
      type: 'memory',
      message: `anvil held ${size(used)}, more than ${size(memoryLimit)}, and was restarted from disk with ${size(now)}.${advice}`,
      block: at.number,
    });
  };

  const mine = (): Promise<number> =>
    turns.run(async () => {
      await alive();
      const last = opened().last();
      const before = last ?? head;
      if (!before) throw new ChainNotStarted('block');
      // One that was written down and not mined, for an error in between, is finished first.
      const unfinished = last !== undefined && last.hash === undefined;
      const number = unfinished ? before.number : before.number + 1;
      if (!unfinished) opened().mine(number, Math.max(Math.floor(clock.now() / 1000), before.at + 1));
      const at = opened().last()?.at ?? before.at + 1;
      const mined = await persist(async ({ rpc }, attempt) => {
        // After a restart the journal has mined it already.
        const done = (unfinished || attempt > 1) && (await headOf(rpc)).number >= number;
        if (!done) await rpc.request('evm_mine', [{ timestamp: at }]);
        return noteBlock(rpc, opened(), number);
      });
      head = mined;
      // A snapshot costs time in proportion to the chain: so often that it stays a small part of all the work.
      if (live && number - snapshotAt >= Math.max(500, number / 8)) await snapshot(live, mined);
      if (number % 16 === 0) await watchMemory(mined);
      return number;
    });

  const mineOnTime = async (signal: AbortSignal): Promise<void> => {
    while (await sleepOrStop(clock, untilNext(clock.now(), blockTime), signal)) {
      try {
        await mine();
      } catch (error) {
        if (signal.aborted) return;
        onEvent({ type: 'trouble', message: `No block was mined: ${messageOf(error)}` });
      }
    }
  };

  const close = async (): Promise<void> => {
    stopping.abort();
    await clock.aside(async () => miner);
    miner = undefined;
    await endpoint?.close();
    await launching?.catch(() => undefined);
    await turns.run(async () => {
      if (live?.process.running() && journal && head && head.number - snapshotAt > 50)
        await snapshot(live, head);
      live?.rpc.close();
      await live?.process.stop();
      live = undefined;
      journal?.close();
      journal = undefined;
    });
    endpoint = undefined;
  };

  return {
    start: async (signal) => {
      if (journal) return;
      signal?.throwIfAborted();
      stopping = new AbortController();
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      try {
        journal = await openJournal(directory, { survives: options.survives ?? 'power' });
        endpoint = await openEndpoint({ host, port, isOwnName: options.isOwnName, answer });
        treasury = await treasuryOf(directory);
        const genesis = genesisOf(directory, journal, chainId, options.genesis ?? clock.now(), treasury);
        args = anvilOptions(chainId, genesis);
        await alive(signal);
      } catch (error) {
        await close();
        throw error;
      }
      miner = clock.task(() => mineOnTime(stopping.signal));
    },
    stop: close,
    get url() {
      if (!endpoint) throw new ChainNotStarted('address');
      return endpoint.url;
    },
    chainId,
    get treasury() {
      if (!treasury) throw new ChainNotStarted('treasury');
      return treasury;
    },
    mine,
    latest: () => {
      if (!head) throw new ChainNotStarted('block');
      return { number: head.number, at: Instant(head.at * 1000) };
    },
  };
};
