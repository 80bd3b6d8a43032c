/** The board's laws, read off the trace of the pins. Knows the wiring by pins and levels, and nothing of our code. */
import assert from 'node:assert/strict';
import type { TraceEvent } from './header.ts';

/** One load: its own source flows while the own pins are low (relay off), a seller's while its pins are high. */
export interface PinLoad {
  readonly own: readonly number[];
  readonly sellers: readonly (readonly number[])[];
}

export interface Look {
  readonly at: number;
  readonly levels: ReadonlyMap<number, number>;
  /** Sources that feed each load. */
  readonly feeding: readonly (readonly string[])[];
}

const feeding = (load: PinLoad, levels: ReadonlyMap<number, number>, on: number): string[] => [
  ...(load.own.some((pin) => levels.get(pin) !== on) ? ['own'] : []),
  ...load.sellers.flatMap((pins, index) =>
    pins.some((pin) => levels.get(pin) === on) ? [`seller ${index + 1}`] : [],
  ),
];

/** Every state that the pins were in, one for each single change of a line, from the levels before the trace. */
export const replay = (
  trace: readonly TraceEvent[],
  before: ReadonlyMap<number, number>,
  loads: readonly PinLoad[],
  on = 1,
): Look[] => {
  const levels = new Map(before);
  const looks: Look[] = [];
  for (const event of trace) {
    if (event.what !== 'set' || !levels.has(event.pin) || levels.get(event.pin) === event.level) continue;
    levels.set(event.pin, event.level);
    looks.push({
      at: event.at,
      levels: new Map(levels),
      feeding: loads.map((load) => feeding(load, levels, on)),
    });
  }
  return looks;
};

/**
 * Asserts that no load ever had two sources, and that between the last instant with one source and the first with
 * another lay the break time.
 * @returns the shortest break seen, ms; Infinity when there was none.
 */
export const assertLaws = (
  looks: readonly Look[],
  start: readonly (readonly string[])[],
  breakTime: number,
): number => {
  let shortest = Number.POSITIVE_INFINITY;
  for (const load of start.keys()) {
    let source = start[load]?.[0];
    let opened = Number.NEGATIVE_INFINITY;
    let last = source;
    for (const look of looks) {
      const now = look.feeding[load] ?? [];
      assert.ok(now.length <= 1, `load ${load} had ${now.join(' and ')} at ${look.at.toFixed(3)} ms`);
      if (now[0] === source) continue;
      if (now.length === 0) {
        opened = look.at;
        last = source;
      } else {
        assert.equal(source, undefined, `load ${load} went from ${source} to ${now[0]} without a break`);
        const pause = look.at - opened;
        if (now[0] !== last) {
          assert.ok(pause >= breakTime, `load ${load}: ${pause.toFixed(3)} ms between ${last} and ${now[0]}`);
          shortest = Math.min(shortest, pause);
        }
      }
      source = now[0];
    }
  }
  return shortest;
};
