import { type Clock, DaiseeError, Duration } from '@daisee/units';
import { encodeDeployData, getAddress } from 'viem/utils';
import { toCount } from './answers.ts';
import { headerOf } from './blocks.ts';
import type { Fees } from './fees.ts';
import { daiseeAbi, daiseeBytecode, daiseeCoinAbi, daiseeCoinBytecode } from './generated/contracts.ts';
import { toAddress } from './keystore.ts';
import { createPatience, type LedgerNotice } from './patience.ts';
import type { RawReceipt } from './receipts.ts';
import { createRpc } from './rpc.ts';
import { createSender } from './sender.ts';
import type { Address, Signer } from './signer.ts';
import { contractTerms, DEFAULT_TERMS, type Terms } from './terms.ts';

/** A creation was mined and the chain does not say where the contract is. */
export class NoContractAddress extends DaiseeError {
  constructor(url: string, hash: string) {
    super({
      code: 'chain.deploy',
      message: `The chain at ${url} mined the deployment ${hash} and names no contract. Is it an Ethereum client?`,
      retryable: false,
      values: { url, hash },
    });
  }
}

export interface DeployOptions {
  readonly url: string;
  /** Who deploys, and pays for gas where there are fees. */
  readonly signer: Signer;
  /** Who registers nodes, mints coins and may pause. */
  readonly admin: Address;
  /** What the community agreed on; `DEFAULT_TERMS` unless given. */
  readonly terms?: Terms | undefined;
  /** The coin that pays; a new one unless given. */
  readonly coin?: Address | undefined;
  /** Deployed paused, so that books of an earlier ledger can be restored before the first `unpause`. */
  readonly closed?: boolean | undefined;
  readonly clock: Clock;
  readonly pollInterval?: Duration;
  readonly fees?: Fees;
  readonly onEvent?: (notice: LedgerNotice) => void;
}

export interface Deployment {
  readonly exchange: Address;
  readonly coin: Address;
  /** The first block with events of either. */
  readonly block: number;
}

/**
 * Deploys the coin, unless one is given, and the exchange that is paid with it. Waits for a chain that is away.
 * @throws BadTerms, ContractRefused, NoEther, TransactionReplaced, NoContractAddress, ChainAnswer
 */
export const deployContracts = async (options: DeployOptions): Promise<Deployment> => {
  const { url, signer, admin, clock, pollInterval = Duration(1000), fees, onEvent = () => {} } = options;
  const rpc = createRpc({ url });
  const { signal } = new AbortController();
  const patience = createPatience({ clock, interval: pollInterval, signal, onEvent });
  const addressOf = ({ contract, hash }: RawReceipt): Address => {
    if (contract === undefined) throw new NoContractAddress(rpc.url, hash);
    return getAddress(contract);
  };
  try {
    const [chainId, first] = await patience.try(
      async () =>
        Promise.all([
          rpc.request('eth_chainId').then((id) => toCount(rpc.url, 'eth_chainId', id)),
          headerOf(rpc, 0),
        ]),
      3,
    );
    const sender = createSender({
      rpc,
      signer,
      clock,
      chainId,
      chain: first?.hash ?? `chain ${chainId}`,
      outbox: ':memory:',
      survives: 'process',
      pollInterval,
      confirmations: 1,
      fees,
      gas: undefined,
      patience,
      signal,
      onEvent,
    });
    try {
      const coinReceipt =
        options.coin === undefined
          ? await sender.send({
              what: 'The deployment of DaiseeCoin',
              data: encodeDeployData({ abi: daiseeCoinAbi, bytecode: daiseeCoinBytecode, args: [admin] }),
            })
          : undefined;
      const coin = coinReceipt ? addressOf(coinReceipt) : toAddress(options.coin ?? '');
      const receipt = await sender.send({
        what: 'The deployment of Daisee',
        data: encodeDeployData({
          abi: daiseeAbi,
          bytecode: daiseeBytecode,
          args: [coin, admin, contractTerms(options.terms ?? DEFAULT_TERMS), options.closed ?? false],
        }),
      });
      return { exchange: addressOf(receipt), coin, block: (coinReceipt ?? receipt).block };
    } finally {
      sender.close();
    }
  } finally {
    rpc.close();
  }
};
