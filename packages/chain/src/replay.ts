/** Brings a fresh anvil to where the journal ends: from the last snapshot, or from genesis when that is of no use. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type DaiseeError, Duration, messageOf } from '@daisee/units';
import { hashField, numberField } from './answers.ts';
import { type AnvilProcess, startAnvil } from './anvil-process.ts';
import type { Journal } from './journal.ts';
import { ChainAnswer, createRpc, isRecord, type Rpc, RpcRefused } from './rpc.ts';
import type { Hex } from './signer.ts';
import { dumpState } from './state-dump.ts';

/** anvil, running and up to date. */
export interface Live {
  readonly process: AnvilProcess;
  readonly rpc: Rpc;
}

export interface Head {
  readonly number: number;
  /** Unix seconds. */
  readonly at: number;
  readonly hash: Hex;
}

/** The chain's newest block. */
export const headOf = async (rpc: Rpc): Promise<Head> => {
  const block = await rpc.request('eth_getBlockByNumber', ['latest', false]);
  if (!isRecord(block)) throw new ChainAnswer(rpc.url, 'eth_getBlockByNumber', 'a block', block);
  return {
    number: numberField(rpc.url, block, 'number'),
    at: numberField(rpc.url, block, 'timestamp'),
    hash: hashField(rpc.url, block, 'hash'),
  };
};

export interface Restoration {
  /** Blocks that came out of the snapshot, and those that were mined again. */
  readonly loaded: number;
  readonly mined: number;
  readonly head: Head;
  /** What did not come out as it was, in a sentence each. */
  readonly warnings: readonly string[];
}

const snapshotFile = (directory: string, block: number) => join(directory, `snapshot-${block}.json.gz`);

/**
 * Writes the chain's state, blocks and receipts beside the journal; the file takes its name only when it is whole.
 */
export const writeSnapshot = async (
  directory: string,
  journal: Journal,
  rpc: Rpc,
  head: Head,
): Promise<void> => {
  const path = snapshotFile(directory, head.number);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    // anvil gives it gzipped already.
    await dumpState(rpc.url, file);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  journal.set('snapshot', String(head.number));
  for (const name of await readdir(directory))
    if (/^snapshot-\d+\.json\.gz/.test(name) && join(directory, name) !== path)
      await rm(join(directory, name));
};

const quantity = (value: number): Hex => `0x${value.toString(16)}`;

/** Writes down how a block came out. */
export const noteBlock = async (rpc: Rpc, journal: Journal, number: number): Promise<Head> => {
  const block = await rpc.request('eth_getBlockByNumber', [quantity(number), false]);
  if (!isRecord(block)) throw new ChainAnswer(rpc.url, 'eth_getBlockByNumber', `block ${number}`, block);
  const hash = hashField(rpc.url, block, 'hash');
  const transactions = block['transactions'];
  if (!Array.isArray(transactions))
    throw new ChainAnswer(rpc.url, 'eth_getBlockByNumber', 'transactions', block);
  journal.mined(
    number,
    hash,
    transactions.filter((entry): entry is Hex => typeof entry === 'string'),
  );
  return { number, at: numberField(rpc.url, block, 'timestamp'), hash };
};

const replay = async (rpc: Rpc, journal: Journal, from: Head, warnings: string[]): Promise<number> => {
  let mined = 0;
  for (const step of journal.after(from.number)) {
    if ('mine' in step) {
      // One call a block: anvil_mine could do many, but it stamps them by the machine's clock.
      await rpc.request('evm_mine', [{ timestamp: step.at }]);
      mined++;
      if (step.hash === undefined) await noteBlock(rpc, journal, step.mine);
      continue;
    }
    try {
      await rpc.request('eth_sendRawTransaction', [step.raw]);
    } catch (error) {
      if (!(error instanceof RpcRefused)) throw error;
      // One that was waiting may have become impossible, as when another took its nonce; one that was mined cannot.
      if (step.block === undefined) journal.forget(step.seq);
      else
        warnings.push(`Transaction ${step.hash} of block ${step.block} is refused now: ${error.rpcMessage}.`);
    }
  }
  return mined;
};

export interface RestoreOptions {
  readonly directory: string;
  readonly journal: Journal;
  /** anvil's options besides the state or the first block to load. */
  readonly args: readonly string[];
  readonly signal?: AbortSignal;
}

const open_ = async (args: readonly string[], signal: AbortSignal | undefined): Promise<Live> => {
  const process = await startAnvil(args, signal);
  // A snapshot of a long chain takes a small machine a while.
  const rpc = createRpc({ url: process.url, timeout: Duration(120_000) });
  // It would print a line for each call.
  await rpc.request('anvil_setLoggingEnabled', [false]);
  return { process, rpc };
};

const close = async (live: Live): Promise<void> => {
  live.rpc.close();
  await live.process.stop();
};

/** Starts anvil with the snapshot, if there is one that fits the journal. */
const fromSnapshot = async (
  options: RestoreOptions,
  warnings: string[],
): Promise<[Live, Head] | undefined> => {
  const { directory, journal, args, signal } = options;
  const number = Number(journal.setting('snapshot') ?? 0);
  const packed = snapshotFile(directory, number);
  if (number === 0 || !existsSync(packed)) return undefined;
  const state = join(directory, 'state.json');
  try {
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(state, { mode: 0o600 }));
    const live = await open_([...args, '--load-state', state], signal);
    const head = await headOf(live.rpc);
    if (head.number === number && head.hash === journal.block(number)?.hash) return [live, head];
    await close(live);
    warnings.push(`The snapshot of block ${number} is another chain's; everything is mined again instead.`);
  } catch (error) {
    if (signal?.aborted) throw error;
    // Whatever is wrong with it (another version of anvil, a damaged disk), the journal has everything.
    warnings.push(
      `The snapshot of block ${number} is of no use (${messageOf(error)}); everything is mined again instead.`,
    );
  } finally {
    await rm(state, { force: true });
  }
  return undefined;
};

/**
 * Starts anvil and brings it to the journal's end.
 * @throws AnvilFailed and what the chain's answers can be
 */
export const restore = async (options: RestoreOptions): Promise<{ live: Live; restoration: Restoration }> => {
  const { journal, args, signal } = options;
  const warnings: string[] = [];
  let found = await fromSnapshot(options, warnings);
  if (!found) {
    const live = await open_([...args, '--init', join(options.directory, 'genesis.json')], signal);
    found = [live, await headOf(live.rpc)];
  }
  const [live, start] = found;
  try {
    const mined = await replay(live.rpc, journal, start, warnings);
    const head = await headOf(live.rpc);
    const known = journal.last();
    if (known && (known.number !== head.number || known.hash !== head.hash)) {
      if (known.hash !== undefined)
        warnings.push(`Block ${known.number} came out as ${head.hash}, it was ${known.hash}.`);
      await noteBlock(live.rpc, journal, head.number);
    }
    return { live, restoration: { loaded: start.number, mined, head, warnings } };
  } catch (error) {
    await close(live);
    throw error as DaiseeError;
  }
};
