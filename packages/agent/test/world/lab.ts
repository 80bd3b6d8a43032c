/** A consumer's surroundings in memory: a load, a battery, a relay with its wires, a monitor, and the truth of each wire. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@daisee/chain';
import type { Sample } from '@daisee/meter';
import {
  type Clock,
  DaiseeError,
  Duration,
  Instant,
  Percent,
  Seconds,
  sleepOrStop,
  untilNext,
  VirtualClock,
  Watts,
  wattHours,
} from '@daisee/units';
import type { AgentEvent } from '../../src/events.ts';
import { channelsOf, feedOf, type Source } from '../../src/feed.ts';
import {
  type Agent,
  type AgentMonitor,
  type AgentRelay,
  type ConsumerSettings,
  createConsumer,
} from '../../src/index.ts';
import type { Life } from './faults.ts';
import { createLedgerModel } from './ledger-model.ts';

export const NODE: Address = '0x00000000000000000000000000000000000000c1';
export const SELLER_1: Address = '0x00000000000000000000000000000000000000a1';
export const SELLER_2: Address = '0x00000000000000000000000000000000000000a2';

/** An hour and a half before a new day of the budget. */
export const START = Instant(Date.UTC(2026, 5, 1, 22, 30));
const SAMPLING = Seconds(8);

/** How the relay takes the next orders. */
export type RelayMood = 'works' | 'unreachable' | 'loses-acknowledgement' | 'refuses' | 'lies';
/** How the monitor answers. */
export type MonitorMood = 'works' | 'unreachable' | 'refuses-login' | 'silent';

class Fault extends DaiseeError {}
const fault = (code: string, retryable = true) => new Fault({ code, message: `${code}.`, retryable });

export const settings: ConsumerSettings = {
  limit: 20,
  delta: wattHours(20),
  fuelgauge: true,
  channels: [0, 1],
  sellers: [
    { name: 'seller1', account: SELLER_1, channels: [2, 3] },
    { name: 'seller2', account: SELLER_2, channels: [4, 5] },
  ],
  maxGap: Seconds(60),
};

export interface LabOptions {
  readonly blockTime?: Duration;
  readonly settings?: Partial<ConsumerSettings>;
  /** W at an instant. */
  readonly load?: (at: Instant) => number;
  /** Battery of the node: capacity in Wh, state of charge in percent, charger in W. */
  readonly battery?: { readonly wattHours: number; readonly charge: number; readonly charger: number };
  /** False: samples carry no state of charge. */
  readonly withCharge?: boolean;
}

export type Lab = ReturnType<typeof createLab>;

