import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { emptyIntegration } from '@daisee/meter';
import { Coin, Energy, Instant, Register, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Identity, openAgentStore } from '../src/store.ts';
import { NODE, SELLER_1, SELLER_2, START } from './world/lab.ts';

const identity: Identity = { role: 'consumer', account: NODE, exchange: SELLER_2, chainId: 7 };
let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daisee-store-'));
  file = join(directory, 'agent.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const books = {
  integration: {
    ...emptyIntegration,
    register: Register(9_007_199_254_740_993n),
    remainder: 7_199_999n,
    debt: 3n,
    highest: 2_000_000_000n,
    last: { at: Instant(START + 8000), power: Watts(123.456789) },
  },
  totals: new Map([
    [NODE, { register: Register(9_007_199_254_740_993n), remainder: 1n }],
    [SELLER_1, { register: Register(2n), remainder: 3n }],
  ]),
  peak: Watts(222.25),
};

describe('the agent’s file', () => {
  it('begins on its own source', () => {
    const store = openAgentStore(file, identity, START);
    expect(store.kept().journal).toEqual([{ at: START, origin: NODE }]);
    expect(store.kept().since).toBe(START);
    expect(store.kept().books.totals.size).toBe(0);
    store.close();
  });

  it('gives back after a kill what was committed, to the last digit', () => {
    const store = openAgentStore(file, identity, START);
    store.commit({ books, gaps: [{ from: START, to: Instant(START + 1) }] });
    store.commit({
      purchased: new Map([[SELLER_1, Energy(5n)]]),
      spending: { day: '2026-06-01', before: Coin(2n ** 100n) },
      ownBase: Register(4n),
      order: { at: Instant(START + 9000), origin: SELLER_1 },
      turn: { at: Instant(START + 8500), origin: SELLER_2 },
    });
    // Not closed: as after a kill.
    const again = openAgentStore(file, identity, Instant(0));
    expect(again.kept()).toEqual(store.kept());
    expect(again.kept().books).toEqual(books);
    again.commit({ order: undefined });
    expect(openAgentStore(file, identity, START).kept().order).toBeUndefined();
    again.close();
  });

  it('writes books alone every five minutes, all of them with anything else, when forced and at the end', () => {
    const at = (seconds: number) => ({
      ...books,
      integration: {
        ...books.integration,
        last: { at: Instant(START + seconds * 1000), power: Watts(1) },
      },
    });
    const seconds = () => {
      const database = new DatabaseSync(file, { readOnly: true });
      const [row, gaps] = ['SELECT at FROM agent', 'SELECT count(*) AS n FROM gaps'].map((sql) =>
        database.prepare(sql).get(),
      );
      database.close();
      return [(Number(row?.['at']) - START) / 1000, gaps?.['n']];
    };
    const gaps = [{ from: START, to: Instant(START + 1) }];
    const store = openAgentStore(file, identity, START);
    store.commit({ books: at(8) });
    expect(seconds()).toEqual([8, 0]);
    store.commit({ books: at(307), gaps });
    expect(store.kept().books).toEqual(at(307));
    expect(seconds()).toEqual([8, 0]);
    store.commit({ books: at(308), gaps });
    expect(seconds()).toEqual([308, 2]);
    store.commit({ books: at(316), gaps });
    store.commit({ order: { at: Instant(START + 320_000), origin: SELLER_1 } });
    expect(seconds()).toEqual([316, 3]);
    store.commit({ books: at(324) });
    store.force();
    expect(seconds()).toEqual([324, 3]);
    store.commit({ books: at(332), gaps });
    store.close();
    expect(seconds()).toEqual([332, 4]);
  });

  it('keeps where the meter’s counters are', () => {
    const store = openAgentStore(file, identity, START);
    const last = { at: Instant(START + 8000), counter: Energy(2n ** 60n) };
    const counter = { line: { last, doubted: { ...last, from: Energy(0n) } }, since: -(2n ** 80n) };
    store.commit({ books: { ...books, integration: { ...books.integration, counter, exportedDebt: 5n } } });
    const again = openAgentStore(file, identity, START);
    expect(again.kept()).toEqual(store.kept());
    expect(again.kept().books.integration.counter).toEqual(counter);
    again.close();
    store.close();
  });

  it('opens a file of schema 1 with all that is in it', () => {
    const store = openAgentStore(file, identity, START);
    store.commit({ books });
    const before = store.kept();
    store.close();
    const older = new DatabaseSync(file);
    older.exec(
      'ALTER TABLE agent DROP COLUMN counters; ALTER TABLE agent DROP COLUMN first_block; PRAGMA user_version = 1',
    );
    older.close();
    const again = openAgentStore(file, identity, START);
    expect(again.kept()).toEqual(before);
    again.commit({ books });
    again.close();
    openAgentStore(file, identity, START).close();
  });

  it('keeps of the journal in memory what samples to come can need, and all of it on disk', () => {
    const store = openAgentStore(file, identity, START);
    for (const seconds of [1, 2, 3, 20])
      store.commit({ turn: { at: Instant(START + seconds * 1000), origin: seconds % 2 ? SELLER_1 : NODE } });
    store.commit({ books });
    const needed = [
      { at: START + 3000, origin: SELLER_1 },
      { at: START + 20_000, origin: NODE },
    ];
    expect(store.kept().journal).toEqual(needed);
    store.close();
    expect(openAgentStore(file, identity, START).kept().journal).toEqual(needed);
    const database = new DatabaseSync(file, { readOnly: true });
    expect(database.prepare('SELECT count(*) AS n FROM journal').get()).toEqual({ n: 5 });
    database.close();
  });

  it('changes nothing, in memory either, when a commit fails', () => {
    const store = openAgentStore(file, identity, START);
    store.commit({ books });
    const before = store.kept();
    const tooLarge = { register: Register(2n ** 70n), remainder: 0n };
    expect(() =>
      store.commit({
        turn: { at: START, origin: SELLER_1 },
        books: { ...books, totals: new Map([[NODE, tooLarge]]) },
      }),
    ).toThrow(expect.objectContaining({ code: 'agent.store' }));
    expect(store.kept()).toBe(before);
    store.force();
    store.close();
    const again = openAgentStore(file, identity, START);
    expect(again.kept()).toEqual(before);
    again.close();
  });

  it('refuses the file of another account, and says whose it is', () => {
    openAgentStore(file, identity, START).close();
    expect(() => openAgentStore(file, { ...identity, account: SELLER_1 }, START)).toThrow(
      expect.objectContaining({
        code: 'agent.store-of-another',
        message: expect.stringContaining(NODE) as string,
      }),
    );
  });

  it('refuses a chain that was begun anew under the same id, once it has seen the first block', () => {
    openAgentStore(file, identity, START).close();
    const known = { ...identity, firstBlock: '0xaa' };
    openAgentStore(file, known, START).close(); // taken from the first chain that tells it
    openAgentStore(file, identity, START).close(); // a client that has forgotten it
    openAgentStore(file, known, START).close();
    expect(() => openAgentStore(file, { ...identity, firstBlock: '0xbb' }, START)).toThrow(
      expect.objectContaining({
        code: 'agent.store-of-another-chain',
        retryable: false,
        message: expect.stringMatching(/0xaa.*0xbb.*move this file away/) as string,
      }),
    );
    const anew = join(directory, 'anew');
    openAgentStore(anew, known, START).close();
    expect(() => openAgentStore(anew, { ...known, firstBlock: '0xbb' }, START)).toThrow(
      expect.objectContaining({ code: 'agent.store-of-another-chain' }),
    );
  });

  it('of an older version learns the first block', () => {
    openAgentStore(file, identity, START).close();
    const older = new DatabaseSync(file);
    older.exec('ALTER TABLE agent DROP COLUMN first_block; PRAGMA user_version = 2');
    older.close();
    openAgentStore(file, { ...identity, firstBlock: '0xaa' }, START).close();
    expect(() => openAgentStore(file, { ...identity, firstBlock: '0xbb' }, START)).toThrow(
      expect.objectContaining({ code: 'agent.store-of-another-chain' }),
    );
  });

  it('takes the same account in other letters', () => {
    openAgentStore(file, identity, START).close();
    const upper = `0x${NODE.slice(2).toUpperCase()}` as const;
    openAgentStore(file, { ...identity, account: upper }, START).close();
  });

  it('refuses another program’s database, text, a newer schema and a missing folder', () => {
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE other (x); PRAGMA user_version = 3');
    database.close();
    expect(() => openAgentStore(file, identity, START)).toThrow(
      expect.objectContaining({ code: 'agent.store-foreign' }),
    );
    const text = join(directory, 'text');
    writeFileSync(text, 'no database, but long enough to be taken for one '.repeat(40));
    expect(() => openAgentStore(text, identity, START)).toThrow(
      expect.objectContaining({ code: 'agent.store' }),
    );
    const newer = join(directory, 'newer');
    openAgentStore(newer, identity, START).close();
    const raise = new DatabaseSync(newer);
    raise.exec('PRAGMA user_version = 99');
    raise.close();
    expect(() => openAgentStore(newer, identity, START)).toThrow(
      expect.objectContaining({ code: 'agent.store-newer' }),
    );
    expect(() => openAgentStore(join(directory, 'none', 'x'), identity, START)).toThrow(
      expect.objectContaining({ code: 'agent.store', message: expect.stringContaining('folder') as string }),
    );
  });

  it('notices a second agent on the same file', () => {
    const one = openAgentStore(file, identity, START);
    const other = openAgentStore(file, identity, START);
    one.commit({ books });
    expect(() => other.commit({ books })).toThrow(expect.objectContaining({ code: 'agent.store-shared' }));
    one.commit({ books });
    one.close();
    other.close();
    expect(() => one.commit({ books })).toThrow(expect.objectContaining({ code: 'agent.store' }));
  });
});

describe('a damaged file', () => {
  it('whose accounts are none is refused, not reported to the ledger', () => {
    const directory = mkdtempSync(join(tmpdir(), 'daisee-store-'));
    const file = join(directory, 'agent.sqlite');
    const account = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';
    const identity = { role: 'consumer', account, exchange: account, chainId: 7 } as const;
    openAgentStore(file, identity, Instant(0)).close();
    const database = new DatabaseSync(file);
    database.exec("UPDATE journal SET origin = 'x' || origin");
    database.close();
    expect(() => openAgentStore(file, identity, Instant(0))).toThrow(
      expect.objectContaining({ code: 'agent.store-damaged' }),
    );
    rmSync(directory, { recursive: true });
  });
});
