import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch, start } from './support/daisee.ts';

interface Pair {
  readonly chainWh: string;
  readonly wireWh: string;
}

interface Summary {
  readonly type: 'summary';
  readonly largestDifference: number;
  readonly nodes: readonly {
    readonly node: string;
    readonly name: string;
    readonly produced: Pair;
    readonly consumed: readonly (Pair & { readonly origin: string })[];
  }[];
  readonly purchases: readonly {
    readonly boughtWh: string;
    readonly consumedWh: string;
    readonly remainingWh: string;
  }[];
  readonly coins: readonly { readonly before: string; readonly after: string }[];
  readonly gaps: readonly unknown[];
}

const micro = (text: string): bigint => BigInt(text.replace('.', ''));
const sum = (values: readonly string[]): bigint => values.reduce((total, value) => total + micro(value), 0n);

/** What must hold at the end of any lab, whatever happened to it. */
const expectTrueBooks = (summary: Summary): void => {
  expect(summary.type).toBe('summary');
  expect(summary.largestDifference).toBeLessThanOrEqual(0.001);
  expect(sum(summary.coins.map(({ after }) => after))).toBe(sum(summary.coins.map(({ before }) => before)));
  for (const { boughtWh, consumedWh, remainingWh } of summary.purchases)
    expect(micro(boughtWh)).toBe(micro(consumedWh) + micro(remainingWh));
  expect(summary.gaps).toEqual([]);
};

const summaryOf = (stdout: string): Summary => records(stdout).at(-1) as unknown as Summary;

/** A kept lab goes on, and its books are true at the end. */
const expectTrueBooksLater = async (directory: string): Promise<void> => {
  const { stdout } = await daisee([
    'demo',
    '--speed',
    '6000',
    '--duration',
    '1m',
    '--json',
    '--data',
    directory,
  ]);
  expectTrueBooks(summaryOf(stdout));
};

/** The parent of each process of this machine. */
const parents = (): ReadonlyMap<number, number> => {
  const found = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      // `pid (name) state parent …`; the name may hold anything, so the last bracket counts.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      found.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended meanwhile.
    }
  return found;
};

/** A process and all that it started, directly or not. */
const familyOf = (pid: number): readonly number[] => {
  const family = [pid];
  const all = parents();
  for (const member of family) for (const [child, parent] of all) if (parent === member) family.push(child);
  return family;
};

