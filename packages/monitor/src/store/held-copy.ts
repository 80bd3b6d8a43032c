/** What a running monitor holds in memory for its store, brought into a copy of that store: for backups. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onStore } from './errors.ts';
import { openStore } from './sqlite-store.ts';
import { entriesIn, type TailEntry, tailName } from './tail.ts';

/** Tries, while the monitor writes to what is copied. */
const TRIES = 20;

/** The entries of a tail that its monitor has locked: of a copy of its bytes, whole or not taken. */
const entriesOf = (tail: string): readonly TailEntry[] | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-held-'));
  try {
    const copy = join(folder, 'tail.sqlite');
    const before = statSync(tail, { bigint: true }).mtimeNs;
    for (const end of ['', '-journal']) if (existsSync(tail + end)) copyFileSync(tail + end, copy + end);
    if (statSync(tail, { bigint: true }).mtimeNs !== before) return undefined;
    const database = new DatabaseSync(copy);
    try {
      const [said] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
      return said === 'ok' ? entriesIn(database, copy).read() : undefined;
    } finally {
      if (database.isOpen) database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/**
 * Takes what is held for the store in `file`; call it before the file is copied, since what is held moves into it. What it
 * returns stores that in the copy, where a sample that is there already counts as repeated.
 * @param directory where monitors hold samples, see `StoreOptions.hold`
 * @throws StoreError when the file is no store, or cannot be read.
 */
export const takeHeld = (file: string, directory: string): ((copy: string) => void) =>
  onStore(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    let name: string | undefined;
    try {
      name = tailName(database, file);
    } finally {
      database.close();
    }
    const tail = name === undefined ? undefined : join(directory, name);
    let entries: readonly TailEntry[] | undefined = [];
    if (tail !== undefined && existsSync(tail)) {
      entries = undefined;
      for (let turn = 0; turn < TRIES && entries === undefined && existsSync(tail); turn++)
        entries = entriesOf(tail);
    }
    const taken = entries ?? [];
    return (copy) => {
      if (taken.length === 0) return;
      const store = openStore({ file: copy });
      try {
        for (const { sensorId, told, ...bridging } of taken) store.append(sensorId, [told], bridging);
      } finally {
        store.close();
      }
    };
  });
