import {
  createBoard,
  createRelayHttpClient,
  createRelayHttpServer,
  createSimulatedDriver,
  hashOf,
} from '@daisee/relay';
import { Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createLab, NODE, SELLER_1 } from './world/lab.ts';

const TOKEN = 'the-token-of-this-agent';

/** A board of the lab's wires with its HTTP, and a client of it. */
const startRelay = async (lab: ReturnType<typeof createLab>) => {
  const rests: string[] = [];
  const reasons: (string | undefined)[] = [];
  /** The wires as the board leaves them, in the order in which it moves them: on from the own ones, off to them. */
  const follow = (states: ReadonlyMap<number, boolean>): void => {
    const changed = [...states].filter(([channel, on]) => (lab.states.get(channel) ?? false) !== on);
    const isRest = changed.every(([, on]) => !on);
    lab.apply(new Map(isRest ? changed.toReversed() : changed));
  };
  const board = createBoard({
    driver: createSimulatedDriver({ channels: 6 }),
    clock: lab.clock,
    pause: async () => undefined,
    wiring: {
      loads: [
        {
          name: 'home',
          own: [0, 1],
          sellers: [
            { name: 'seller1', channels: [2, 3] },
            { name: 'seller2', channels: [4, 5] },
          ],
        },
      ],
    },
    onEvent: (event) => {
      if (event.type === 'switched' || event.type === 'rested') follow(event.states);
      if (event.type === 'rested') rests.push(event.reason);
      if (event.type === 'switched') reasons.push(event.reason);
    },
  });
  await board.start();
  const server = createRelayHttpServer({
    board,
    clock: lab.clock,
    port: 0,
    tokens: [{ name: 'agent', scopes: ['read', 'switch'], hash: hashOf(TOKEN) }],
  });
  await server.start();
  const relay = createRelayHttpClient({ url: server.url, token: TOKEN });
  return {
    board,
    relay,
    rests,
    reasons,
    stop: async () => {
      relay.close();
      await server.stop();
      await board.stop();
    },
  };
};

describe('on the HTTP of the relay', () => {
  it('it lives as on the v0.2 protocol, renews its lease each period and says why it switches', async () => {
    const lab = createLab({ settings: { limit: 20 }, battery: { wattHours: 100, charge: 22, charger: 0 } });
    const { relay, rests, reasons, stop } = await startRelay(lab);
    const agent = lab.consumer({ relay });
    try {
      await agent.start();
      await lab.until(() => lab.of('bought').length >= 2);
      expect(rests).toEqual(['start']);
      await agent.stop(lab.stopped);
      expect(lab.of('trouble')).toEqual([]);
      expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit', 'stopping']);
      expect(reasons).toEqual(['seller1: below-limit', 'its own source: stopping']);
      expect(Math.abs(Number(lab.ledger.nodeOf(NODE).ownUse) - lab.truth('own'))).toBeLessThanOrEqual(1);
      const { consumed } = lab.ledger.tradeOf(NODE, SELLER_1);
      expect(Math.abs(Number(consumed) - lab.truth(SELLER_1))).toBeLessThanOrEqual(1);
    } finally {
      await stop();
      await lab.end();
    }
  });

  it('a load whose agent renews no more goes back to its own source', async () => {
    const lab = createLab();
    const { board, relay, rests, stop } = await startRelay(lab);
    try {
      const order = new Map([0, 1, 2, 3].map((channel) => [channel, true] as const));
      expect(await relay.order(order)).toBe(true);
      await lab.pass(Seconds(50));
      await relay.renew([0, 1, 2, 3]);
      await lab.pass(Seconds(50));
      await relay.read([0]);
      expect(board.report().isAtRest).toBe(false);
      await lab.pass(Seconds(15));
      expect([board.report().isAtRest, rests]).toEqual([true, ['start', 'lease']]);
    } finally {
      await stop();
      await lab.end();
    }
  });
});
