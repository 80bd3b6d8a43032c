/** Which source feeds the node, read from the relay's channels, and the orders that change it. */
import type { Address } from '@daisee/chain';
import type { ConsumerRules, SellerSettings } from './settings.ts';

/** The node's own source or a seller's. */
export type Source = 'own' | Address;

/**
 * What the relay shows: a source; `disordered` when the channels make none (a source half on, two at once, the own
 * one cut off and no other on); `unknown` when the relay could not be read.
 */
export type Feed = Source | 'disordered' | 'unknown';

export type ChannelStates = ReadonlyMap<number, boolean>;

type Wires = Pick<ConsumerRules, 'channels' | 'sellers'>;

/** Every channel of the node: the sellers' first, as they are the ones to open first. */
export const channelsOf = ({ channels, sellers }: Wires): readonly number[] => [
  ...new Set([...sellers.flatMap((seller) => seller.channels), ...channels]),
];

/** The seller with this account. */
export const sellerOf = (wires: Wires, source: Feed): SellerSettings | undefined =>
  wires.sellers.find((seller) => seller.account === source);

/** Which source feeds the node when its channels are in these states. */
export const feedOf = (wires: Wires, states: ChannelStates): Feed => {
  const isOn = (channel: number) => states.get(channel) === true;
  if (!channelsOf(wires).some(isOn)) return 'own';
  const fits = (seller: SellerSettings) => {
    const wanted = new Set([...wires.channels, ...seller.channels]);
    return channelsOf(wires).every((channel) => isOn(channel) === wanted.has(channel));
  };
  return wires.sellers.find(fits)?.account ?? 'disordered';
};

/**
 * The order that makes `target` feed the node. What goes off comes first and the target's own channels come last, so
 * that even a relay that obeys one by one in the order given never has two sources on the node. Sellers that are off
 * already are left out: a request of the v0.2 protocol is short.
 */
export const orderFor = (wires: Wires, target: Source, states?: ChannelStates): ChannelStates => {
  const seller = sellerOf(wires, target);
  const on = new Set(seller ? [...wires.channels, ...seller.channels] : []);
  const off = channelsOf(wires).filter((channel) => !on.has(channel));
  const order = new Map<number, boolean>();
  for (const channel of off) if (!seller || states?.get(channel) !== false) order.set(channel, false);
  for (const channel of on) order.set(channel, true);
  return order;
};
