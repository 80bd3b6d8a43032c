import { Instant, pacedClock, Seconds, systemClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createChance } from '../../src/chance.ts';
import type { Stage } from '../../src/doors.ts';
import { absenceFaults, agentAbsence } from '../../src/faults/absence.ts';
import { allFaults } from '../../src/faults/faults.ts';
import { restBounds } from '../../src/stage/rest.ts';

const killed = absenceFaults.find(({ name }) => name.startsWith('agent1 killed'));
const ending = new AbortController().signal;

/** A stage of the agent and the contacts alone, on a clock that does not let anybody wait. */
const scene = (contacts: readonly boolean[]) => {
  const calls: string[] = [];
  const clock = pacedClock({
    real: systemClock.now(),
    instant: Instant(Date.UTC(2026, 5, 21, 9)),
    speed: 20_000,
  });
  const at: number[] = [];
  const call = (what: string) => async () => {
    calls.push(what);
    at.push(clock.now());
  };
  const stage = {
    clock,
    speed: 20,
    relay: 'v02',
    board: { contacts },
    parts: { agent1: { running: false, kill: call('kill'), start: call('start') } },
  } as unknown as Stage;
  return { stage, calls, away: () => (at[1] ?? 0) - (at[0] ?? 0) };
};

describe('an absence beyond the lease', () => {
  it('begins while the seller feeds and outlasts what the contacts may take', async () => {
    const { stage, calls, away } = scene([true, true]);
    const sight = await killed?.strike(stage, createChance(1, 'absence'), ending);
    expect(calls).toEqual(['kill', 'start']);
    expect(away()).toBeGreaterThan(restBounds(stage).lease);
    expect(sight).toContain('then the contacts were 11');
  });

  it('does not come about when the seller does not feed', async () => {
    const { stage, calls } = scene([false, false]);
    expect(await killed?.strike(stage, createChance(1, 'absence'), ending)).toMatchObject({
      happened: false,
    });
    expect(calls).toEqual([]);
  });

  it('is half of all absences of the agent, each over soon after the bound', () => {
    const { stage } = scene([]);
    const { lease } = restBounds(stage);
    const chance = createChance(3, 'absences');
    const drawn = Array.from({ length: 1000 }, () => agentAbsence(stage, chance, Seconds(10)));
    const long = drawn.filter((length) => length > lease);
    expect(long.length).toBeGreaterThan(400);
    expect(long.length).toBeLessThan(600);
    expect(Math.max(...long)).toBeLessThanOrEqual(lease + 120_000);
    expect(drawn.every((length) => length > lease || length === 10_000)).toBe(true);
  });
});

describe('a full disk', () => {
  it('comes to every part that keeps anything', () => {
    for (const part of ['agent1', 'agent2', 'monitor1', 'monitor2', 'chain', 'relay', 'app'])
      expect(allFaults.map(({ name }) => name)).toContain(`disk full under ${part}`);
  });
});
