/** One step: the whole community at one speed for a while, then its end, its books and what everything cost. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLedger, type Ledger } from '@daisee/chain';
import type { Clock } from '@daisee/units';
import { wrongBooks } from './books.ts';
import { createNeighbourhood, type Neighbourhood } from './neighbourhood.ts';
import type { FromWorker, MemberPlan, WorkerPlan, WorkerReport } from './plan.ts';
import { type Process, startProgram, usageOf } from './processes.ts';
import { type Services, startServices } from './services.ts';

export interface StepOptions {
  readonly agents: number;
  /** How many times real speed: what the community asks of the machine grows with it. */
  readonly speed: number;
  /** Real seconds of load, after a start that is not measured. */
  readonly seconds: number;
  /** Processes that the agents are spread over. */
  readonly workers: number;
  /** A PostgreSQL server for the monitor. */
  readonly database: string;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

type Part = 'agents' | 'chain' | 'monitor' | 'postgres' | 'boards' | 'meters';

/** What a part used while the load lasted: `cpu` in cores, resident `memory` in bytes at its end. */
interface Use {
  readonly cpu: number;
  readonly memory: number;
}

export interface StepResult {
  readonly agents: number;
  readonly speed: number;
  readonly blocks: number;
  /** Ms on the community's clock since the newest block, looked at twice a second. */
  readonly blockAges: readonly number[];
  /** What all agents told together; `stopping` is the longest. */
  readonly told: WorkerReport;
  readonly samples: number;
  readonly pushes: readonly number[];
  readonly refused: number;
  readonly mostWaiting: number;
  /** Real seconds of the load, and from its end until all that was measured was on the books. */
  readonly seconds: number;
  readonly settling: number;
  readonly uses: Readonly<Record<Part, Use>>;
  /** What was wrong in the end, a sentence each: nothing, or the product is broken. */
  readonly wrong: readonly string[];
}

const together = (reports: readonly WorkerReport[]): WorkerReport => {
  const troubles: Record<string, number> = {};
  for (const report of reports)
    for (const [code, count] of Object.entries(report.troubles))
      troubles[code] = (troubles[code] ?? 0) + count;
  return {
    looks: reports.flatMap(({ looks }) => looks),
    reports: reports.flatMap((report) => report.reports),
    purchases: reports.flatMap(({ purchases }) => purchases),
    switches: reports.reduce((sum, { switches }) => sum + switches, 0),
    troubles,
    stopping: Math.max(...reports.map(({ stopping }) => stopping)),
  };
};

/** The server's own process, by the lock beside its socket; none where it is reached otherwise. */
const postgresPids = (database: string): readonly number[] => {
  const folder = new URL(database).searchParams.get('host');
  if (folder === null) return [];
  const pid = Number(readFileSync(join(folder, '.s.PGSQL.5432.lock'), 'utf8').split('\n')[0]);
  return Number.isInteger(pid) ? [pid] : [];
};

const startWorkers = async (
  { plan, members }: Services,
  { workers, directory }: { readonly workers: number; readonly directory: string },
  onStarted: (process: Process) => void,
) => {
  const reports: WorkerReport[] = [];
  const ended = Promise.withResolvers<readonly WorkerReport[]>();
  const hear = (message: FromWorker): void => {
    if (message.type !== 'ended') return;
    reports.push(message.report);
    if (reports.length === workers) ended.resolve(reports);
  };
  const share = Math.ceil(members.length / workers);
  const processes = await Promise.all(
    Array.from({ length: workers }, async (_, n) => {
      const folder = join(directory, `agents-${n}`);
      mkdirSync(folder, { mode: 0o700 });
      const mine = members.slice(n * share, (n + 1) * share);
      const work: WorkerPlan = { ...plan, members: mine, directory: folder };
      const begin = { type: 'begin', plan: work };
      const { process } = await startProgram<FromWorker>('a process of agents', './worker.ts', begin, hear);
      onStarted(process);
      return process;
    }),
  );
  return {
    pids: processes.map(({ child }) => child.pid ?? 0),
    measure: () => {
      for (const { child } of processes) child.send({ type: 'measure' });
    },
    end: async (): Promise<WorkerReport> => {
      for (const { child } of processes) child.send({ type: 'end' });
      return together(await ended.promise);
    },
  };
};

