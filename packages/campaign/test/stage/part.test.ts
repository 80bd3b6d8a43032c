import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPart, type OwnedPart } from '../../src/stage/part.ts';
import { freePorts } from '../../src/stage/ports.ts';
import { startWatcher, type Watcher } from '../../src/stage/watcher.ts';

const generous = { timeout: 60_000 };
const LONG = 120_000;
let folder: string;
let watcher: Watcher;
let part: OwnedPart;
let notes: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daisee-part-'));
  watcher = startWatcher();
  notes = [];
  const [port = 0] = await freePorts(1);
  part = createPart({
    name: 'relay',
    command: ['relay', '--port', String(port), '--json'],
    environment: { DAISEE_HOME: folder, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    says: 'listening',
    watcher,
    clock: systemClock,
    setStep: () => undefined,
    note: (text) => notes.push(text),
  });
});
afterEach(async () => {
  await part.close();
  await watcher.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a process of the lab', { timeout: LONG }, () => {
  it('answers once it is started, and is gone once it is killed', async () => {
    await part.start();
    expect(part.running).toBe(true);
    expect(part.lastLines.join()).toContain('listening');
    await part.kill();
    expect([part.running, part.pid]).toEqual([false, undefined]);
    await part.start();
    await part.stop();
    expect(part.running).toBe(false);
    expect(notes).toEqual([]);
  });

  it('is started again when it ends by itself, and that is told', async () => {
    await part.start();
    const first = part.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(part.pid).not.toBeOneOf([first, undefined]), generous);
    expect(notes.join()).toContain('relay ended by itself (SIGKILL)');
  });

  it('can be killed while it starts', async () => {
    const starting = part.start();
    await part.kill();
    await starting;
    expect(part.running).toBe(false);
  });

  it('stands still between pause and resume', async () => {
    await part.start();
    part.pause();
    expect(part.paused).toBe(true);
    part.resume();
    expect(part.paused).toBe(false);
    await part.stop();
  });
});
