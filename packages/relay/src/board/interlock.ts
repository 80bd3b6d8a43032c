/**
 * The interlock: which sources may feed a load, and how to get from one state to another without ever letting two.
 * Pure.
 *
 * It reads the wiring conservatively: with two channels to a contact nothing says which pole carries the energy, so
 * an own source may feed while any of its channels is off, and a seller's while any of its channels is on.
 */
import { DaiseeError } from '@daisee/units';
import type { ChannelStates } from '../driver.ts';
import type { Load, Wiring } from './wiring.ts';

/** A source as one load sees it. */
export interface Source {
  readonly kind: 'own' | 'seller';
  /** The seller's name in the wiring; `own` for the load's own source. */
  readonly name: string;
}

/** Thrown for an order that would leave a load with two sources; nothing was changed. */
export class TwoSources extends DaiseeError {
  constructor(load: Load, sources: readonly Source[], changes: ChannelStates) {
    const names = sources.map((source) => (source.kind === 'own' ? 'its own source' : source.name));
    super({
      code: 'relay.two-sources',
      message: `The order would let ${names.join(' and ')} feed ${load.name} at once; nothing was changed. Open all but one of them in the same order.`,
      retryable: false,
      values: {
        load: load.name,
        sources: sources.map((source) => source.name),
        changes: Object.fromEntries(changes),
      },
    });
  }
}

/** States to look up: those of all channels may be many, and an order names few. */
type Shown = Pick<ChannelStates, 'get'>;

const overlaid = (current: Shown, changes: ChannelStates): Shown => ({
  get: (channel) => changes.get(channel) ?? current.get(channel),
});

/** The sources that may feed a load while the channels show `states`. More than one must never be. */
export const feeding = (load: Load, states: Shown): readonly Source[] => {
  const sources: Source[] = [];
  if (load.own.some((channel) => !states.get(channel))) sources.push({ kind: 'own', name: 'own' });
  for (const seller of load.sellers)
    if (seller.channels.some((channel) => states.get(channel)))
      sources.push({ kind: 'seller', name: seller.name });
  return sources;
};

/** An order taken apart: what opens goes first, what closes afterwards. */
export interface Plan {
  /** Own channels to energise, then sellers' channels to release: only ever takes sources away. */
  readonly opening: ChannelStates;
  /** Own channels to release, then sellers' (and unwired) channels to energise: only ever adds them. */
  readonly closing: ChannelStates;
  /** Loads that lose a source with `opening`. */
  readonly broken: readonly Load[];
  /** Loads that gain a source with `closing`. */
  readonly made: readonly Load[];
}

/**
 * Takes the order apart. Within a step the channels may move one by one and in any order: opening only takes sources
 * away, and closing only adds what the end state has, so what holds for the end state holds for every state between.
 * @throws TwoSources when the end state would let two sources feed one load.
 */
export const plan = (wiring: Wiring, current: ChannelStates, changes: ChannelStates): Plan => {
  const target = overlaid(current, changes);
  const moving: [channel: number, on: boolean][] = [];
  for (const [channel, on] of changes) if (current.get(channel) !== on) moving.push([channel, on]);
  const { own, sellers, loadOf } = rolesOf(wiring);
  const named = new Set([...changes.keys()].flatMap((channel) => loadOf.get(channel) ?? []));
  for (const load of named) {
    const sources = feeding(load, target);
    if (sources.length > 1) throw new TwoSources(load, sources, changes);
  }
  const opening = new Map([
    ...moving.filter(([channel, on]) => on && own.has(channel)),
    ...moving.filter(([channel, on]) => !on && !own.has(channel)),
  ]);
  const closing = new Map([
    ...moving.filter(([channel, on]) => !on && own.has(channel)),
    ...moving.filter(([channel, on]) => on && !own.has(channel) && !sellers.has(channel)),
    ...moving.filter(([channel, on]) => on && sellers.has(channel)),
  ]);
  const between = overlaid(current, opening);
  const count = (load: Load, states: Shown) => feeding(load, states).length;
  const loads = [...named];
  return {
    opening,
    closing,
    broken: loads.filter((load) => count(load, between) < count(load, current)),
    made: loads.filter((load) => count(load, target) > count(load, between)),
  };
};

interface Roles {
  readonly own: ReadonlySet<number>;
  readonly sellers: ReadonlySet<number>;
  readonly loadOf: ReadonlyMap<number, Load>;
}

/** By wiring, which does not change: an order should cost what it moves. */
const known = new WeakMap<Wiring, Roles>();

const rolesOf = (wiring: Wiring): Roles => {
  const there = known.get(wiring);
  if (there) return there;
  const loadOf = new Map<number, Load>();
  const own = new Set<number>();
  const sellers = new Set<number>();
  for (const load of wiring.loads) {
    for (const channel of load.own) own.add(channel);
    for (const seller of load.sellers) for (const channel of seller.channels) sellers.add(channel);
    for (const channel of [...load.own, ...load.sellers.flatMap((seller) => seller.channels)])
      loadOf.set(channel, load);
  }
  const roles = { own, sellers, loadOf };
  known.set(wiring, roles);
  return roles;
};
