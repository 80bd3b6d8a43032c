/**
 * What systemd runs before and after the relay, `guard/rest.sh`, with the real tools of libgpiod and no Node to help: what
 * it calls at the end is `true`.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { restCommand } from '../../../packages/relay/src/guard/command.ts';
import { GPIOD, NO_TOOLS } from './support/gpiod.ts';
import { createHeader, keepDriven } from './support/header.ts';
import { assertLaws, replay } from './support/laws.ts';
import { it, LOADS, PINS, until } from './support/relay.ts';

createHeader('other', 'some-expander', 8);
const header = createHeader('pi', 'pinctrl-bcm2711');
keepDriven(true);

const pathWith = (tools: string) => ({ ...process.env, PATH: `${tools}:${process.env['PATH']}` });

/** Every pin is driven to this level, by the tools of 1.6, and stays so. */
const drive = (level: number): void => {
  const args = [header.path, ...PINS.map((pin) => `${pin}=${level}`)];
  const { status, stderr } = spawnSync(join(GPIOD[0].tools, 'gpioset'), args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
};

for (const { version, tools } of GPIOD) {
  it(`gpioset is that of ${version}`, async (t) => {
    if (tools === '') return t.skip(NO_TOOLS);
    const { stdout } = spawnSync(join(tools, 'gpioset'), ['--version'], { encoding: 'utf8' });
    assert.match(stdout, version === '1.6' ? / v1\.6\./ : / v2\.\d/);
  });

  for (const activeLow of [false, true])
    for (const chip of [undefined, header.path])
      it(`${version} alone brings a board to rest in the lawful order (active ${activeLow ? 'low' : 'high'}, chip ${chip ? 'by path' : 'by label'})`, async (t) => {
        if (tools === '') return t.skip(NO_TOOLS);
        const on = activeLow ? 0 : 1;
        drive(on);
        assert.equal(header.levels(PINS), String(on).repeat(4));
        header.clear();
        const pins = { pins: PINS, own: [0, 1], activeLow, ...(chip ? { chip } : {}) };
        const [command = '', ...args] = restCommand(pins, ['true']);
        const { status, stdout, stderr } = spawnSync(command, args, {
          encoding: 'utf8',
          env: pathWith(tools),
        });
        assert.deepEqual([status, stdout], [0, "The relay's pins were set to rest by gpioset.\n"], stderr);
        assert.equal(header.levels(PINS), String(1 - on).repeat(4));
        const trace = header.trace();
        const looks = replay(trace, new Map(PINS.map((pin) => [pin, on])), LOADS, on);
        assertLaws(looks, [['seller 1']], 50);
        assert.equal(looks.length, PINS.length, 'each pin moves once');
        assert.deepEqual(
          trace.filter(({ what }) => what === 'in'),
          [],
        );
        // The tools of 2.x look at the sellers' pins before the own source closes. Those of 1.6 cannot. What the kernel
        // notes of such a look is whether they are active, whatever the level (gpiod_get_array_value_complex).
        const at = (pin: number) => trace.findIndex((event) => event.pin === pin && event.what === 'set');
        const looked = trace.slice(at(22), at(17)).filter(({ what }) => what === 'get');
        assert.deepEqual(
          looked.map(({ pin, level }) => [pin, level]),
          version === '1.6'
            ? []
            : [
                [27, 0],
                [22, 0],
              ],
        );
      });

  it(`${version} claims nothing while another process holds the pins, and leaves it to Node`, async (t) => {
    if (tools === '') return t.skip(NO_TOOLS);
    drive(0);
    const args = ['--mode=signal', header.path, ...PINS.map((pin) => `${pin}=1`)];
    const holder = spawn(join(GPIOD[0].tools, 'gpioset'), args, { stdio: 'ignore' });
    try {
      await until('the pins are held', () => header.levels(PINS) === '1111', 20_000);
      header.clear();
      const [command = '', ...rest] = restCommand({ pins: PINS, own: [0, 1] }, ['echo', 'Node']);
      const { stdout } = spawnSync(command, rest, { encoding: 'utf8', env: pathWith(tools) });
      assert.match(stdout, /^Node .*rest\.ts/);
      assert.deepEqual(
        header.trace().filter(({ what }) => what !== 'get'),
        [],
      );
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
  });
}
