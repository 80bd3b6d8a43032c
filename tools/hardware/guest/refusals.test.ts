/** What stands in the driver's way gets one line that says how to mend it. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, afterEach } from 'node:test';
import { createHeader, keepDriven } from './support/header.ts';
import { endAll, it, launch, OPTIONS, PINS, startRelay, stopRelay, until } from './support/relay.ts';

const header = createHeader('pi', 'pinctrl-bcm2711');
keepDriven(true);
after(endAll);
afterEach(endAll);

it('a pin that another program holds is named together with its holder, and nothing is left held', async () => {
  const holder = launch([
    '--input-type=module',
    '--eval',
    `import { takeLines } from '${import.meta.dirname}/../../../packages/relay/src/drivers/gpio/lines.ts';
     import { createLinuxKernel } from '${import.meta.dirname}/../../../packages/relay/src/drivers/gpio/kernel.ts';
     takeLines(createLinuxKernel(), { pins: [27], activeLow: false, consumer: 'garden pump' });
     console.log('held'); setInterval(() => {}, 1000);`,
  ]);
  await until('the pin is held', () => holder.said.includes('held') || holder.child.exitCode !== null);
  await assert.rejects(startRelay(), /GPIO 27 of pinctrl-bcm2711 is held by "garden pump"\. End it/);
  holder.child.kill();
  await holder.exited;
  await stopRelay(await startRelay());
});

it('a chip that is not there is named together with those that are', async () => {
  const driver = { ...OPTIONS.driver, chip: 'pinctrl-rp1' };
  await assert.rejects(
    startRelay({ ...OPTIONS, driver }),
    /There is no GPIO chip pinctrl-rp1: there are gpiochip\d+ \(.*pinctrl-bcm2711\)/,
  );
});

it('a user who may not open the chip is told which group to join', async () => {
  chmodSync(header.path, 0o660);
  await assert.rejects(
    startRelay(OPTIONS, { uid: 65_534, gid: 65_534 }),
    /may not open \/dev\/gpiochip\d+\. Add it to the group/,
  );
});

it('a pin that the chip lacks, or one named twice, is told before anything is taken', async () => {
  const named = (pins: number[]) => startRelay({ ...OPTIONS, driver: { pins } });
  await assert.rejects(named([17, 18, 27, 99]), /17, 18, 27, 99 cannot be used: the chip has no line 99/);
  await assert.rejects(named([17, 18, 27, 17]), /one is named twice/);
  assert.equal(header.levels(PINS), '0000');
});
