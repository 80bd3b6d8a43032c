/** What systemd runs before and after the service, with libgpiod's tools in both of their languages played by a script. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RestPins, restCommand } from '../src/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daisee-rest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tool = (name: string, script: string): void => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
};

/** Tools that note how they are called; `fails` is a shell condition under which setting fails. */
const tools = (version: string, { shown = '0 0', fails = 'false' } = {}): void => {
  const noted = join(folder, 'noted');
  const telling = `[ "$1" = --version ] && echo "tool (libgpiod) v${version}" && exit 0`;
  tool('gpioset', `${telling}\n${fails} && exit 1\necho "set $*" >>${noted}`);
  tool('gpioget', `${telling}\necho "get $*" >>${noted}\necho '${shown}'`);
  tool('gpiodetect', "echo 'gpiochip0 [other] (8 lines)'\necho 'gpiochip4 [pinctrl-rp1] (54 lines)'");
};

/** @returns the calls of the tools and what was said; Node is played by `echo`. */
const rest = (pins: RestPins) => {
  const [command = '', ...args] = restCommand(pins, ['echo', 'node']);
  const { stdout, status } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { PATH: `${folder}:/usr/bin:/bin` },
  });
  let noted: string[] = [];
  try {
    noted = readFileSync(join(folder, 'noted'), 'utf8').trim().split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { noted, said: stdout.trim().split('\n'), status };
};

describe('the command that brings pins to rest', () => {
  it("lets the tools of libgpiod 1.6 open the sellers' contacts first, and then Node look", () => {
    tools('1.6.3');
    const { noted, said, status } = rest({ own: [0, 1] });
    expect(noted).toEqual(['set gpiochip4 27=0 22=0', 'set gpiochip4 17=0 18=0']);
    expect(said).toEqual([
      "The relay's pins were set to rest by gpioset.",
      expect.stringMatching(/^node .*rest\.ts \{"own":\[0,1\],"wait":5000\}$/),
    ]);
    expect(status).toBe(0);
  });

  it('reads back between the two where the tools can (2.x), on boards that are active low as well', () => {
    tools('2.2.1');
    const { noted } = rest({ pins: [5, 6], own: [0], activeLow: true, chip: '/dev/gpiochip9' });
    expect(noted).toEqual([
      'set -l -t0 -c /dev/gpiochip9 6=0',
      'get -l --as-is --numeric -c /dev/gpiochip9 6',
      'set -l -t0 -c /dev/gpiochip9 5=0',
    ]);
  });

  it("leaves the own source open when a seller's contact still shows on: Node tells", () => {
    tools('2.2.1', { shown: '0 1' });
    const { noted, said } = rest({ own: [0, 1] });
    expect(noted.filter((call) => call.startsWith('set')).every((call) => call.includes('27=0 22=0'))).toBe(
      true,
    );
    expect(said).toEqual([expect.stringMatching(/^node /)]);
  });

  it('leaves it to Node where setting fails, another chip is meant, or there are no such tools', () => {
    tools('1.6.3', { fails: 'true' });
    expect(rest({}).said).toEqual([expect.stringMatching(/^node /)]);
    tools('1.6.3');
    expect(rest({ chip: 'pinctrl-bcm2835' })).toMatchObject({
      noted: [],
      said: [expect.stringMatching(/^node /)],
    });
    rmSync(join(folder, 'gpioset'));
    expect(rest({})).toMatchObject({ noted: [], said: [expect.stringMatching(/^node /)] });
  });

  it('waits the break between the two', () => {
    tools('1.6.3');
    const from = performance.now();
    rest({ own: [0, 1], breakTime: 400 });
    expect(performance.now() - from).toBeGreaterThanOrEqual(400);
  });
});
