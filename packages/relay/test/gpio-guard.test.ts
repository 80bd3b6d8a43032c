/** The guard as a process; that it brings real pins to rest is shown by `npm run test:hardware`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { type BoardEvent, createBoard, createGpioDriver, restCommand } from '../src/index.ts';
import { off, on } from './support/bench.ts';
import { createFakeKernel, fakeChip } from './support/fake-kernel.ts';

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return false;
    throw error;
  }
};

const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries++) {
    expect(tries, 'waited 20 s').toBeLessThan(400);
    await delay(50);
  }
};

const guarded = async (what: 'hang' | 'doze' | 'stop' | 'wait' | 'end') => {
  const child = spawn(process.execPath, [
    fileURLToPath(new URL('./support/guarded.ts', import.meta.url)),
    what,
  ]);
  children.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve()); // once the guard, too, has let go of the pipe
  });
  await until(() => /guard \d+/.test(said));
  return { child, ended, guard: Number(/guard (\d+)/.exec(said)?.[1]), said: () => said };
};

describe('the guard', () => {
  it('acts when its service is killed, and ends', async () => {
    const { child, ended, guard, said } = await guarded('wait');
    child.kill('SIGKILL');
    await ended;
    expect(said()).toMatch(
      /the relay service \(process \d+\) is gone, and the board could not .* no GPIO chip/,
    );
    await until(() => !alive(guard));
  });

  it('kills a service whose event loop hangs while something is on, and then acts', async () => {
    const { child, ended, said } = await guarded('hang');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(said()).toMatch(/hung for \d+\.\d s and was killed, and the board could not/);
  });

  it('lets a service hang while everything is off: there is nothing to bring to rest', async () => {
    const { child, ended, said } = await guarded('doze');
    await ended;
    expect(child.exitCode).toBe(7);
    expect(said()).not.toContain('hung');
  });

  it('acts when its service just ends, and does not keep it alive', async () => {
    const { ended, said } = await guarded('end');
    await ended;
    expect(said()).toContain('is gone');
  });

  it('ends without acting when the service says farewell', async () => {
    const { child, ended, said } = await guarded('stop');
    await ended;
    expect(child.exitCode).toBe(0);
    expect(said()).not.toContain('gone');
  });

  it('is not ended by what a terminal or a service manager sends to everybody', async () => {
    const { child, ended, guard, said } = await guarded('wait');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(guard, signal);
    await delay(300);
    expect(alive(guard)).toBe(true);
    child.kill('SIGKILL');
    await ended;
    expect(said()).toContain('is gone');
  });
});

describe('a board whose guard is killed', () => {
  it('goes to rest and gets another, while a second one stands by', async () => {
    const kernel = createFakeKernel([fakeChip('/dev/gpiochip0', 'pinctrl-bcm2835')]);
    const driver = createGpioDriver({ chip: 'pinctrl-bcm2835', own: [0, 1], kernel });
    const events: BoardEvent[] = [];
    const board = createBoard({ driver, clock: systemClock, onEvent: (event) => events.push(event) });
    await board.start();
    await board.order(on(0, 1, 2, 3));
    const [first = 0, other = 0] = driver.guardPids;
    process.kill(first, 'SIGKILL');
    await until(() => events.some((event) => event.type === 'rested' && event.reason === 'fault'));
    expect(kernel.log).toEqual(['17↑ 18↑', '27↑ 22↑', '27↓ 22↓', '17↓ 18↓']);
    const fault = events.find((event) => event.type === 'fault');
    expect(fault?.error.message).toContain('The process that guards the relay board ended (SIGKILL)');
    await driver.write(off(0));
    await until(() => driver.guardPids.length === 2 && !driver.guardPids.includes(first));
    expect(driver.guardPids).toContain(other);
    for (let tries = 0; ; tries++)
      try {
        await board.order(on(0, 1, 2, 3));
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await delay(100);
      }
    const last = driver.guardPids;
    await board.stop();
    await until(() => !last.some(alive));
    expect(kernel.opened.size).toBe(0);
  });
});

describe('a board whose guards are killed together', () => {
  it('goes to rest and switches nothing on before there is another', async () => {
    const kernel = createFakeKernel([fakeChip('/dev/gpiochip0', 'pinctrl-bcm2835')]);
    const driver = createGpioDriver({ chip: 'pinctrl-bcm2835', own: [0, 1], kernel });
    const board = createBoard({ driver, clock: systemClock });
    await board.start();
    await board.order(on(0, 1, 2, 3));
    for (const guard of driver.guardPids) process.kill(guard, 'SIGKILL');
    await until(() => board.report().isAtRest);
    // Whichever comes first, an order is refused or there is a guard; never is it carried out without one.
    if (driver.guardPids.length === 0)
      await expect(driver.write(on(0))).rejects.toThrow('nothing is switched on without one');
    await until(() => driver.guardPids.length === 2);
    const last = driver.guardPids;
    await board.stop();
    await until(() => !last.some(alive));
    expect(kernel.opened.size).toBe(0);
  });
});

describe('the command for whoever outlives service and guard', () => {
  it('fails with the reason where there is no such chip', async () => {
    const [node = '', ...args] = restCommand({ chip: '/dev/no-such-chip' });
    const child = spawn(node, args);
    children.add(child);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(child.exitCode).toBe(1);
    expect(said).toContain('could not be brought to rest: There is no GPIO chip /dev/no-such-chip');
  });
});
