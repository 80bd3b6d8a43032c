/** The wires between the sources and Node 1's load, as the relay's contacts leave them. */
import type { Wiring } from '@daisee/relay';
import { DaiseeError, type Instant } from '@daisee/units';
import type { Feed } from '../node/physics.ts';

/** Thrown when a twin is wired to something that the lab does not have. */
export class UnknownWiring extends DaiseeError {
  constructor(found: string) {
    super({
      code: 'sim.wiring',
      message: `The twin's wiring has ${found}; expected one load with an own source and one seller (Node 1, fed by itself or by Node 2).`,
      retryable: false,
      values: { found },
    });
  }
}

/** The contacts of every channel from an instant on, true = on. */
export interface ContactRecord {
  readonly at: Instant;
  readonly states: readonly boolean[];
}

/** Two sources on one load: what must never be. */
export interface TwoSourcesAt {
  readonly at: Instant;
  readonly load: string;
  readonly states: readonly boolean[];
}

export interface Wires {
  /**
   * Who feeds the load with these contacts. In doubt it feeds: an own source while any of its channels is off, a
   * seller while any of its channels is on. With two sources, its own.
   */
  feed(states: readonly boolean[]): Feed;
  hasTwoSources(states: readonly boolean[]): boolean;
  readonly load: string;
  /** How many channels the wiring speaks of. */
  readonly channels: number;
}

/** The v0.2 lab: two channels a node on a board of four. */
export const labWiring: Wiring = {
  loads: [{ name: 'Node 1', own: [0, 1], sellers: [{ name: 'Node 2', channels: [2, 3] }] }],
};

/** @throws UnknownWiring */
export const createWires = (wiring: Wiring): Wires => {
  const [load, ...others] = wiring.loads;
  if (!load || others.length > 0) throw new UnknownWiring(`${wiring.loads.length} loads`);
  const [seller, ...more] = load.sellers;
  if (!seller || more.length > 0) throw new UnknownWiring(`${load.sellers.length} sellers`);
  if (load.own.length === 0) throw new UnknownWiring('no own source');
  const own = (states: readonly boolean[]) => load.own.some((channel) => states[channel] !== true);
  const sold = (states: readonly boolean[]) => seller.channels.some((channel) => states[channel] === true);
  return {
    load: load.name,
    channels: Math.max(...load.own, ...seller.channels) + 1,
    feed: (states) => (own(states) ? 'own' : sold(states) ? 'node2' : 'none'),
    hasTwoSources: (states) => own(states) && sold(states),
  };
};