export const createLab = (options: LabOptions = {}) => {
  const clock: Clock = new VirtualClock({ start: START });
  const directory = mkdtempSync(join(tmpdir(), 'daisee-agent-'));
  const rules = { ...settings, ...options.settings };
  const load = options.load ?? (() => 200);
  const battery = { wattHours: 1000, charge: 50, charger: 0, ...options.battery };
  const ledger = createLedgerModel(clock, options.blockTime ?? Seconds(5));
  const ending = new AbortController();
  const tasks: Promise<unknown>[] = [];
  const samples: Sample[] = [];
  const events: AgentEvent[] = [];
  /** The same by agent. */
  const told: AgentEvent[][] = [];
  const states = new Map<number, boolean>(channelsOf(rules).map((channel) => [channel, false]));
  /** Which source fed the load from when on. */
  const wire: { at: Instant; source: Source }[] = [{ at: START, source: 'own' }];
  const moods = { relay: 'works' as RelayMood, monitor: 'works' as MonitorMood };
  let energyOut = 0;
  let agent: Agent | undefined;
  let drewUnpaid = 0;
  let booked = Number.POSITIVE_INFINITY;

  ledger.nodeOf(NODE).kind = 'consumer';
  ledger.nodeOf(NODE).balance = 1_000_000_000n;
  for (const seller of [SELLER_1, SELLER_2])
    Object.assign(ledger.nodeOf(seller), { kind: 'producer', price: 1_000_000n, produced: 500_000_000n });

  const source = (): Source => {
    const feed = feedOf(rules, states);
    if (feed === 'disordered' || feed === 'unknown')
      throw new Error(`the wires are ${feed}: ${JSON.stringify([...states])}`);
    return feed;
  };

  /** One contact after the other, as a v0.2 relay obeys; two sources on the load at any of them is a failure. */
  const apply = (changes: ReadonlyMap<number, boolean>): void => {
    for (const [channel, on] of changes) {
      states.set(channel, on);
      const isOn = (one: number) => states.get(one) === true;
      const feeding = rules.sellers.filter((seller) => seller.channels.some(isOn)).length;
      const own = rules.channels.every((one) => !isOn(one)) ? 1 : 0;
      if (feeding + own > 1) throw new Error(`two sources feed one load: ${JSON.stringify([...states])}`);
    }
    const now = source();
    if (wire.at(-1)?.source !== now) wire.push({ at: clock.now(), source: now });
  };

  const relay: AgentRelay = {
    read: async (channels) => {
      if (moods.relay === 'unreachable') throw fault('relay.unreachable');
      return new Map(channels.map((channel) => [channel, states.get(channel) ?? false]));
    },
    order: async (changes) => {
      if (moods.relay === 'unreachable') throw fault('relay.unreachable');
      if (moods.relay === 'refuses') return false;
      if (moods.relay === 'lies') return true;
      apply(changes);
      if (moods.relay === 'loses-acknowledgement') throw fault('relay.unreachable');
      return true;
    },
  };

  const monitor: AgentMonitor = {
    time: async () => {
      if (moods.monitor === 'unreachable') throw fault('monitor.unreachable');
      if (moods.monitor === 'refuses-login') throw fault('monitor.refused', false);
      return clock.now();
    },
    samples: async (from, to) => {
      if (moods.monitor === 'unreachable') throw fault('monitor.unreachable');
      if (moods.monitor === 'refuses-login') throw fault('monitor.refused', false);
      if (moods.monitor === 'silent') return [];
      return samples.filter((sample) => sample.at >= from && sample.at < to);
    },
  };

  const charge = (): number => {
    const hours = (clock.now() - START) / 3_600_000;
    const level = battery.charge + ((battery.charger * hours - energyOut) / battery.wattHours) * 100;
    return Math.min(100, Math.max(0, level));
  };

  const takeSample = (): void => {
    const at = clock.now();
    const power = load(at);
    const last = samples.at(-1);
    if (last?.at === at) return;
    if (last && wire.at(-1)?.source === 'own')
      energyOut += (((last.power + power) / 2) * (at - last.at)) / 3_600_000;
    const withCharge = options.withCharge ?? true;
    samples.push({ at, power: Watts(power), ...(withCharge ? { stateOfCharge: Percent(charge()) } : {}) });
  };

  /**
   * Energy that came from a source up to the last sample that the agent was given, in µWh: the integral of the
   * straight lines between samples.
   */
  const truth = (wanted: Source): number => {
    let sum = 0;
    for (let index = 1; index < samples.length; index++) {
      const a = samples[index - 1];
      const b = samples[index];
      if (!a || !b || b.at > booked) continue;
      const cuts = wire.map((turn) => turn.at).filter((at) => at > a.at && at < b.at);
      const power = (at: number) => a.power + ((b.power - a.power) * (at - a.at)) / (b.at - a.at);
      let from: number = a.at;
      for (const to of [...cuts, b.at]) {
        const feeding = wire.findLast((turn) => turn.at <= from)?.source;
        if (feeding === wanted) sum += ((power(from) + power(to)) / 2) * (to - from);
        from = to;
      }
    }
    return sum / 3.6;
  };

  const watchUnpaid = (): void => {
    for (const seller of [SELLER_1, SELLER_2])
      drewUnpaid = Math.max(drewUnpaid, truth(seller) - Number(ledger.tradeOf(NODE, seller).purchased));
  };

  tasks.push(
    clock.task(async () => {
      do takeSample();
      while (await sleepOrStop(clock, untilNext(clock.now(), SAMPLING), ending.signal));
    }),
  );
  tasks.push(ledger.run(ending.signal));

  return {
    clock,
    ledger,
    rules,
    moods,
    events,
    told,
    samples,
    wire,
    states,
    truth,
    apply,
    charge,
    takeSample,
    directory,
    get drewUnpaid() {
      watchUnpaid();
      return drewUnpaid;
    },
    /** A consumer in this lab; `life`: whose ports it gets. */
    consumer: (
      more: Partial<Parameters<typeof createConsumer>[0]> = {},
      life?: Life,
      patient = true,
    ): Agent => {
      const client = ledger.connect(NODE, patient);
      booked = Number.POSITIVE_INFINITY;
      const mine: AgentEvent[] = [];
      told.push(mine);
      agent = createConsumer({
        clock: life?.clock ?? clock,
        ledger: life ? life.port(client) : client,
        monitor: life ? life.port(monitor) : monitor,
        relay: life ? life.port(relay) : relay,
        store: join(directory, 'agent.sqlite'),
        settings: rules,
        since: START,
        onEvent: (event) => {
          if (life?.isDead) return;
          events.push(event);
          mine.push(event);
        },
        ...more,
      });
      return agent;
    },
    relay,
    monitor,
    /** Lets the lab's time pass. */
    pass: (duration: Duration) => clock.task(() => clock.sleep(duration)),
    /** Waits until it is so, a second at a time; fails after `limit`. */
    until: (isSo: () => boolean, limit: Duration = Seconds(3600)) =>
      clock.task(async () => {
        for (const end = clock.now() + limit; !isSo(); await clock.sleep(Seconds(1)))
          if (clock.now() > end) throw new Error(`it did not happen within ${limit / 1000} s`);
      }),
    of: <T extends AgentEvent['type']>(type: T) =>
      events.filter((event): event is Extract<AgentEvent, { type: T }> => event.type === type),
    source,
    /** For `stop`: the monitor takes its last sample once the relay is at rest. */
    stopped: {
      finalSamples: async () => {
        takeSample();
        booked = clock.now();
      },
    },
    /** Ends everything that runs here. */
    end: async () => {
      ending.abort();
      await Promise.all(tasks);
      rmSync(directory, { recursive: true, force: true });
    },
    Duration,
  };
};
