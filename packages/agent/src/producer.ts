/** The producer: books what its meter measures, reports its production, offers its price. */
import type { Address } from '@daisee/chain';
import { DEFAULT_MAX_GAP } from '@daisee/meter';
import { type Clock, Duration, type Instant, type Price, Register } from '@daisee/units';
import type { AgentEvent } from './events.ts';
import { createLane } from './lane.ts';
import { type Agent, createLife, type Session } from './life.ts';
import { createMetering, createMonitorTime } from './metering.ts';
import type { AgentLedger, AgentMonitor } from './ports.ts';
import { RegisterBehind } from './register-behind.ts';
import { DEFAULT_PERIOD, DEFAULT_REPORT, type ProducerSettings } from './settings.ts';
import { openAgentStore } from './store.ts';
import { createTroubles } from './troubles.ts';
import type { ProducerWishes } from './wishes.ts';

export interface ProducerOptions {
  readonly clock: Clock;
  readonly ledger: AgentLedger;
  readonly monitor: AgentMonitor;
  /** The agent's own SQLite file; made when it is not there. */
  readonly store: string;
  readonly settings: ProducerSettings;
  /** What the person wishes instead, asked at every look. */
  readonly wishes?: () => ProducerWishes;
  /** Where a new file's books begin: samples of the monitor from here on count. Default: the start. */
  readonly since?: Instant;
  readonly onEvent?: (event: AgentEvent) => void;
}

const openSession = (options: ProducerOptions, account: Address): Session => {
  const { clock, ledger, monitor } = options;
  const { report: every = DEFAULT_REPORT, maxGap = DEFAULT_MAX_GAP } = options.settings;
  const wishedPrice = (): Price | undefined => options.wishes?.().price ?? options.settings.price;
  const emit = (event: AgentEvent): void => options.onEvent?.(event);
  const time = createMonitorTime(clock, monitor);
  const { now } = time;
  const troubles = createTroubles(now, emit);
  const store = openAgentStore(
    options.store,
    {
      role: 'producer',
      account,
      exchange: ledger.exchange,
      chainId: ledger.chainId,
      firstBlock: ledger.firstBlock,
    },
    options.since ?? clock.now(),
  );
  const metering = createMetering({
    time,
    monitor,
    store,
    rule: { sign: 'source', maxGap },
    withCharge: false,
    troubles,
    emit,
    onEnergy: (at, _origin, energy, register) => emit({ type: 'produced-locally', at, energy, register }),
  });
  let reported: Register | undefined;
  let priced: Price | undefined;

  const register = (): Register => store.kept().books.totals.get(account)?.register ?? Register(0n);

  const prepare = async (): Promise<void> => {
    await ledger.settle();
    const [onLedger, node] = await Promise.all([ledger.production(account), ledger.node(account)]);
    const { books } = store.kept();
    if (!books.totals.has(account)) {
      store.commit({
        books: { ...books, totals: new Map([[account, { register: onLedger, remainder: 0n }]]) },
      });
      if (onLedger > 0n) emit({ type: 'continued', at: now(), register: onLedger });
    } else if (onLedger > register())
      throw new RegisterBehind('produced', undefined, register(), onLedger, store.file);
    reported = onLedger;
    // One that was announced already is not announced again: that would begin its notice anew.
    priced = node.nextPrice?.price ?? node.price;
  };

  const lane = createLane({
    clock,
    period: Duration(Math.min(every, DEFAULT_PERIOD)),
    now,
    troubles,
    settle: prepare,
  });

  const report = async (): Promise<void> => {
    const ours = register();
    if (ours <= (reported ?? 0n)) return;
    store.force();
    const { block, hash } = await lane.mined(() => ledger.reportProduction(ours));
    reported = ours;
    emit({ type: 'reported', at: now(), register: ours, block, hash });
  };

  const offer = async (): Promise<void> => {
    const price = wishedPrice();
    if (price === undefined || price === priced) return;
    const { block, hash } = await lane.mined(() => ledger.setPrice(price));
    priced = price;
    emit({ type: 'priced', at: now(), price, block, hash });
  };

  return {
    describe: () => ({ role: 'producer', account, measuredAt: store.kept().books.integration.last?.at }),
    sources: store.sources,
    every,
    troubles,
    emit,
    now,
    settled: async () => {
      lane.tick();
      await clock.aside(lane.idle);
      return lane.failure();
    },
    period: async () => {
      lane.tick();
      if (store.kept().books.totals.size === 0) return;
      await metering.collect();
      if (lane.inFlight() !== 'nothing') return;
      const price = wishedPrice();
      if (price !== undefined && price !== priced) lane.run('report', 'price', offer);
      if (register() > (reported ?? 0n)) lane.run('report', 'report', report);
    },
    steps: {
      samples: metering.collect,
      ledger: async () => {
        await clock.aside(lane.idle);
        if (lane.inFlight() === 'unsettled') await prepare();
        await report();
        await ledger.settle();
      },
    },
    close: store.close,
  };
};

/** A producer: its registers of production on the ledger, and its price; nothing else. */
export const createProducer = (options: ProducerOptions): Agent =>
  createLife(options.clock, options.ledger, (account) => openSession(options, account));
