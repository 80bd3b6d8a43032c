/** Energy between many nodes, as a picture can show it: the largest each, and all others together. */
import type { Address, Community } from '../../src/api.ts';

/** In place of the account of those who have no band of their own. */
export const REST = 'rest';
export type Party = Address | typeof REST;

export interface Band {
  readonly consumer: Party;
  readonly origin: Party;
  /** Watt-hours. */
  readonly consumed: number;
}

type Flows = Community['flows'];

const largestOf = (flows: Flows, side: 'consumer' | 'origin', most: number): ReadonlySet<Address> => {
  const totals = new Map<Address, number>();
  for (const flow of flows) totals.set(flow[side], (totals.get(flow[side]) ?? 0) + Number(flow.consumed));
  const accounts = [...totals].toSorted(([, a], [, b]) => b - a).map(([account]) => account);
  return new Set(accounts.length > most ? accounts.slice(0, most - 1) : accounts);
};

/** @param own always has a band of its own */
export const largest = (flows: Flows, own: Address, most: number): readonly Band[] => {
  const consumers = largestOf(flows, 'consumer', most);
  const origins = largestOf(flows, 'origin', most);
  const bands = new Map<string, Band>();
  for (const flow of flows) {
    const consumer = flow.consumer === own || consumers.has(flow.consumer) ? flow.consumer : REST;
    const origin = flow.origin === own || origins.has(flow.origin) ? flow.origin : REST;
    const key = `${origin} ${consumer}`;
    const consumed = (bands.get(key)?.consumed ?? 0) + Number(flow.consumed);
    bands.set(key, { consumer, origin, consumed });
  }
  return [...bands.values()];
};
