/** A chain that stands still, is slow, answers with errors or not at all, or seems to be another one. */
import { sleepOrStop } from '@daisee/units';
import type { Chance, Fault, LinkName, PartName } from '../doors.ts';
import { answeringCalls, type CallInstead, type RpcError } from './calls.ts';
import { answering, bringBack, inWords, lasting, seconds, seenIf } from './lasting.ts';
import { otherChainFaults } from './other-chain.ts';

const ASKERS: readonly [LinkName, ...LinkName[]] = [
  'agent1-chain',
  'agent1-chain',
  'agent2-chain',
  'app-chain',
];

/** What endpoints answer when they are busy, restarted or behind (EIP-1474 has the codes). */
const ERRORS: readonly [RpcError, ...RpcError[]] = [
  { code: -32005, message: 'limit exceeded' },
  { code: -32603, message: 'internal error' },
  { code: -32000, message: 'header not found' },
  { code: -32002, message: 'resource unavailable' },
];
const STATUSES: readonly [number, ...number[]] = [429, 500, 502, 503, 504];

const stalled: Fault = {
  name: 'chain stalls',
  tries: [3, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const length = seconds(chance, 10, 240);
    const { chain } = stage.parts;
    const [anvil] = chain.children();
    if (anvil === undefined) return seenIf(false, 'there was no anvil just then');
    // anvil alone: the endpoint takes calls and answers none.
    process.kill(anvil, 'SIGSTOP');
    await lasting(stage, length, signal, () => {
      // The chain gives anvil up when it hangs for too long; then it is gone already.
      if (chain.children().includes(anvil)) process.kill(anvil, 'SIGCONT');
    });
    return `anvil stood still for ${inWords(length)}`;
  },
};

const slow: Fault = {
  name: 'slow blocks',
  tries: [3, 8],
  weight: 1,
  alone: true,
  strike: async (stage, chance, signal) => {
    const between = chance.whole(20, 60);
    const length = seconds(chance, 120, 360);
    const { chain } = stage.parts;
    await chain.stop();
    if (!signal.aborted) await chain.start({ more: ['--block-time', `${between}s`], signal });
    await sleepOrStop(stage.clock, length, signal);
    await chain.stop();
    await bringBack(stage, chain, signal);
    return `a block every ${between} s for ${inWords(length)}`;
  },
};

const errors: Fault = {
  name: 'RPC errors',
  tries: [3, 8],
  weight: 3,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(ASKERS)];
    const length = seconds(chance, 20, 180);
    const share = chance.between(0.2, 1);
    let answered = 0;
    const refuse = (): CallInstead => {
      answered++;
      return { error: chance.pick(ERRORS) };
    };
    const isHttp = chance.next() < 0.4;
    const end = isHttp
      ? answering(link, () => {
          if (chance.next() >= share) return undefined;
          answered++;
          return { status: chance.pick(STATUSES), headers: { 'content-type': 'text/html' }, body: '<html>' };
        })
      : answeringCalls(link, () => (chance.next() < share ? refuse() : undefined));
    await lasting(stage, length, signal, end);
    return seenIf(
      answered > 0,
      `${link.name}: ${answered} ${isHttp ? 'HTTP' : 'JSON-RPC'} errors in ${inWords(length)}`,
    );
  },
};

const timeouts: Fault = {
  name: 'RPC time-outs',
  tries: [3, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(ASKERS)];
    const length = seconds(chance, 20, 180);
    const share = chance.between(0.2, 1);
    let silent = 0;
    const end = answering(link, () => {
      if (chance.next() >= share) return undefined;
      silent++;
      return 'silence';
    });
    await lasting(stage, length, signal, end);
    return seenIf(silent > 0, `${link.name}: ${silent} requests never answered in ${inWords(length)}`);
  },
};

/** Half an answer: the connection ends in the middle of the body. */
const broken: Fault = {
  name: 'RPC answers cut off',
  tries: [3, 8],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(ASKERS)];
    const length = seconds(chance, 20, 120);
    let cut = 0;
    const end = answering(link, async (request) => {
      if (chance.next() < 0.5) return undefined;
      const answer = await request.pass();
      cut++;
      return { ...answer, cutAfter: chance.whole(0, Math.max(0, answer.body.length - 1)) };
    });
    await lasting(stage, length, signal, end);
    return seenIf(cut > 0, `${link.name}: ${cut} answers cut off in ${inWords(length)}`);
  },
};

const wrongId = (chance: Chance): CallInstead => ({ result: `0x${chance.whole(1, 9999).toString(16)}` });

const wrongChain: Fault = {
  name: 'wrong chain id after a restart',
  tries: [3, 4, 8],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const [name, link]: [PartName, LinkName] =
      chance.next() < 0.7 ? ['agent1', 'agent1-chain'] : ['agent2', 'agent2-chain'];
    const length = seconds(chance, 30, 150);
    const part = stage.parts[name];
    const end = answeringCalls(stage.links[link], ({ method }) =>
      method === 'eth_chainId' ? wrongId(chance) : undefined,
    );
    await part.kill();
    // It is to refuse that chain; the service manager starts it again and again.
    const starting = bringBack(stage, part, signal);
    await lasting(stage, length, signal, end);
    await starting;
    await bringBack(stage, part, signal);
    return `${name} found another chain for ${inWords(length)}`;
  },
};

export const chainFaults: readonly Fault[] = [
  stalled,
  slow,
  errors,
  timeouts,
  broken,
  wrongChain,
  ...otherChainFaults,
];
