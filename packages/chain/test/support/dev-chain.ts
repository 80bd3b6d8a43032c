/** anvil without our journal and mined by hand, for what only a chain's own controls can do: reorganise and forget. */
import { Duration, Energy, systemClock } from '@daisee/units';
import { startAnvil } from '../../src/anvil-process.ts';
import {
  type Address,
  connectLedger,
  DEFAULT_TERMS,
  deployContracts,
  type Ledger,
  type LedgerOptions,
} from '../../src/index.ts';
import { createRpc, type Rpc } from '../../src/rpc.ts';
import { type Signer, signerOf } from '../../src/signer.ts';
import { temporaryDirectory } from './directory.ts';

export interface DevChain {
  readonly url: string;
  readonly rpc: Rpc;
  /** anvil's first known account, with ether. */
  readonly admin: Signer;
  readonly exchange: Address;
  readonly coin: Address;
  mine(blocks?: number): Promise<void>;
  /** Mines a block each 20 ms while the work goes on. */
  mining<T>(work: () => Promise<T>): Promise<T>;
  connect(options?: Partial<LedgerOptions>): Ledger;
  stop(): Promise<void>;
}

const poll = Duration(10);

export const startDevChain = async (): Promise<DevChain> => {
  const free =
    '--gas-price 0 --block-base-fee-per-gas 0 --disable-min-priority-fee --hardfork cancun --no-mining --prune-history 256 --chain-id 20171'.split(
      ' ',
    );
  // Otherwise it leaves folders in the home directory.
  const anvil = await startAnvil([...free, '--cache-path', temporaryDirectory()]);
  const rpc = createRpc({ url: anvil.url });
  await rpc.request('anvil_setLoggingEnabled', [false]);
  const admin = signerOf('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
  const mine = async (blocks = 1) => {
    for (let block = 0; block < blocks; block++) await rpc.request('evm_mine');
  };
  const mining = async <T>(work: () => Promise<T>): Promise<T> => {
    const over = new AbortController();
    const miner = (async () => {
      while (!over.signal.aborted) {
        await mine();
        await systemClock.sleep(Duration(20));
      }
    })();
    try {
      return await work();
    } finally {
      over.abort();
      await miner;
    }
  };
  const { exchange, coin } = await mining(() =>
    deployContracts({
      url: anvil.url,
      signer: admin,
      admin: admin.address,
      clock: systemClock,
      pollInterval: poll,
      // Nothing is tolerated, and prices take effect at once, until a test agrees on something else.
      terms: { ...DEFAULT_TERMS, priceNotice: Duration(0), tolerance: Energy(0n), toleranceShare: 0 },
    }),
  );
  const ledgers: Ledger[] = [];
  return {
    url: anvil.url,
    rpc,
    admin,
    exchange,
    coin,
    mine,
    mining,
    connect: (options = {}) => {
      const ledger = connectLedger({
        url: anvil.url,
        exchange,
        coin,
        clock: systemClock,
        pollInterval: poll,
        ...options,
      });
      ledgers.push(ledger);
      return ledger;
    },
    stop: async () => {
      for (const ledger of ledgers) await ledger.stop();
      rpc.close();
      await anvil.stop();
    },
  };
};
