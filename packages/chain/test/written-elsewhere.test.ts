import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { onHistory, openDatabase } from '../src/history/database.ts';
import { openOutbox } from '../src/outbox.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'daisee-chain-'));
  directories.push(directory);
  return directory;
};

const messageFrom = (work: () => unknown): { code: string; message: string } => {
  try {
    work();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error('it did not fail');
};

/** What nobody may be told of a file that another process has: he would destroy what is in it. */
const expectNoRemedyThatDestroys = ({ message }: { message: string }): void => {
  expect(message).toContain('in use by another process');
  expect(message).toContain('leave it where it is');
  expect(message).not.toMatch(/delete|move|disk|damaged/i);
};

describe('a file that two processes write is told as that, and never as damage', () => {
  it('the history, where both add the same event', () => {
    const file = join(scratch(), 'history.sqlite');
    const [one, two] = [openDatabase(file), openDatabase(file)];
    const add = (database: DatabaseSync) =>
      onHistory(file, () =>
        database
          .prepare("INSERT INTO events (position, at, hash, type, fact) VALUES (7, 0, '0x', 'paused', '{}')")
          .run(),
      );
    add(one);
    const told = messageFrom(() => add(two));
    expect(told.code).toBe('chain.history-shared');
    expectNoRemedyThatDestroys(told);
    one.close();
    two.close();
  });

  it('the history, where one has its lock', () => {
    const file = join(scratch(), 'history.sqlite');
    openDatabase(file).close();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const mine = new DatabaseSync(file, { timeout: 0 });
    const told = messageFrom(() => onHistory(file, () => mine.exec('BEGIN IMMEDIATE')));
    expect(told.code).toBe('chain.history-shared');
    expectNoRemedyThatDestroys(told);
    mine.close();
    other.close();
  });

  it('the outbox, where one has its lock', { timeout: 30_000 }, () => {
    const file = join(scratch(), 'outbox.sqlite');
    const account = `0x${'1'.repeat(40)}` as const;
    const outbox = openOutbox(file, 'chain', account);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const entry = { hash: '0x01', nonce: 0, raw: '0x02', what: 'a report', intent: undefined } as const;
    const told = messageFrom(() => outbox.add(entry));
    expect(told.code).toBe('chain.outbox-shared');
    expectNoRemedyThatDestroys(told);
    other.close();
    outbox.add(entry);
    expect(outbox.pending()).toHaveLength(1);
    outbox.close();
  });
});
