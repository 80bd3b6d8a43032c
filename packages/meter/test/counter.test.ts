import { Energy, Instant, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CounterReading,
  type CounterRule,
  type CounterState,
  emptyCounter,
  followCounter,
} from '../src/index.ts';

const START = 1_700_000_000_000;
/** Readings of kilowatt-hours, one each `seconds`. */
const readings = (kilowattHours: readonly number[], seconds = 60): CounterReading[] =>
  kilowattHours.map((value, index) => ({
    at: Instant(START + index * seconds * 1000),
    counter: wattHours(value * 1000),
  }));
const house: CounterRule = { highestPower: Watts(10_000), tolerance: wattHours(1) };

const follow = (list: readonly CounterReading[], rule: CounterRule = house, from = emptyCounter) => {
  let state: CounterState = from;
  const events: (string | undefined)[] = [];
  const registers: bigint[] = [];
  let added = 0n;
  for (const reading of list) {
    const step = followCounter(state, reading, rule);
    state = step.state;
    added += step.added;
    events.push(step.event);
    registers.push(state.register);
  }
  return { state, events, registers, added, wattHours: Number(state.register) / 1e6 };
};

describe('the register of a device’s counter', () => {
  it('rises by what the counter rises, from zero whatever the counter showed first', () => {
    expect(follow(readings([1234.5, 1234.6, 1234.65])).state.register).toBe(150_000_000n);
  });

  it('does not fall and counts nothing twice when the counter goes backward a little', () => {
    const { wattHours, events } = follow(readings([10, 10.05, 10.0495, 10.05, 10.051]));
    expect(wattHours).toBeCloseTo(51, 6);
    expect(events).toEqual([undefined, undefined, 'lower', undefined, undefined]);
  });

  it('goes on when the counter restarts at zero after a reboot, with all that it counted since', () => {
    const { wattHours, events, registers } = follow(readings([500, 500.1, 0.02, 0.05, 0.08]));
    expect(events).toEqual([undefined, undefined, 'doubted', 'restarted', undefined]);
    expect(wattHours).toBeCloseTo(100 + 80, 6);
    expect(registers.every((register, index) => register >= (registers[index - 1] ?? 0n))).toBe(true);
  });

  it('goes on when a reboot brings back an older state of the counter', () => {
    const { wattHours, events } = follow(readings([500, 500.1, 499.2, 499.25, 499.3]));
    expect(events.slice(2, 4)).toEqual(['doubted', 'moved']);
    expect(wattHours).toBeCloseTo(100 + 100, 6);
  });

  it('has no negative spike after an outage', () => {
    const before = readings([500, 500.1]);
    const after = readings([0, 0.05, 0.1], 60).map((one) => ({
      ...one,
      at: Instant(one.at + 6 * 3_600_000),
    }));
    const { added, registers, wattHours } = follow([...before, ...after]);
    expect(wattHours).toBeCloseTo(200, 6);
    expect(added).toBe(registers.at(-1));
  });

  it('counts an outage’s energy when the counter went on', () => {
    const [first, last] = readings([500, 512], 6 * 3600);
    expect(first && last && follow([first, last]).wattHours).toBeCloseTo(12_000, 6);
  });

  it('rolls over at the last number of the counter', () => {
    const rule = { ...house, rollsOverAt: wattHours(100_000_000) };
    const { wattHours: counted, events } = follow(readings([99_999.9, 99_999.98, 0.03, 0.1]), rule);
    expect(events).toEqual([undefined, undefined, 'rolled-over', undefined]);
    expect(counted).toBeCloseTo(200, 6);
  });

  it('counts nothing of a single reading of garbage, high, low, zero or negative', () => {
    const clean = follow(readings([500, 500.1, 500.2, 500.3, 500.4]));
    for (const garbage of [9_999_999, 500.2 + 50, 480, 0, -3]) {
      const dirty = follow(readings([500, 500.1, garbage, 500.3, 500.4]));
      expect(dirty.state.register, String(garbage)).toBe(clean.state.register);
      expect(dirty.events[2]).toBe('doubted');
    }
  });

  it('returns to the old line when a counter that showed zero for a while was not reset after all', () => {
    const { wattHours, events } = follow(readings([500, 500.1, 0, 0, 0, 500.4, 500.5]));
    expect(events[5]).toBe('returned');
    expect(wattHours).toBeCloseTo(500, 6);
  });

  it('counts nothing twice on such a return', () => {
    const { wattHours, events } = follow(readings([500, 500.1, 0.0002, 0.0005, 500.4, 500.5]));
    expect(events.slice(3, 5)).toEqual(['restarted', 'returned']);
    expect(wattHours).toBeCloseTo(500, 6);
  });

  it('takes a return to the old line for one, also where the new one could have risen that far', () => {
    const rule: CounterRule = { highestPower: Watts(100_000) };
    const { events, wattHours } = follow(readings([0.5, 0.51, 0, 0, 1.13], 3600), rule);
    expect(events[4]).toBe('returned');
    expect(wattHours).toBeCloseTo(630, 6);
  });

  it('remembers since when a counter stands still', () => {
    const list = readings([500, 500.1, 500.1, 500.1]);
    expect(follow(list).state.last).toEqual(list[1]);
  });

  it('follows a counter that was replaced, and counts nothing of the leap', () => {
    const { wattHours, events } = follow(readings([500, 500.1, 73_000, 73_000.1, 73_000.2]));
    expect(events[3]).toBe('moved');
    expect(wattHours).toBeCloseTo(300, 6);
  });

  it('changes nothing for readings that are repeated, late or out of order', () => {
    const list = readings([500, 500.1, 500.2, 500.3]);
    const [first, second, third, fourth] = list;
    if (!first || !second || !third || !fourth) throw new TypeError('four readings');
    const shuffled = follow([first, third, second, third, fourth, fourth, first]);
    expect(shuffled.state.register).toBe(follow(list).state.register);
    expect(shuffled.events.filter((event) => event === 'old')).toHaveLength(4);
  });

  it('loses nothing when the clock steps back or forward by an hour', () => {
    for (const step of [-3_600_000, 3_600_000]) {
      const list = readings([500, 500.1, 500.2, 500.3, 500.4]).map((one, index) => ({
        ...one,
        at: Instant(one.at + (index < 2 ? 0 : step)),
      }));
      expect(follow(list).wattHours, String(step)).toBeCloseTo(400, 6);
    }
  });

  it('goes on after a restart of the program from the state that was kept', () => {
    const list = readings([500, 500.1, 0.02, 0.05, 0.08]);
    for (let cut = 0; cut <= list.length; cut++) {
      const { state } = follow(list.slice(0, cut));
      expect(follow(list.slice(cut), house, state).state).toEqual(follow(list).state);
    }
  });

  const step = fc.record({
    pause: fc.integer({ min: 1, max: 600_000 }),
    kind: fc.constantFrom('rise', 'rise', 'rise', 'jitter', 'zero', 'garbage', 'back'),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  /** A counter with every trouble at once. */
  const troubled = fc.array(step, { minLength: 2, maxLength: 60 }).map((steps) => {
    let at = START;
    let counter = 500_000_000_000;
    return steps.map(({ pause, kind, share }): CounterReading => {
      at += pause;
      if (kind === 'rise') counter += Math.round((share * 10_000 * pause * 1000) / 3600);
      if (kind === 'zero') counter = Math.round(share * 1_000_000);
      const shown = {
        rise: counter,
        zero: counter,
        jitter: counter - Math.round(share * 900_000),
        garbage: Math.round(share * 1e13),
        back: Math.round(counter * share),
      }[kind];
      return { at: Instant(at), counter: Energy(BigInt(shown)) };
    });
  });

  it('never falls, and never rises faster than the highest power, whatever the counter shows', () => {
    fc.assert(
      fc.property(troubled, (list) => {
        const { registers, events, added } = follow(list);
        for (let index = 1; index < registers.length; index++)
          expect((registers[index] ?? 0n) >= (registers[index - 1] ?? 0n)).toBe(true);
        const elapsed = BigInt((list.at(-1)?.at ?? 0) - (list[0]?.at ?? 0));
        // The tolerance once for each reading that was taken, twice for one that confirmed a doubted one.
        const slack = BigInt(list.length + events.filter((event) => event !== undefined).length);
        const most = (10_000_000_000n * elapsed) / 3_600_000n + slack * 1_000_000n;
        expect(added <= most).toBe(true);
      }),
    );
  });

  it('counts exactly what a counter without trouble counts', () => {
    const sound = fc.array(
      fc.tuple(fc.integer({ min: 1000, max: 600_000 }), fc.double({ min: 0, max: 1, noNaN: true })),
      { minLength: 2, maxLength: 60 },
    );
    fc.assert(
      fc.property(sound, (steps) => {
        let at = START;
        let counter = 7_000_000n;
        const list = steps.map(([pause, share]) => {
          at += pause;
          counter += BigInt(Math.floor((share * 10_000 * pause * 1000) / 3600));
          return { at: Instant(at), counter: Energy(counter) };
        });
        const rise = (list.at(-1)?.counter ?? 0n) - (list[0]?.counter ?? 0n);
        expect(follow(list).state.register).toBe(rise);
      }),
    );
  });

  it('counts a single garbage reading between sound ones as if it had not come', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -1000n, max: 10n ** 16n }),
        fc.integer({ min: 1, max: 3 }),
        (garbage, where) => {
          const sound = readings([500, 500.05, 500.1, 500.15, 500.2, 500.25]);
          const at = sound[where]?.at ?? Instant(START);
          const most = 10_000_000n * 20n;
          const near = sound.some(
            ({ counter }) => garbage >= counter - 2_000_000n && garbage <= counter + most,
          );
          fc.pre(!near);
          const dirty = sound.toSpliced(where + 1, 0, { at: Instant(at + 30_000), counter: Energy(garbage) });
          expect(follow(dirty).state.register).toBe(follow(sound).state.register);
        },
      ),
    );
  });
});
