import { type Address, toAddress } from '@daisee/chain';
import { DaiseeError, Instant, Percent, Seconds, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppEvents, LiveState } from '../src/api.ts';
import { createLive, type Live, type LiveEvent, type Look } from '../src/view/live.ts';
import { monitorLook, relayLook } from '../src/view/looks.ts';
import type { SourceWires, Trouble } from '../src/view/ports.ts';
import { handClock, settled } from './support/stand-ins.ts';

class Away extends DaiseeError {
  constructor() {
    super({
      code: 'test.away',
      message: 'The monitor is away: switch it on.',
      retryable: true,
      values: { asked: 3, of: ['no', 'text'] },
    });
  }
}

const running: Live[] = [];
afterEach(async () => {
  for (const live of running.splice(0)) await live.stop();
});

const watched = async (
  clock: ReturnType<typeof handClock>,
  looks: readonly Look[],
  troubles: Trouble[] = [],
) => {
  const live = createLive({ clock, pace: clock, looks, agent: { troubles: () => troubles } });
  const events: LiveEvent[] = [];
  live.subscribe((event) => events.push(event));
  running.push(live);
  live.start();
  await settled();
  await settled();
  return { live, events };
};
const changes = (events: readonly LiveEvent[]) => events.map(({ data }) => data as AppEvents['change']);
const healthOf = (state: LiveState, part: string) => state.health.find((one) => one.part === part);

/** A meter that can be switched off. */
const meter = () => {
  const clock = handClock();
  const state = { away: false, at: clock.now(), watts: 100 };
  const look = monitorLook({
    clock,
    maxGap: Seconds(60),
    monitor: {
      latest: async () => {
        if (state.away) throw new Away();
        return { at: Instant(state.at), power: Watts(state.watts), stateOfCharge: Percent(50) };
      },
      powerBySteps: async () => [],
      energyBySteps: async () => [],
    },
  });
  return { clock, state, look };
};

