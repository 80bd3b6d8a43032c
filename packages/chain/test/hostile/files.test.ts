/** What this room keeps on disk, damaged: it opens with what it says, or is refused; nothing crashes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostile, nearlyBytes } from '@daisee/fuzz';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openDatabase } from '../../src/history/database.ts';
import { openJournal } from '../../src/journal.ts';
import { openOutbox } from '../../src/outbox.ts';

const ACCOUNT = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';
const directory = mkdtempSync(join(tmpdir(), 'daisee-damaged-'));
const sound = {
  outbox: join(directory, 'outbox.sqlite'),
  history: join(directory, 'history.sqlite'),
};
const entry = { hash: `0x${'1'.repeat(64)}`, nonce: 3, raw: '0x02', what: 'It', intent: 'need' } as const;
const made = openOutbox(sound.outbox, 'chain', ACCOUNT, 'process');
for (let nonce = 0; nonce < 20; nonce++)
  made.add({ ...entry, nonce, hash: `0x${String(nonce).padStart(64, '0')}` });
made.close();
openDatabase(sound.history).close();
const journal = await openJournal(directory, { survives: 'process' });
journal.set('id', '7');
for (let n = 1; n < 20; n++) {
  journal.send('0x02', `0x${String(n).padStart(64, '0')}`);
  journal.mine(n, n);
  journal.mined(n, `0x${String(n).padStart(64, '1')}`, [`0x${String(n).padStart(64, '0')}`]);
}
journal.close();

describe('a damaged file', () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'daisee-damaged-'));
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });
  const put = (name: string, bytes: Uint8Array): string => {
    const file = join(scratch, name);
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(file + end, { force: true });
    writeFileSync(file, bytes);
    return file;
  };

  hostile('of the outbox is read or refused, and what it still says is whole', {
    sample: 60,
    input: nearlyBytes(readFileSync(sound.outbox)),
    feed: (bytes) => {
      const outbox = openOutbox(put('outbox.sqlite', bytes), 'chain', ACCOUNT, 'process');
      try {
        for (const { hash, raw } of outbox.pending()) expect(`${hash}${raw}`.length).toBeGreaterThan(0);
        outbox.forIntent('need');
        outbox.add({ ...entry, nonce: 50 });
        outbox.mark(entry.hash, 'mined');
      } finally {
        outbox.close();
      }
    },
  });

  hostile('of the history is read, begun anew or refused', {
    sample: 60,
    input: nearlyBytes(readFileSync(sound.history)),
    feed: (bytes) => {
      openDatabase(put('history.sqlite', bytes)).close();
    },
  });

  hostile('of the embedded chain’s journal is read or refused', {
    sample: 60,
    input: fc.tuple(nearlyBytes(readFileSync(join(directory, 'chain.sqlite'))), fc.nat(20)),
    feed: async ([bytes, from]) => {
      put('chain.sqlite', bytes);
      const opened = await openJournal(scratch, { survives: 'process' });
      try {
        opened.setting('id');
        opened.last();
        for (const step of opened.after(from)) expect(Instant(step.seq)).toBe(step.seq);
        opened.send('0x03', `0x${'3'.repeat(64)}`);
      } finally {
        opened.close();
      }
    },
  });
});
