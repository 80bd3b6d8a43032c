import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Sample } from '@daisee/meter';
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTwin } from '../src/index.ts';
import {
  at,
  drive,
  energiesOf,
  expectBalance,
  lab,
  OPEN,
  OWN,
  reads,
  SELLER,
  START,
  switches,
} from './lab.ts';

let directory = '';
let worlds = 0;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'daisee-twin-'));
});
afterAll(() => rm(directory, { recursive: true }));
const newFile = (): string => path.join(directory, `world-${worlds++}.db`);

describe('a kept world', () => {
  it('goes on after any kills as if there had been none while its contacts were at rest', () => {
    fc.assert(
      fc.property(
        reads,
        fc.array(fc.integer({ min: 0, max: 3_600_000 }), { maxLength: 5 }),
        (readAt, kills) => {
          const file = newFile();
          let twin = createTwin({ ...lab, file });
          const samples: Sample[] = [];
          const instants = [...new Set([...readAt, ...kills])].sort((a, b) => a - b);
          for (const offset of instants) {
            samples.push(twin.sample1(Instant(START + offset)));
            if (!kills.includes(offset)) continue;
            // Nothing is written at a close that was not before: closing is a kill that gives the lock back.
            twin.close();
            twin = createTwin({ ...lab, file, start: Instant(0) });
            expect(twin.now).toBe(START + offset);
            expect(twin.start).toBe(START);
          }
          const whole = createTwin(lab);
          expect(samples).toEqual(instants.map((offset) => whole.sample1(Instant(START + offset))));
          expect(energiesOf(twin.truth(at(3700.5)))).toEqual(energiesOf(whole.truth(at(3700.5))));
          twin.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('has every contact at rest from the instant on at which power was lost, and remembers those before', () => {
    const file = newFile();
    const twin = createTwin({ ...lab, file });
    twin.switchContacts(OPEN, at(9.5));
    twin.switchContacts(SELLER, at(10));
    twin.sample1(at(20.25));
    twin.advance(at(500));
    twin.close();
    const again = createTwin({ ...lab, file });
    expect(again.now).toBe(at(20.25));
    expect(again.contacts).toEqual([
      { at: START, states: OWN },
      { at: at(9.5), states: OPEN },
      { at: at(10), states: SELLER },
      { at: at(20.25), states: OWN },
    ]);
    const truth = again.truth(at(30));
    expect(truth.fromNode2).toBeCloseTo((10 * 10.25) / 3600, 9);
    expect(truth.fromOwn).toBeCloseTo((10 * (9.5 + 9.75)) / 3600, 9);
    again.close();
  });

  it('is the same after kills as a world whose contacts went to rest at those instants', () => {
    fc.assert(
      fc.property(switches, reads, fc.integer({ min: 0, max: 3_600_000 }), (contacts, readAt, kill) => {
        const file = newFile();
        const before = contacts.filter((contact) => contact.at <= START + kill);
        let twin = createTwin({ ...lab, file });
        drive(
          twin,
          before,
          readAt.filter((offset) => offset <= kill),
        );
        twin.checkpoint(Instant(START + kill));
        twin.close();
        twin = createTwin({ ...lab, file });
        const calm = createTwin(lab);
        drive(calm, before, []);
        calm.switchContacts(OWN, Instant(START + kill));
        expect(energiesOf(twin.truth(at(3700)))).toEqual(energiesOf(calm.truth(at(3700))));
        expect(twin.contacts).toEqual(calm.contacts);
        twin.close();
      }),
      { numRuns: 20 },
    );
  });

  it('remembers two sources', () => {
    const file = newFile();
    const twin = createTwin({ ...lab, file });
    twin.switchContacts([false, false, true, true], at(1));
    twin.close();
    const again = createTwin({ ...lab, file });
    expect(again.twoSources).toHaveLength(1);
    again.close();
  });

  it('was never older than what anybody saw when kill -9 ended its process', {
    timeout: 60_000,
  }, async () => {
    const file = newFile();
    const door = new URL('../src/index.ts', import.meta.url).href;
    const script = `
      import { createTwin } from ${JSON.stringify(door)};
      const twin = createTwin(${JSON.stringify({ ...lab, file })});
      for (let now = twin.now; ; now += 777) {
        if (now % 5 === 0) twin.switchContacts(now % 2 ? [true, true, true, true] : [false, false, false, false], now);
        const sample = now % 3 ? twin.sample1(now) : twin.sample2(now);
        process.stdout.write(JSON.stringify({ at: sample.at, contacts: twin.contacts.length }) + '\\n');
      }`;
    let seen = { at: Number(START), contacts: 1 };
    for (const lines of [3, 40, 200, 11]) {
      const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let count = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        seen = JSON.parse(line);
        if (++count === lines) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      const twin = createTwin({ ...lab, file });
      expect(twin.now).toBeGreaterThanOrEqual(seen.at);
      expect(twin.contacts.length).toBeGreaterThanOrEqual(seen.contacts);
      expect(twin.contacts.at(-1)?.states).toEqual(OWN);
      expectBalance(twin.truth(), lab);
      twin.close();
    }
    expect(seen.at).toBeGreaterThan(START + 200 * 777);
  });

  it('must be opened with the settings that it was made with, and says both values and what to do', () => {
    const file = newFile();
    createTwin({ ...lab, file }).close();
    expect(() => createTwin({ ...lab, file, seed: 8 })).toThrow(
      `The world in ${file} was made with seed 7, not 8. Give seed 7 again, or keep the new world elsewhere (--data DIR).`,
    );
    const node1 = { ...lab.node1, load: { kind: 'constant', watts: 11 } } as const;
    expect(() => createTwin({ ...lab, file, node1 })).toThrow(
      /made with the load constant 10 W, not constant 11 W/,
    );
    createTwin({ ...lab, file, start: Instant(5) }).close();
  });

  it('belongs to one process at a time', () => {
    const file = newFile();
    const twin = createTwin({ ...lab, file });
    twin.checkpoint(at(1));
    expect(() => createTwin({ ...lab, file })).toThrow(/in use by another process/);
    twin.close();
    createTwin({ ...lab, file }).close();
  });

  it('says so when its file cannot be used', async () => {
    expect(() => createTwin({ ...lab, file: path.join(directory, 'none', 'world.db') })).toThrow(
      /cannot be used: .*directory/,
    );
    const file = path.join(directory, 'text.db');
    await writeFile(file, 'this is no database, and long enough to be one '.repeat(50));
    expect(() => createTwin({ ...lab, file })).toThrow(/not a database/);
  });
});
