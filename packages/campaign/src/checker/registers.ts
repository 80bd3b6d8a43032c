/** Law 1 at the end: chain = agent's books to the unit = the twin's energy within 0.1 %; monitors = their own samples. */
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { Address } from '@daisee/chain';
import { emptyIntegration, type Gap, integrate } from '@daisee/meter';
import { openStore } from '@daisee/monitor';
import { Instant } from '@daisee/units';
import type { Law, Violation } from '../doors.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { MAX_GAP } from '../stage/world.ts';
import { type ExpectedOptions, expectedEnergy, measuredEnergy, type Point, type Turn } from './expected.ts';
import { undueGaps } from './gaps.ts';
import { iso } from './wires.ts';

/** A share, and Wh for sums that are still small. */
const TOLERANCE = 0.001;
const LEAST = 0.0005;

interface Books {
  readonly since: number;
  readonly until: number;
  readonly origins: ReadonlyMap<string, bigint>;
  readonly turns: readonly Turn[];
  readonly gaps: readonly Gap[];
}

type Row = Record<string, SQLOutputValue>;

const booksOf = (file: string): Books => {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const rows = (sql: string): readonly Row[] => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all();
    };
    const [agent] = rows('SELECT since, at FROM agent');
    return {
      since: Number(agent?.['since'] ?? 0),
      until: Number(agent?.['at'] ?? 0),
      origins: new Map(
        rows('SELECT account, register FROM origins').map((row) => [
          String(row['account']).toLowerCase(),
          row['register'] as bigint,
        ]),
      ),
      turns: rows('SELECT at, origin FROM journal ORDER BY id').map((row) => ({
        at: Number(row['at']),
        origin: String(row['origin']).toLowerCase(),
      })),
      gaps: rows('SELECT started, ended FROM gaps').map((row) => ({
        from: Instant(Number(row['started'])),
        to: Instant(Number(row['ended'])),
      })),
    };
  } finally {
    database.close();
  }
};

const wh = (energy: number): string => `${energy.toFixed(6)} Wh`;

const differs = (register: bigint, expected: number): boolean =>
  Math.abs(Number(register) / 1e6 - expected) > Math.max(LEAST, TOLERANCE * expected);

/** @returns what breaks law 1 in the books of agents and chain; the agents have ended */
export const checkRegisters = async (stage: CheckedStage): Promise<readonly Violation[]> => {
  const { clock, twin, gateways, ledger, people } = stage;
  const found: Violation[] = [];
  const tell = (law: Law, what: string): void => void found.push({ law, at: clock.now(), what });
  const changes = twin.contacts.map(({ at }) => at);
  const points = (number: 1 | 2): readonly Point[] =>
    gateways[number].witnessed.map(({ sample, truth }) => ({
      at: sample.at,
      power: sample.power,
      energy: number === 1 ? truth.fromOwn + truth.fromNode2 : truth.panel,
    }));
  const checkGaps = (number: 1 | 2, { gaps }: Books): void => {
    const samples = gateways[number].witnessed.map(({ sample: { at } }) => ({
      at,
      delivery: gateways[number].delivery(at),
    }));
    stage.note(`agent${number} declared ${gaps.length} gaps`);
    for (const { gap, between } of undueGaps(gaps, samples, MAX_GAP))
      tell(
        1,
        `agent${number} declared a gap from ${iso(gap.from)} to ${iso(gap.to)} ${between ? `over the samples of ${iso(between[0])} and ${iso(between[1])}, which its monitor had acknowledged before it was sent the one that ends the gap` : 'that does not begin and end with samples'}`,
      );
  };
  const compare = async (
    agent: 'agent1' | 'agent2',
    books: Books,
    options: Omit<ExpectedOptions, keyof Books>,
    onChain: (origin: Address) => Promise<bigint>,
  ): Promise<void> => {
    const expected = expectedEnergy({ ...books, ...options });
    const measured = measuredEnergy({ ...books, ...options });
    for (const [origin, register] of books.origins) {
      const there = await onChain(origin as Address);
      if (there !== register)
        tell(1, `${agent} has ${register} µWh of ${origin} in its books, the chain ${there}`);
      const energy = expected.get(origin) ?? 0;
      const shown = `${agent}, energy of ${origin}: books ${wh(Number(register) / 1e6)}, samples ${wh(measured.get(origin) ?? 0)}, wires ${wh(energy)}`;
      stage.note(shown);
      if (!differs(register, energy)) continue;
      const sources = books.turns
        .slice(-60)
        .map(({ at, origin: to }) => `${to.slice(0, 6)} from ${iso(at)}`)
        .join(', ');
      tell(
        1,
        `${shown}: another energy in its books than the wires carried between its samples, from ${iso(books.since)} to ${iso(books.until)}, ${books.gaps.length} gaps left out; sources ${sources}`,
      );
    }
  };
  const one = booksOf(join(stage.directory('agent1'), 'agent.sqlite'));
  checkGaps(1, one);
  await compare('agent1', one, { points: points(1), changes }, (origin) =>
    ledger.consumption(people.node1, origin),
  );
  const two = booksOf(join(stage.directory('agent2'), 'agent.sqlite'));
  checkGaps(2, two);
  const always = [{ at: 0, origin: people.node2.toLowerCase() }];
  await compare('agent2', { ...two, turns: always }, { points: points(2), changes: [] }, () =>
    ledger.production(people.node2),
  );
  return found;
};

/** @returns what breaks law 1 in the stores of the monitors, which have ended */
export const checkMonitors = (stage: CheckedStage): readonly Violation[] => {
  const found: Violation[] = [];
  for (const number of [1, 2] as const) {
    const name = `monitor${number}` as const;
    const tell = (what: string): void =>
      void found.push({ law: 1, at: stage.clock.now(), what: `${name}: ${what}` });
    const store = openStore({ file: join(stage.directory(name), 'monitor.sqlite') });
    try {
      const stored = store.samples(1, Instant(0), Instant(Number.MAX_SAFE_INTEGER));
      let state = emptyIntegration;
      for (const sample of stored) {
        state = integrate(state, sample, { sign: 'load', maxGap: MAX_GAP }).state;
        if (state.register === sample.register) continue;
        tell(
          `its register at ${iso(sample.at)} is ${sample.register} µWh, and its samples make ${state.register}`,
        );
        break;
      }
      const sent = stage.gateways[number].witnessed.map(({ sample }) => sample.at as number);
      const there = new Set(stored.map(({ at }) => at as number));
      const lost = sent.filter((at) => !there.has(at));
      if (lost.length > stage.gateways[number].waiting)
        tell(`${lost.length} samples that it acknowledged are not there, the first of ${iso(lost[0] ?? 0)}`);
      if (there.size !== stored.length || stored.length > sent.length)
        tell(`it has ${stored.length} samples of ${sent.length} that were taken`);
    } finally {
      store.close();
    }
  }
  return found;
};
