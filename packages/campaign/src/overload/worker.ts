/** Hosts some of the agents: each with its own connection to the chain, the monitor and the boards. */
import { join } from 'node:path';
import { type AgentEvent, type AgentRelay, createConsumer, createProducer } from '@daisee/agent';
import { connectLedger, signerOf } from '@daisee/chain';
import { createMonitorClient } from '@daisee/monitor';
import { createRelayClient } from '@daisee/relay';
import { Instant, Price, pacedClock, Seconds, wattHours } from '@daisee/units';
import type { FromWorker, MemberPlan, ToWorker, WorkerPlan, WorkerReport } from './plan.ts';

const DELTA = wattHours(10);
const LIMIT = 20;
/** Longer than any lateness that is looked for: what is late must stay late, and not become a gap. */
const MAX_GAP = Seconds(3600);

/** Collects what the agents tell. */
const createTally = (clock: ReturnType<typeof pacedClock>) => {
  const looks: number[] = [];
  const reports: number[] = [];
  const purchases: number[] = [];
  const troubles: Record<string, number> = {};
  let switches = 0;
  return {
    looks: () => {
      let last: number | undefined;
      return () => {
        const now = clock.now();
        if (last !== undefined) looks.push(now - last);
        last = now;
      };
    },
    listener: () => {
      let reported: number | undefined;
      let buying: number | undefined;
      return (event: AgentEvent): void => {
        const now = clock.now();
        if (event.type === 'reported') {
          // A consumer reports a register for each origin at once: one report.
          if (reported !== undefined && now - reported > 1000) reports.push(now - reported);
          reported = now;
        } else if (event.type === 'buying') buying = now;
        else if (event.type === 'bought' && buying !== undefined) purchases.push(now - buying);
        else if (event.type === 'switched') switches++;
        else if (event.type === 'trouble') troubles[event.code] = (troubles[event.code] ?? 0) + 1;
      };
    },
    /** Forgets what was before: the start is no load. */
    clear: () => {
      for (const list of [looks, reports, purchases]) list.length = 0;
      for (const code of Object.keys(troubles)) delete troubles[code];
      switches = 0;
    },
    report: (stopping: number): WorkerReport => ({
      looks,
      reports,
      purchases,
      switches,
      troubles,
      stopping,
    }),
  };
};

const send = (message: FromWorker): void => {
  process.send?.(message);
};

const begin = async (plan: WorkerPlan) => {
  const clock = pacedClock(plan.time);
  const tally = createTally(clock);
  const startOne = async (member: MemberPlan) => {
    const ledger = connectLedger({
      url: plan.chain,
      exchange: plan.exchange,
      coin: plan.coin,
      deployedAt: plan.deployedAt,
      signer: signerOf(member.key),
      clock,
      pollInterval: Seconds(2.5),
      outbox: join(plan.directory, `${member.account}-outbox.sqlite`),
      settles: false,
    });
    await ledger.start();
    const monitor = createMonitorClient({
      url: plan.monitor,
      login: plan.login,
      password: plan.password,
      sensorId: member.sensorId,
    });
    const common = {
      clock,
      ledger,
      monitor,
      store: join(plan.directory, `${member.account}.sqlite`),
      since: Instant(plan.since),
      onEvent: tally.listener(),
    };
    const relayClient = createRelayClient(plan.relay);
    const looked = tally.looks();
    const relay: AgentRelay = {
      read: (channels) => {
        looked();
        return relayClient.read(channels);
      },
      order: (changes) => relayClient.order(changes),
    };
    const { seller } = member;
    const agent = seller
      ? createConsumer({
          ...common,
          relay,
          settings: {
            limit: LIMIT,
            delta: DELTA,
            fuelgauge: true,
            channels: [seller.own],
            sellers: [{ name: 'seller', account: seller.account, channels: [seller.contact] }],
            maxGap: MAX_GAP,
          },
        })
      : createProducer({ ...common, settings: { price: Price(1_000_000n), maxGap: MAX_GAP } });
    await agent.start();
    return async () => {
      await agent.stop({ limit: Seconds(3600) });
      await ledger.stop();
    };
  };
  const stops = await Promise.all(plan.members.map(startOne));
  return {
    measure: tally.clear,
    end: async () => {
      const from = performance.now();
      await Promise.all(stops.map((stop) => stop()));
      send({ type: 'ended', report: tally.report(performance.now() - from) });
    },
  };
};

let hosted: Awaited<ReturnType<typeof begin>> | undefined;
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToWorker) => {
  const work = async (): Promise<void> => {
    if (message.type === 'begin') {
      hosted = await begin(message.plan);
      send({ type: 'ready' });
    } else if (message.type === 'measure') hosted?.measure();
    else await hosted?.end();
  };
  work().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
