/** What other people do meanwhile: coins go, allowances and sellers are taken away, prices change, the exchange pauses. */
import { type Coin, messageOf, Price, Seconds, sleepOrStop } from '@daisee/units';
import type { Fault, Stage } from '../doors.ts';
import { answeringCalls } from './calls.ts';
import { inWords, lasting, seconds, seenIf, untilDeep, waitFor } from './lasting.ts';

const RETRIES = 5;

/** A write with a key that an agent uses, too, may lose its nonce to it; then it is made again. */
const insist = async (stage: Stage, signal: AbortSignal, write: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; !signal.aborted; attempt++)
    try {
      await write();
      return;
    } catch (error) {
      if (attempt === RETRIES) throw error;
      stage.note(`once more: ${messageOf(error)}`);
      await sleepOrStop(stage.clock, Seconds(5), signal);
    }
};

const broke: Fault = {
  name: 'coins used up',
  tries: [3, 4, 8],
  weight: 2,
  alone: true,
  strike: async (stage, chance, signal) => {
    const left = BigInt(chance.whole(0, 2_000_000)) as Coin;
    const length = seconds(chance, 120, 600);
    let taken = 0n as Coin;
    await insist(stage, signal, async () => {
      taken = await stage.community.takeCoins(left);
    });
    await lasting(stage, length, signal);
    await insist(stage, signal, () => stage.community.mint(taken));
    await untilDeep(stage, signal);
    return `${left} millionths of a coin left for ${inWords(length)}`;
  },
};

const revoked: Fault = {
  name: 'allowance revoked',
  tries: [3, 4, 8],
  weight: 1,
  alone: true,
  strike: async (stage, chance, signal) => {
    const times = chance.whole(1, 4);
    for (let time = 0; time < times && !signal.aborted; time++) {
      await insist(stage, signal, () => stage.community.revokeAllowance());
      await lasting(stage, seconds(chance, 5, 60), signal);
    }
    return `${times} times`;
  },
};

const removed: Fault = {
  name: 'seller removed',
  tries: [2, 3, 7, 8],
  weight: 2,
  alone: true,
  strike: async (stage, chance, signal) => {
    const length = seconds(chance, 60, 480);
    const { price } = await stage.ledger.node(stage.community.node2);
    await insist(stage, signal, () => stage.community.removeSeller());
    await lasting(stage, length, signal);
    await insist(stage, signal, () => stage.community.registerSeller(price));
    await untilDeep(stage, signal);
    return `for ${inWords(length)}`;
  },
};

/** Between the agent's decision and its block: what it pays at most holds, or it does not buy. */
const repriced: Fault = {
  name: 'price changed in mid-purchase',
  tries: [3, 4, 8],
  weight: 3,
  alone: true,
  strike: async (stage, chance, signal) => {
    const { community } = stage;
    const { price } = await stage.ledger.node(community.node2);
    const other = Price((price * BigInt(chance.whole(30, 300))) / 100n);
    const coin = stage.ledger.coin.slice(2).toLowerCase();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isDone = false;
    const end = answeringCalls(stage.links['agent1-chain'], async ({ method, params }) => {
      if (isDone || method !== 'eth_sendRawTransaction') return undefined;
      if (!String(params[0]).toLowerCase().includes(coin)) return undefined;
      isDone = true;
      await insist(stage, signal, () => community.setPrice(other));
      resolve();
      return undefined;
    });
    let sight = seenIf(false, 'no purchase came');
    try {
      if (await waitFor(stage, Seconds(12 * 60), signal, promise))
        sight = seenIf(true, `from ${price} to ${other} before the purchase's block`);
    } finally {
      end();
    }
    await lasting(stage, seconds(chance, 10, 120), signal);
    await insist(stage, signal, () => community.setPrice(price));
    await untilDeep(stage, signal);
    return sight;
  },
};

const paused: Fault = {
  name: 'contract paused',
  tries: [1, 3, 8],
  weight: 2,
  alone: true,
  strike: async (stage, chance, signal) => {
    const length = seconds(chance, 60, 480);
    await insist(stage, signal, () => stage.community.pause());
    await lasting(stage, length, signal);
    await insist(stage, signal, () => stage.community.unpause());
    await untilDeep(stage, signal);
    return `for ${inWords(length)}`;
  },
};

export const marketFaults: readonly Fault[] = [broke, revoked, removed, repriced, paused];