describe('daisee demo', () => {
  it("tells the page's story in its order, as JSON lines and nothing else, with true books at the end", {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await daisee(['demo', '--speed', '5000', '--duration', '75m', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const all = records(stdout);
    const summary = summaryOf(stdout);
    expectTrueBooks(summary);
    const [one, two] = summary.nodes.map(({ node }) => node);

    const first = (type: string, match: (record: Record<string, unknown>) => boolean = () => true) =>
      all.findIndex((record) => record['type'] === type && match(record));
    const own = first('consumed', ({ origin }) => origin === one);
    const bought = first('bought');
    const switched = first('switched', ({ source }) => source === two);
    const sold = first('consumed', ({ origin }) => origin === two);
    const back = first('switched', ({ source }) => source === one);
    expect(own).toBeGreaterThanOrEqual(0);
    expect([own, bought, switched, sold, back]).toEqual(
      [own, bought, switched, sold, back].toSorted((a, b) => a - b),
    );
    expect(all.filter(({ type }) => type === 'bought').length).toBeGreaterThan(1);
    expect(all[bought]).toEqual({
      type: 'bought',
      block: expect.any(Number),
      buyer: one,
      seller: two,
      energyWh: expect.stringMatching(/^\d+\.\d{6}$/),
      cost: expect.stringMatching(/^\d+\.\d{6}$/),
      time: expect.stringMatching(/Z$/),
    });
    // Whoever starts it has an address to open before anything else.
    const address = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(all[0]).toEqual({ type: 'apps', node1: address, node2: address, password: expect.any(String) });
    const told = all.slice(0, -1).filter(({ type }) => type !== 'apps' && type !== 'lab');
    expect(all.length - told.length).toBe(3);
    for (const record of told) expect(record['block'], JSON.stringify(record)).toEqual(expect.any(Number));
  });

  it('has the same story at another speed: results do not depend on it', { timeout: 120_000 }, async () => {
    const run = async (speed: string) => {
      const { stdout } = await daisee([
        'demo',
        '--speed',
        speed,
        '--duration',
        '12m',
        '--seed',
        '7',
        '--json',
      ]);
      const { nodes, purchases, largestDifference } = summaryOf(stdout);
      return {
        largestDifference,
        purchases: purchases.map(({ boughtWh, consumedWh }) => ({ boughtWh, consumedWh })),
        wires: nodes.map(({ produced, consumed }) => [
          produced.wireWh,
          produced.chainWh,
          ...consumed.map(({ chainWh, wireWh }) => [chainWh, wireWh]),
        ]),
      };
    };
    expect(await run('150')).toEqual(await run('100000'));
  });

  it('keeps true books on measured days of 1 and of 15 minutes', { timeout: 180_000 }, async () => {
    const directory = scratch();
    const write = (name: string, minutes: number, watts: (hour: number) => number) => {
      const rows = Array.from({ length: (6 * 60) / minutes + 1 }, (_, n) => {
        const at = new Date(Date.UTC(2025, 3, 3, 9) + n * minutes * 60_000);
        return `${at.toISOString()};${watts((n * minutes) / 60)
          .toFixed(1)
          .replace('.', ',')}`;
      });
      writeFileSync(join(directory, name), `time;power\n${rows.join('\n')}\n`);
      return join(directory, name);
    };
    // A kettle, a cooker, a fridge: steps of the kind that a meter of minutes shows.
    const load = (hour: number) =>
      90 +
      ((hour * 60) % 48 < 17 ? 85 : 0) +
      (hour % 1.5 < 0.05 ? 2000 : 0) +
      (hour > 2.5 && hour < 3.2 ? 1800 : 0);
    const solar = (hour: number) =>
      1800 * Math.sin(((hour + 3) / 12) * Math.PI) * (0.7 + 0.3 * Math.sin(hour * 9));
    for (const minutes of [1, 15]) {
      const { code, stdout, stderr } = await daisee([
        'demo',
        '--speed',
        '100000',
        '--duration',
        '4h',
        '--json',
        '--load',
        write(`load-${minutes}.csv`, minutes, load),
        '--solar',
        write(`solar-${minutes}.csv`, minutes, solar),
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expectTrueBooks(summaryOf(stdout));
      expect(records(stdout).some(({ type }) => type === 'bought')).toBe(true);
    }
  });

  it('loses nothing when it is killed at any moment and started again', { timeout: 180_000 }, async () => {
    const directory = join(scratch(), 'lab');
    const args = ['demo', '--json', '--speed', '150', '--data', directory];
    for (const wait of [300, 4000, 6000, 5000, 7000]) {
      const lab = start(args);
      await delay(wait);
      lab.signal('SIGKILL');
      await lab.ended;
    }
    const { code, stdout, stderr } = await daisee([...args, '--duration', '5m']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectTrueBooks(summaryOf(stdout));
  });

  it('ends like on Ctrl-C when nobody reads its output any more', { timeout: 60_000 }, async () => {
    const directory = join(scratch(), 'lab');
    const lab = start(['demo', '--speed', '600', '--data', directory]);
    await lab.line(/^# .*consumed .* of its own energy/);
    lab.closeOutput();
    const { code, stderr } = await lab.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expectTrueBooksLater(directory);
  });

  it('ends on Ctrl-C with its books complete, the relay at rest and nothing left running', {
    timeout: 60_000,
  }, async () => {
    const directory = join(scratch(), 'lab');
    const lab = start(['demo', '--speed', '300', '--data', directory]);
    await lab.line(/the relay puts Node 1 on Node 2's source/);
    const family = familyOf(lab.pid);
    expect(family.length).toBeGreaterThan(1);
    lab.signal('SIGINT');
    const { code, stdout } = await lab.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^DAISEE App: http:\/\/127\.0\.0\.1:\d+ \(Node 1\), http:\/\/127\.0\.0\.1:\d+ \(Node 2\)\. To act there, log in with the password \S+\n/,
    );
    expect(stdout).toContain('Largest difference');
    const switches = stdout.split('\n').filter((line) => line.includes('the relay puts'));
    expect(switches.at(-1)).toContain('back on its own battery (contacts 0 off, 1 off, 2 off, 3 off)');
    // The chain's watcher ends by itself a moment after the process that it watches.
    const left = () => {
      const alive = parents();
      return family.filter((pid) => alive.has(pid));
    };
    await expect.poll(left, { timeout: 5000 }).toEqual([]);
    await expectTrueBooksLater(directory);
  });
});
