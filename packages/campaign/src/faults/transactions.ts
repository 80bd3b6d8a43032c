/** Transactions that get lost, are overtaken, or of whose fate the chain's endpoint says the wrong thing. */
import { messageOf } from '@daisee/units';
import { keccak256 } from 'viem/utils';
import type { Fault, LinkName } from '../doors.ts';
import { answeringCalls, askChain, type RpcCall } from './calls.ts';
import { inWords, lasting, seconds, seenIf } from './lasting.ts';

const SENDERS: readonly [LinkName, ...LinkName[]] = ['agent1-chain', 'agent1-chain', 'agent2-chain'];

const rawOf = ({ method, params }: RpcCall): `0x${string}` | undefined => {
  const [raw] = params;
  if (method !== 'eth_sendRawTransaction' || typeof raw !== 'string') return undefined;
  return raw as `0x${string}`;
};

const dropped: Fault = {
  name: 'transactions dropped',
  tries: [1, 3, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(SENDERS)];
    const length = seconds(chance, 30, 180);
    let lost = 0;
    // Taken with thanks, and never heard of again.
    const end = answeringCalls(link, (call) => {
      const raw = rawOf(call);
      if (!raw || chance.next() < 0.3) return undefined;
      lost++;
      return { result: keccak256(raw) };
    });
    await lasting(stage, length, signal, end);
    return seenIf(lost > 0, `${link.name}: ${lost} transactions lost in ${inWords(length)}`);
  },
};

/** The owner of the key sends from elsewhere, just as the agent does. */
const replaced: Fault = {
  name: 'transactions replaced',
  tries: [1, 3, 4, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links['agent1-chain'];
    const length = seconds(chance, 40, 150);
    const most = chance.whole(1, 3);
    let taken = 0;
    let gone = 0;
    let failures = '';
    const end = answeringCalls(link, async (call) => {
      const raw = rawOf(call);
      if (!raw || taken >= most || chance.next() < 0.3) return undefined;
      taken++;
      try {
        await stage.community.takeNonce();
        gone++;
      } catch (error) {
        failures = ` (${messageOf(error)})`;
      }
      // Half of them find out when they send, half later on.
      return chance.next() < 0.5 ? undefined : { result: keccak256(raw) };
    });
    await lasting(stage, length, signal, end);
    return seenIf(gone > 0, `${gone} nonces of node 1 taken in ${inWords(length)}${failures}`);
  },
};

/** A count of transactions that is too high, as of an endpoint that still waits for some that it lost since. */
const gaps: Fault = {
  name: 'nonce gaps',
  tries: [1, 3, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(SENDERS)];
    const length = seconds(chance, 20, 120);
    const beyond = chance.whole(1, 3);
    let told = 0;
    const end = answeringCalls(link, async ({ method, params }, request) => {
      if (method !== 'eth_getTransactionCount' || params[1] !== 'pending') return undefined;
      const count = await askChain(request, method, params);
      told++;
      return { result: `0x${(Number(count) + beyond).toString(16)}` };
    });
    await lasting(stage, length, signal, end);
    return seenIf(told > 0, `${link.name}: ${told} counts ${beyond} too high in ${inWords(length)}`);
  },
};

/** An endpoint that is behind: its count is one too low. */
const behind: Fault = {
  name: 'nonces used already',
  tries: [1, 3, 8],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(SENDERS)];
    const length = seconds(chance, 20, 120);
    let told = 0;
    const end = answeringCalls(link, async ({ method, params }, request) => {
      if (method !== 'eth_getTransactionCount') return undefined;
      const count = Number(await askChain(request, method, params));
      told++;
      return { result: `0x${Math.max(0, count - 1).toString(16)}` };
    });
    await lasting(stage, length, signal, end);
    return seenIf(told > 0, `${link.name}: ${told} counts one too low in ${inWords(length)}`);
  },
};

/** It arrives, and the answer says that it did not: gateways before several clients do that. */
const taken: Fault = {
  name: 'transactions taken with an error',
  tries: [3, 4, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(SENDERS)];
    const length = seconds(chance, 60, 240);
    let lied = 0;
    const end = answeringCalls(link, async (call, request) => {
      const raw = rawOf(call);
      if (!raw || chance.next() < 0.3) return undefined;
      await askChain(request, call.method, call.params);
      lied++;
      return { error: { code: -32603, message: 'internal error' } };
    });
    await lasting(stage, length, signal, end);
    return seenIf(lied > 0, `${link.name}: ${lied} taken and called refused in ${inWords(length)}`);
  },
};

export const transactionFaults: readonly Fault[] = [dropped, replaced, gaps, behind, taken];