/** Waits out the load and measures what each part uses meanwhile. */
const load = async (
  options: StepOptions,
  pids: Readonly<Record<Exclude<Part, 'meters'>, readonly number[]>>,
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
) => {
  const { seconds, speed, signal, onProgress } = options;
  const parts = Object.entries(pids) as [Exclude<Part, 'meters'>, readonly number[]][];
  const before = new Map(parts.map(([part, ids]) => [part, usageOf(ids).cpu]));
  const ours = process.cpuUsage();
  const from = performance.now();
  const first = await ledger.block();
  const blockAges: number[] = [];
  let passed = 0;
  while (passed < seconds) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    signal.throwIfAborted();
    const { at } = await ledger.block();
    blockAges.push(clock.now() - at);
    passed = (performance.now() - from) / 1000;
    onProgress(`${Math.round(passed)} of ${seconds} s at ${speed} times real speed`);
  }
  const last = await ledger.block();
  const { user, system } = process.cpuUsage(ours);
  const uses: Record<Part, Use> = {
    agents: { cpu: 0, memory: 0 },
    chain: { cpu: 0, memory: 0 },
    monitor: { cpu: 0, memory: 0 },
    postgres: { cpu: 0, memory: 0 },
    boards: { cpu: 0, memory: 0 },
    meters: { cpu: (user + system) / 1e6 / passed, memory: process.memoryUsage.rss() },
  };
  for (const [part, ids] of parts) {
    const { cpu, memory } = usageOf(ids);
    uses[part] = { cpu: (cpu - (before.get(part) ?? 0)) / passed, memory };
  }
  return { uses, blockAges, blocks: last.number - first.number, seconds: passed };
};

/** @throws CommunityBroken when a process ends by itself */
export const runStep = async (options: StepOptions): Promise<StepResult> => {
  const { agents, speed, signal, database, workers: count, onProgress } = options;
  const directory = mkdtempSync(join(tmpdir(), 'daisee-overload-'));
  const started: Process[] = [];
  const onStarted = (process: Process): void => void started.push(process);
  let neighbourhood: Neighbourhood | undefined;
  let ledger: Ledger | undefined;
  try {
    const services = await startServices({
      directory,
      pairs: Math.floor(agents / 2),
      speed,
      database,
      onContacts: (states) => neighbourhood?.contacts(states),
      onStarted,
      onProgress,
    });
    const { plan, members, clock, authorization } = services;
    signal.throwIfAborted();
    neighbourhood = createNeighbourhood({ members, clock, monitor: plan.monitor, authorization });
    ledger = connectLedger({ url: plan.chain, exchange: plan.exchange, coin: plan.coin, clock });
    await ledger.start(signal);
    let coins = 0n;
    for (const { account } of members) coins += await ledger.balance(account);

    onProgress(`starting ${members.length} agents`);
    neighbourhood.start();
    const workers = await startWorkers(services, { workers: count, directory }, onStarted);
    const pid = ({ child }: Process): readonly number[] => [child.pid ?? 0];
    const pids = {
      agents: workers.pids,
      chain: pid(services.chain),
      monitor: pid(services.monitor),
      postgres: postgresPids(database),
      boards: pid(services.boards),
    };
    workers.measure();
    neighbourhood.measure();
    const used = await load(options, pids, { ledger, clock });

    onProgress('taking the last samples and settling the books');
    const over = performance.now();
    await neighbourhood.stop();
    const told = await workers.end();
    const settling = (performance.now() - over) / 1000;
    const measured = (member: MemberPlan): bigint => neighbourhood?.register(member) ?? 0n;
    const wrong = await wrongBooks({ ledger, members, measured, coins });
    const { twoSources, samples, pushes, refused, mostWaiting } = neighbourhood;
    return {
      ...used,
      agents: members.length,
      speed,
      told,
      samples,
      pushes,
      refused,
      mostWaiting,
      settling,
      wrong: [...wrong, ...(twoSources > 0 ? [`Two sources were on one load ${twoSources} times.`] : [])],
    };
  } finally {
    await ledger?.stop();
    for (const one of started.toReversed()) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  }
};
