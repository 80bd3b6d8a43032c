/** A day, a week or a month: energy from the meter, what it cost and whose it was from the ledger. */
import type { Address, Flow } from '@daisee/chain';
import { formatMicro, type Instant } from '@daisee/units';
import type { Community, Consumption } from '../api.ts';
import type { AppHistory, AppLedger, AppMonitor } from './ports.ts';

const text = (micro: bigint): string => formatMicro(micro);

/** A share from 0 to 1, or null of nothing. */
const share = (part: bigint, whole: bigint): number | null =>
  whole === 0n ? null : Number((part * 10_000n) / whole) / 10_000;

interface Sums {
  readonly consumed: bigint;
  readonly own: bigint;
  readonly cost: bigint;
  readonly earned: bigint;
  readonly sold: bigint;
  readonly origins: Record<Address, string>;
}

const sumsOf = (flows: readonly Flow[], account: Address): Sums => {
  let [consumed, own, cost, earned, sold] = [0n, 0n, 0n, 0n, 0n];
  const origins: Record<Address, string> = {};
  for (const flow of flows) {
    if (flow.consumer === account) {
      consumed += flow.consumed;
      cost += flow.cost;
      if (flow.origin === account) own += flow.consumed;
      if (flow.consumed > 0n) origins[flow.origin] = text(flow.consumed);
    } else if (flow.origin === account) {
      earned += flow.cost;
      sold += flow.consumed;
    }
  }
  return { consumed, own, cost, earned, sold, origins };
};

export interface ConsumptionQuery {
  readonly from: Instant;
  readonly to: Instant;
  /** Hours for a day, days for a week and a month, as the clocks of `zone` show them. */
  readonly step: 'PT1H' | 'P1D';
  readonly zone: string;
}

/** @throws what the monitor's client throws */
export const consumptionOf = async (
  { monitor, history }: { readonly monitor: AppMonitor; readonly history: AppHistory },
  account: Address,
  { from, to, step, zone }: ConsumptionQuery,
): Promise<Consumption> => {
  const steps = await monitor.energyBySteps(from, to, step, zone);
  const bars = steps.map((bar) => {
    const { cost, origins } = sumsOf(history.flows(bar.from, bar.to), account);
    return {
      from: bar.from,
      to: bar.to,
      energy: bar.energy === undefined ? null : text(bar.energy),
      cost: text(cost),
      origins,
    };
  });
  const whole = sumsOf(history.flows(from, to), account);
  const produced: bigint = history.produced(from, to).get(account) ?? 0n;
  const used: bigint = whole.own < produced ? whole.own : produced;
  return {
    from,
    to,
    bars,
    consumed: text(whole.consumed),
    produced: text(produced),
    cost: text(whole.cost),
    earned: text(whole.earned),
    origins: whole.origins,
    selfConsumption: share(used, produced),
    selfSufficiency: share(whole.own, whole.consumed),
  };
};

/** Who is in the community, what each did in a stretch of time, and the energy between them. */
export const communityOf = async (
  { ledger, history }: { readonly ledger: Pick<AppLedger, 'sellers'>; readonly history: AppHistory },
  from: Instant,
  to: Instant,
): Promise<Community> => {
  const flows = history.flows(from, to);
  const produced = history.produced(from, to);
  const consumed = new Map<Address, bigint>();
  const sold = new Map<Address, bigint>();
  for (const flow of flows) {
    consumed.set(flow.consumer, (consumed.get(flow.consumer) ?? 0n) + flow.consumed);
    sold.set(flow.origin, (sold.get(flow.origin) ?? 0n) + flow.bought);
  }
  const rows = new Map((await ledger.sellers()).map((row) => [row.account, row]));
  const members = new Map<Address, { readonly kind: 'consumer' | 'producer'; readonly active: boolean }>();
  const registrations = history.page({
    types: ['nodeRegistered', 'nodeRemoved'],
    order: 'oldest',
    limit: MOST_MEMBERS,
  });
  for (const event of registrations) {
    if (event.type === 'nodeRegistered')
      members.set(event.node, { kind: event.kind === 'producer' ? 'producer' : 'consumer', active: true });
    else if (event.type === 'nodeRemoved') {
      const member = members.get(event.node);
      if (member) members.set(event.node, { ...member, active: false });
    }
  }
  return {
    nodes: [...members].map(([account, { kind, active }]) => {
      const row = rows.get(account);
      return {
        account,
        kind,
        active: row?.active ?? active,
        ...(row && {
          price: text(row.price),
          sold: text(sold.get(account) ?? 0n),
          available: text(row.available),
        }),
        produced: text(produced.get(account) ?? 0n),
        consumed: text(consumed.get(account) ?? 0n),
      };
    }),
    flows: flows.map((flow) => ({
      consumer: flow.consumer,
      origin: flow.origin,
      consumed: text(flow.consumed),
      bought: text(flow.bought),
      cost: text(flow.cost),
    })),
  };
};

/** Registrations and removals that are read: far more than a community has. */
const MOST_MEMBERS = 100_000;
