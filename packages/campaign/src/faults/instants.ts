/** Kills at the instants that matter: between an order and its answer, before and after it was carried out. */
import { Seconds } from '@daisee/units';
import type { Fault, HttpSeen, Law, Link, PartName, Stage } from '../doors.ts';
import { agentAbsence } from './absence.ts';
import { callsOf } from './calls.ts';
import { answering, bringBack, inWords, isOrder, lasting, seconds, seenIf, waitFor } from './lasting.ts';

/** How long the instant is waited for. A purchase comes about every ten minutes. */
const PATIENCE = Seconds(12 * 60);

const isSend = (request: HttpSeen): boolean =>
  callsOf(request).some(({ method }) => method === 'eth_sendRawTransaction');

/** Strikes once, at the first request that matches; `before`: it never arrives. */
const atRequest = (
  link: Link,
  matches: (request: HttpSeen) => boolean,
  before: boolean,
  strike: () => Promise<void>,
): { readonly happened: Promise<void>; readonly end: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  const end = answering(link, async (request) => {
    if (isDone || !matches(request)) return undefined;
    isDone = true;
    const answer = before ? ('silence' as const) : await request.pass();
    await strike();
    resolve();
    return answer;
  });
  return { happened: promise, end };
};

/** On a link of bytes (the relay's v0.2 port): an order begins with a brace. */
const atOrder = (
  link: Link,
  before: boolean,
  strike: () => Promise<void>,
): { readonly happened: Promise<void>; readonly end: () => void } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let state: 'waiting' | 'ordered' | 'done' = 'waiting';
  const done = (): void => {
    state = 'done';
    strike().then(resolve, reject);
  };
  const end = link.garble((chunk, way) => {
    if (state === 'waiting' && way === 'there' && chunk[0] === '{'.charCodeAt(0)) {
      state = 'ordered';
      if (!before) return chunk;
      done();
      return 'cut';
    }
    if (state === 'ordered' && way === 'back') {
      done();
      return 'cut';
    }
    return chunk;
  });
  return { happened: promise, end };
};

/** A fault that waits on a link for the instant and kills a part in it. */
const killedAt = (options: {
  readonly name: string;
  readonly tries: readonly Law[];
  readonly weight: number;
  readonly victim: PartName;
  readonly at: (
    stage: Stage,
    before: boolean,
    strike: () => Promise<void>,
  ) => { readonly happened: Promise<void>; readonly end: () => void };
}): Fault => ({
  name: options.name,
  tries: options.tries,
  weight: options.weight,
  strike: async (stage, chance, signal) => {
    const before = chance.next() < 0.5;
    const usual = seconds(chance, 0, 45);
    const absence = options.victim === 'agent1' ? agentAbsence(stage, chance, usual) : usual;
    const part = stage.parts[options.victim];
    const { happened, end } = options.at(stage, before, () => part.kill());
    try {
      if (!(await waitFor(stage, PATIENCE, signal, happened)))
        return seenIf(false, 'the instant did not come');
    } finally {
      end();
    }
    await lasting(stage, absence, signal);
    await bringBack(stage, part, signal);
    return `killed ${before ? 'before it arrived' : 'after it was taken'}, back after ${inWords(absence)}`;
  },
});

/** A purchase goes to the coin (`approveAndCall`), everything else of an agent to the exchange. */
const isPurchase =
  (stage: Stage) =>
  (request: HttpSeen): boolean =>
    isSend(request) && request.body.toLowerCase().includes(stage.ledger.coin.slice(2).toLowerCase());

export const instantFaults: readonly Fault[] = [
  killedAt({
    name: 'agent1 killed as it sends',
    tries: [1, 3, 8],
    weight: 1,
    victim: 'agent1',
    at: (stage, before, strike) => atRequest(stage.links['agent1-chain'], isSend, before, strike),
  }),
  killedAt({
    name: 'agent1 killed as it buys',
    tries: [3, 4, 8],
    weight: 2,
    victim: 'agent1',
    at: (stage, before, strike) => atRequest(stage.links['agent1-chain'], isPurchase(stage), before, strike),
  }),
  killedAt({
    name: 'agent1 killed as it switches',
    tries: [1, 6, 7, 8],
    weight: 2,
    victim: 'agent1',
    at: (stage, before, strike) => {
      const link = stage.links['agent1-relay'];
      return link.answer ? atRequest(link, isOrder, before, strike) : atOrder(link, before, strike);
    },
  }),
  killedAt({
    name: 'agent2 killed as it sends',
    tries: [1, 2, 8],
    weight: 1,
    victim: 'agent2',
    at: (stage, before, strike) => atRequest(stage.links['agent2-chain'], isSend, before, strike),
  }),
  killedAt({
    name: 'chain killed as it takes a transaction',
    tries: [3, 4, 8],
    weight: 2,
    victim: 'chain',
    at: (stage, before, strike) => atRequest(stage.links['agent1-chain'], isSend, before, strike),
  }),
  killedAt({
    name: 'relay killed as it switches',
    tries: [6, 7, 8],
    weight: 2,
    victim: 'relay',
    at: (stage, before, strike) =>
      atRequest(stage.links['relay-board'], ({ path }) => /Switch\.Set/i.test(path), before, strike),
  }),
  killedAt({
    name: 'monitor1 killed as it takes samples',
    tries: [1, 8],
    weight: 1,
    victim: 'monitor1',
    at: (stage, before, strike) =>
      atRequest(stage.links['meter1-monitor1'], ({ method }) => method === 'POST', before, strike),
  }),
];
