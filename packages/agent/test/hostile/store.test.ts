/** The agent's own file, damaged: what it says is used whole, or it is refused; nothing is taken for zero. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostile, nearlyBytes } from '@daisee/fuzz';
import { Instant, Register } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { openAgentStore } from '../../src/store.ts';

const ACCOUNT = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';
const SELLER = '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558';
const identity = { role: 'consumer', account: ACCOUNT, exchange: SELLER, chainId: 7 } as const;
const directory = mkdtempSync(join(tmpdir(), 'daisee-agent-'));
const sound = join(directory, 'agent.sqlite');
const store = openAgentStore(sound, identity, Instant(0));
for (let at = 1; at < 30; at++)
  store.commit({
    turn: { at: Instant(at * 1000), origin: at % 2 ? SELLER : ACCOUNT },
    ownBase: Register(BigInt(at)),
  });
store.close();

describe('a damaged file of the agent', () => {
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'damaged.sqlite');
  const put = (bytes: Uint8Array): void => {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(file + end, { force: true });
    writeFileSync(file, bytes);
  };

  hostile('is opened with registers and turns as they are, or refused', {
    sample: 60,
    input: nearlyBytes(readFileSync(sound)),
    feed: (bytes) => {
      put(bytes);
      const opened = openAgentStore(file, identity, Instant(0));
      try {
        const { journal, ownBase, since } = opened.kept();
        expect(journal.length).toBeGreaterThan(0);
        for (const { at, origin } of journal) {
          expect(Number.isFinite(at)).toBe(true);
          expect(origin).toMatch(/^0x[0-9a-fA-F]{40}$/);
        }
        expect(ownBase >= 0n && Number.isFinite(since)).toBe(true);
        opened.commit({ turn: { at: Instant(99_000), origin: ACCOUNT } });
      } finally {
        opened.close();
      }
    },
  });

  hostile('is read for charts, or refused', {
    sample: 60,
    input: fc.tuple(nearlyBytes(readFileSync(sound)), fc.integer(), fc.integer()),
    feed: ([bytes, from, to]) => {
      put(bytes);
      const opened = openAgentStore(file, identity, Instant(0));
      try {
        for (const { at, origin } of opened.sources(Instant(from), Instant(to))) {
          expect(Number.isFinite(at)).toBe(true);
          expect(origin).toMatch(/^0x[0-9a-fA-F]{40}$/);
        }
      } finally {
        opened.close();
      }
    },
  });
});
