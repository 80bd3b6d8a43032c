/** What the doctor says of a machine that carries a board on its pins. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LineBusy } from '@daisee/relay';
import { Duration } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { judgeWatchdog, pinsCheck, toolsCheck, watchdogCheck } from '../../src/doctor/board.ts';
import { type Check, runChecks } from '../../src/doctor/check.ts';
import { checksOf } from '../../src/doctor/checks.ts';
import { parseSettings } from '../../src/settings/read.ts';
import { scratch } from '../support/daisee.ts';

const look = async (check: Check) => (await runChecks([check], Duration(20_000)))[0];

const put = (root: string, path: string, content: string): string => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
};

describe('the pins of a board', () => {
  const chip = { chip: 'pinctrl-rp1', path: '/dev/gpiochip4' };

  it('that are free, or held by the relay that runs, are as they should be', async () => {
    const found = (heldByRelay: boolean) => look(pinsCheck({}, () => ({ ...chip, heldByRelay })));
    expect(await found(false)).toEqual({
      name: 'GPIO',
      state: 'ok',
      text: 'the pins of /dev/gpiochip4 (pinctrl-rp1) are free',
    });
    expect(await found(true)).toMatchObject({
      state: 'ok',
      text: 'the pins of /dev/gpiochip4 (pinctrl-rp1) are held by the relay that runs',
    });
  });

  it('that the driver could not take are told in its own words', async () => {
    const busy = pinsCheck({}, () => {
      throw new LineBusy(27, 'pinctrl-rp1', 'garden pump');
    });
    expect(await look(busy)).toMatchObject({
      state: 'failed',
      text: 'GPIO 27 of pinctrl-rp1 is held by "garden pump". End it ("gpioinfo" lists who holds what), or choose other pins.',
    });
  });

  it('of a Raspberry Pi are not found on this machine unless it is one', async () => {
    const found = await look(pinsCheck({ chip: 'no such chip' }));
    expect(found).toMatchObject({ state: 'failed', text: expect.stringMatching(/GPIO/) as string });
  });
});

describe('what brings a board to rest when its service is gone', () => {
  it("libgpiod's tools, or a warning how to install them", async () => {
    const root = scratch();
    expect(await look(toolsCheck(root))).toMatchObject({ state: 'warning', mend: 'sudo apt install gpiod' });
    for (const tool of ['gpiodetect', 'gpioset']) chmodSync(put(root, `usr/bin/${tool}`, ''), 0o755);
    expect((await look(toolsCheck(root)))?.state).toBe('ok');
  });

  it('the watchdog of the machine, as the kernel or else systemd says', async () => {
    const root = scratch();
    const found = async (time?: string) => look(watchdogCheck(true, root, async () => time));
    expect(await found()).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('no hardware watchdog') as string,
    });
    put(root, 'sys/class/watchdog/watchdog0/identity', 'Broadcom BCM2835 Watchdog timer');
    put(root, 'proc/device-tree/model', 'Raspberry Pi 4 Model B Rev 1.4');
    expect((await found())?.text).toContain('is not known here');
    expect((await found('14s'))?.state).toBe('ok');
    expect(await found('0')).toMatchObject({
      state: 'failed',
      mend: 'sudo daisee install, then sudo systemctl daemon-reexec',
    });
    put(root, 'sys/class/watchdog/watchdog0/state', 'inactive');
    expect((await found('14s'))?.state).toBe('failed');
    put(root, 'sys/class/watchdog/watchdog0/state', 'active');
    expect((await found('0'))?.state).toBe('ok');
  });

  it('that it is not armed is a failure only for an installed board on a Raspberry Pi', () => {
    const idle = { state: 'idle', isPi: true, isInstalled: true } as const;
    expect(judgeWatchdog(idle).state).toBe('failed');
    expect(judgeWatchdog({ ...idle, isPi: false }).state).toBe('warning');
    expect(judgeWatchdog({ ...idle, isInstalled: false }).state).toBe('warning');
  });
});

describe('a board that this machine serves', () => {
  it('has its folder of counts and history looked at, and its pins where it has some', async () => {
    const checks = (relay: string) =>
      checksOf({
        settings: parseSettings(
          `relay: { host: 127.0.0.1, serve: true, data: /proc/none${relay} }\n`,
          'p.yml',
        ),
        file: 'p.yml',
        clock: undefined as never,
      });
    const simulated = checks('');
    expect(simulated.map(({ name }) => name)).toContain('disk');
    const disk = simulated.find(({ name }) => name === 'disk');
    expect(disk && (await look(disk))).toMatchObject({
      state: 'failed',
      text: expect.stringContaining(
        'counts and history of the board in /proc/none cannot be written',
      ) as string,
    });
    expect(simulated.map(({ name }) => name)).not.toContain('GPIO');
    expect(checks(', driver: gpio').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GPIO', 'rest', 'watchdog']),
    );
  });
});
