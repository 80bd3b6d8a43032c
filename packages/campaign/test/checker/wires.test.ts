import { Duration, Instant, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createWires } from '../../src/checker/wires.ts';
import { restBounds } from '../../src/stage/rest.ts';
import type { CheckedStage } from '../../src/stage/stage.ts';

const START = Date.UTC(2026, 5, 21, 9);

/** Only what the wires are judged by. */
const scene = () => {
  const state = {
    now: START,
    contacts: [false, false],
    agent: { running: true, paused: false },
    relay: { running: true, paused: false },
    isCut: false,
    told: undefined as { at: Instant; isOn: boolean } | undefined,
    /** The agent is heard of between any two looks. */
    isHeard: true,
    twoSources: [] as { at: Instant; load: string; states: readonly boolean[] }[],
    bought: 5n,
  };
  let carried = 0;
  const stage = {
    relay: 'v02',
    speed: 20,
    clock: { now: () => Instant(state.now) },
    board: {
      disturbed: false,
      get contacts() {
        return state.contacts;
      },
      get told() {
        return state.told;
      },
    },
    twin: { contacts: [{ at: Instant(START), states: [false, false] }], twoSources: state.twoSources },
    parts: { agent1: state.agent, relay: state.relay },
    links: {
      'agent1-relay': {
        get carried() {
          return carried;
        },
      },
      'relay-board': {
        get disturbed() {
          return state.isCut;
        },
      },
    },
  } as unknown as CheckedStage;
  const wires = createWires(stage, () => state.bought);
  const bounds = restBounds(stage);
  const lawsAfter = (time: Duration): readonly number[] => {
    state.now += time;
    if (state.isHeard && state.agent.running && !state.agent.paused) carried++;
    return wires.look().map(({ law }) => law);
  };
  return { state, bounds, lawsAfter, tries: wires.tries };
};

describe('the wires', () => {
  it('show two sources on a load, each time once', () => {
    const { state, lawsAfter } = scene();
    expect(lawsAfter(Seconds(1))).toEqual([]);
    state.twoSources.push({ at: Instant(START), load: 'Node 1', states: [false, true] });
    expect(lawsAfter(Seconds(1))).toEqual([6]);
    expect(lawsAfter(Seconds(1))).toEqual([]);
  });

  it('show contacts that outlast the lease of an agent that is gone', () => {
    const { state, bounds, lawsAfter, tries } = scene();
    state.contacts = [true, true];
    expect(lawsAfter(Seconds(3600))).toEqual([]);
    state.agent.running = false;
    expect(lawsAfter(bounds.lease)).toEqual([]);
    expect(tries.agent).toBe(0);
    expect(lawsAfter(Seconds(1))).toEqual([7]);
    expect(lawsAfter(Seconds(60))).toEqual([]);
    expect(tries).toEqual({ agent: 1, link: 0, device: 0 });
  });

  it('show them too when the agent runs, and the relay hears nothing of it', () => {
    const { state, bounds, lawsAfter, tries } = scene();
    state.contacts = [true, true];
    lawsAfter(Seconds(1));
    state.isHeard = false;
    expect(lawsAfter(bounds.lease)).toEqual([]);
    expect(lawsAfter(Seconds(1))).toEqual([7]);
    expect(tries).toEqual({ agent: 0, link: 1, device: 0 });
  });

  it('show contacts that outlast the own lease of a device that is told nothing', () => {
    const { state, bounds, lawsAfter, tries } = scene();
    state.contacts = [true, true];
    state.told = { at: Instant(START), isOn: true };
    state.relay.running = false;
    expect(lawsAfter(bounds.device)).toEqual([]);
    expect(lawsAfter(Seconds(1))).toEqual([7]);
    expect(lawsAfter(Seconds(60))).toEqual([]);
    expect(tries).toEqual({ agent: 0, link: 0, device: 1 });
  });

  it('count no lease as tried that began at rest', () => {
    const { state, bounds, lawsAfter, tries } = scene();
    lawsAfter(Seconds(1));
    state.agent.running = false;
    state.told = { at: Instant(START), isOn: false };
    expect(lawsAfter(Duration(2 * bounds.disturbed))).toEqual([]);
    expect(tries).toEqual({ agent: 0, link: 0, device: 0 });
  });

  it('show nothing when the contacts are at rest by then, or the agent is back', () => {
    const { state, bounds, lawsAfter } = scene();
    state.contacts = [true, true];
    state.agent.paused = true;
    lawsAfter(Seconds(1));
    state.agent.paused = false;
    expect(lawsAfter(Duration(2 * bounds.disturbed))).toEqual([]);
    state.agent.paused = true;
    lawsAfter(Seconds(1));
    state.contacts = [false, false];
    expect(lawsAfter(Duration(2 * bounds.disturbed))).toEqual([]);
  });

  it("give the device's own lease time while the relay is disturbed", () => {
    const { state, bounds, lawsAfter } = scene();
    state.contacts = [true, true];
    state.agent.running = false;
    state.isCut = true;
    lawsAfter(Seconds(1));
    state.isCut = false;
    expect(lawsAfter(Duration(bounds.lease + 5000))).toEqual([]);
    expect(lawsAfter(bounds.disturbed)).toEqual([7]);
  });

  it("show a seller's contact closed before anything was bought", () => {
    const { state, lawsAfter } = scene();
    state.bought = 0n;
    state.contacts = [true, true];
    expect(lawsAfter(Seconds(1))).toEqual([7]);
    expect(lawsAfter(Seconds(1))).toEqual([]);
  });
});
