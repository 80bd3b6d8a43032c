/**
 * Which channel carries which source to which load.
 *
 * A load's own source is on normally closed contacts (off = fed by its own), each seller's on normally open ones
 * (on = fed by that seller), so that everybody is on their own source when every channel is off.
 */
import { DaiseeError } from '@daisee/units';
import type { RelayDriver } from '../driver.ts';

/** A seller's contact to one load. */
export interface SellerContact {
  readonly name: string;
  /** Normally open: on = closed. Two channels when both poles are switched, as in the later v0.2. */
  readonly channels: readonly number[];
}

/** One load on the board. */
export interface Load {
  readonly name: string;
  /** Normally closed: off = closed. Empty when the load has no source of its own. */
  readonly own: readonly number[];
  readonly sellers: readonly SellerContact[];
}

export interface Wiring {
  readonly loads: readonly Load[];
}

/** Thrown when a wiring names a channel that the board lacks, one channel or name twice, or what cannot be safe. */
export class InvalidWiring extends DaiseeError {
  constructor(problem: string, values: Readonly<Record<string, unknown>>) {
    super({
      code: 'relay.invalid-wiring',
      message: `The relay's wiring ${problem}.`,
      retryable: false,
      values,
    });
  }
}

/** The v0.2 lab: a consumer and a seller, two channels each on a board of four, one each on a board of two or three. */
export const defaultWiring = (channels: number): Wiring => {
  if (channels < 2) return { loads: [] };
  const poles = channels < 4 ? 1 : 2;
  const own = poles === 1 ? [0] : [0, 1];
  const seller = poles === 1 ? [1] : [2, 3];
  return { loads: [{ name: 'consumer', own, sellers: [{ name: 'seller', channels: seller }] }] };
};

/** @throws InvalidWiring */
export const checkWiring = (wiring: Wiring, channels: number): void => {
  const taken = new Map<number, string>();
  const take = (channel: number, contact: string): void => {
    if (!Number.isInteger(channel) || channel < 0 || channel >= channels)
      throw new InvalidWiring(
        `puts ${contact} on channel ${channel}, but the board has 0 to ${channels - 1}`,
        {
          contact,
          channel,
          channels,
        },
      );
    const other = taken.get(channel);
    if (other !== undefined)
      throw new InvalidWiring(`puts both ${other} and ${contact} on channel ${channel}`, {
        contact,
        other,
        channel,
      });
    taken.set(channel, contact);
  };
  const names = new Set<string>();
  for (const load of wiring.loads) {
    if (names.has(load.name)) throw new InvalidWiring(`names two loads ${load.name}`, { load: load.name });
    names.add(load.name);
    for (const channel of load.own) take(channel, `the own source of ${load.name}`);
    const sellers = new Set<string>();
    for (const seller of load.sellers) {
      if (sellers.has(seller.name))
        throw new InvalidWiring(`names two sellers of ${load.name} ${seller.name}`, { seller: seller.name });
      sellers.add(seller.name);
      if (seller.channels.length === 0)
        throw new InvalidWiring(`gives the seller ${seller.name} of ${load.name} no channel`, {
          seller: seller.name,
        });
      for (const channel of seller.channels) take(channel, `${seller.name} for ${load.name}`);
    }
  }
};

/**
 * Checks that no load gets two sources when everything that drives the board dies: an own source must not close by
 * itself while a seller's contact elsewhere may still be closed.
 * @throws InvalidWiring
 */
export const checkLoss = (wiring: Wiring, { lostAfter }: Pick<RelayDriver, 'lostAfter'>): void => {
  if (!lostAfter) return;
  for (const load of wiring.loads)
    for (const seller of load.sellers)
      for (const channel of seller.channels)
        for (const own of load.own) {
          const closes = lostAfter(own).earliest;
          const opens = lostAfter(channel).latest;
          if (closes > opens || closes === Number.POSITIVE_INFINITY || (closes === 0 && opens === 0))
            continue;
          throw new InvalidWiring(
            `lets the own source of ${load.name} (channel ${own}) close by itself ${closes / 1000} s after a crash, while ${seller.name} (channel ${channel}) may stay on for ${opens / 1000} s: put both on the same device, or give the own source's device the longer lease`,
            { load: load.name, seller: seller.name, own, channel, closes, opens },
          );
        }
};

/** Channels that belong together: those of a load, or a single one that the wiring does not name. */
export interface Group {
  readonly load?: Load;
  readonly channels: readonly number[];
}

/** Every channel of the board in exactly one group; loads first, in the wiring's order. */
export const groupsOf = (wiring: Wiring, channels: number): readonly Group[] => {
  const groups: Group[] = wiring.loads.map((load) => ({
    load,
    channels: [...load.own, ...load.sellers.flatMap((seller) => seller.channels)],
  }));
  const wired = new Set(groups.flatMap((group) => group.channels));
  for (let channel = 0; channel < channels; channel++)
    if (!wired.has(channel)) groups.push({ channels: [channel] });
  return groups;
};