describe('what is live', () => {
  it('keeps the last value with the time it was last known when its part fails, and says what is wrong since when', async () => {
    const { clock, state, look } = meter();
    const { live } = await watched(clock, [look]);
    const first = clock.now();
    expect(live.state().power).toEqual({ seen: first, value: { at: first, watts: 100, stateOfCharge: 50 } });
    expect(healthOf(live.state(), 'monitor')).toEqual({ part: 'monitor', ok: true, since: first });
    state.away = true;
    await clock.pass(1000);
    const failed = clock.now();
    await clock.pass(30_000);
    expect(live.state().power?.seen).toBe(first);
    expect(healthOf(live.state(), 'monitor')).toEqual({
      part: 'monitor',
      ok: false,
      since: failed,
      message: 'The monitor is away: switch it on.',
      code: 'test.away',
      values: { asked: 3 },
    });
    state.away = false;
    state.at = clock.now();
    await clock.pass(1000);
    expect(healthOf(live.state(), 'monitor')).toEqual({ part: 'monitor', ok: true, since: clock.now() });
    expect(live.state().power?.seen).toBe(clock.now());
  });

  it('says that a meter is silent although its monitor answers', async () => {
    const { clock, look } = meter();
    const { live } = await watched(clock, [look]);
    for (let second = 0; second < 61; second++) await clock.pass(1000);
    expect(healthOf(live.state(), 'monitor')?.message).toMatch(/its meter has been silent since .*Z/);
  });

  it('confirms a value that does not change every five seconds, and sends one that does at once', async () => {
    const { clock, state, look } = meter();
    const { events } = await watched(clock, [look]);
    const count = () => changes(events).filter(({ power }) => power !== undefined).length;
    expect(count()).toBe(1);
    for (let second = 0; second < 4; second++) await clock.pass(1000);
    expect(count()).toBe(1);
    await clock.pass(1000);
    expect(count()).toBe(2);
    state.watts = 101;
    await clock.pass(1000);
    expect(count()).toBe(3);
    expect(changes(events).at(-1)?.power?.value.watts).toBe(101);
  });

  it('goes on with the other parts while one hangs, and the age of what hangs shows', async () => {
    const { clock, state, look } = meter();
    let asked = 0;
    let answer: (() => void) | undefined;
    const hanging: Look = {
      part: 'relay',
      pieces: {
        wires: async () => {
          if (asked++ > 0) await new Promise<void>((resolve) => (answer = resolve));
          return { sources: [] };
        },
      },
    };
    const { live } = await watched(clock, [hanging, look]);
    const first = clock.now();
    for (let second = 0; second < 10; second++) {
      state.at = clock.now();
      await clock.pass(1000);
    }
    expect(live.state().wires?.seen).toBe(first);
    expect(live.state().power?.seen).toBe(clock.now());
    answer?.();
  });

  it('says that it lives while nothing changes and everything fails, so that a dead connection shows', async () => {
    const { clock, state, look } = meter();
    const { events } = await watched(clock, [look]);
    state.away = true;
    await clock.pass(1000);
    const before = events.length;
    for (let second = 0; second < 10; second++) await clock.pass(1000);
    const beats = changes(events.slice(before));
    expect(beats.length).toBeGreaterThanOrEqual(2);
    expect(beats.at(-1)).toMatchObject({
      now: expect.any(Number),
      health: [{ part: 'monitor', ok: false }, { part: 'agent' }],
    });
  });

  it("tells the agent's first trouble and how many more there are", async () => {
    const { clock, look } = meter();
    const troubles: Trouble[] = [];
    const { live } = await watched(clock, [look], troubles);
    expect(healthOf(live.state(), 'agent')?.ok).toBe(true);
    troubles.push(
      { message: 'No coins.', code: 'agent.out-of-coins', since: Instant(5) },
      { message: 'No relay.', since: Instant(6) },
    );
    await clock.pass(1000);
    expect(healthOf(live.state(), 'agent')).toMatchObject({
      ok: false,
      since: 5,
      message: 'No coins. (and 1 more)',
      code: 'agent.out-of-coins',
      more: 1,
    });
  });

  it('tells the chain’s history as it is told it, with the position for resuming', async () => {
    const { clock, look } = meter();
    const { live, events } = await watched(clock, [look]);
    live.history({ type: 'reverted', from: 3 * 2 ** 20, block: 3 });
    expect(events.at(-1)).toMatchObject({
      name: 'reverted',
      data: { from: 3 * 2 ** 20 },
      id: 3 * 2 ** 20 - 1,
    });
  });
});

describe('the wires', () => {
  const seller: Address = toAddress('0x00625a1a269ac76c7c7b98939b5e60916fd41070');
  const sources: readonly SourceWires[] = [
    { source: 'own', name: 'own', channels: [0, 1] },
    { source: seller, name: 'Neighbour', channels: [2, 3] },
  ];
  const contacts = (on: readonly number[]) =>
    new Map([0, 1, 2, 3].map((channel) => [channel, on.includes(channel)]));

  it('show which source feeds the load: own through contacts at rest, a seller through contacts that are on', async () => {
    const clock = handClock();
    let on: readonly number[] = [];
    const look = relayLook({ relay: { read: async () => contacts(on) }, sources, clock });
    const { live } = await watched(clock, [look]);
    const feeding = () => live.state().wires?.value.sources.map((source) => source.feeding);
    expect(feeding()).toEqual([true, false]);
    on = [0, 1, 2, 3];
    await clock.pass(1000);
    expect(feeding()).toEqual([false, true]);
    expect(live.state().wires?.value.since).toBe(clock.now());
    // Between two sources, and what must never be.
    on = [0, 1];
    await clock.pass(1000);
    expect(feeding()).toEqual([false, false]);
    on = [2, 3];
    await clock.pass(1000);
    expect(feeding()).toEqual([true, true]);
  });
});
