import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { emptyIntegration, integrate, readPowerCsv, type SignRule } from '@daisee/meter';
import { Percent, Seconds, toWattHours } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTwin, type Twin, type TwinOptions } from '../src/index.ts';
import { at, lab, OWN, SELLER } from './lab.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'daisee-twin-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('a meter on the twin', () => {
  /** Relative difference of an 8 s meter's register and the wire. */
  const difference = (twin: Twin, seconds: number, switchAt: readonly number[] = []) => {
    const rule = (sign: SignRule) => ({ sign, maxGap: Seconds(60) });
    let load = emptyIntegration;
    let panel = emptyIntegration;
    let contact = 0;
    for (let second = 0; second <= seconds; second += 8) {
      while ((switchAt[contact] ?? Number.POSITIVE_INFINITY) < second)
        twin.switchContacts(contact % 2 ? OWN : SELLER, at(switchAt[contact++] ?? 0));
      load = integrate(load, twin.sample1(at(second)), rule('load')).state;
      panel = integrate(panel, twin.sample2(at(second)), rule('source')).state;
    }
    const truth = twin.truth();
    return {
      load: Math.abs(toWattHours(load.register) / (truth.fromOwn + truth.fromNode2) - 1),
      panel: Math.abs(toWattHours(panel.register) / truth.panel - 1),
    };
  };

  it('is within 0.1 % of the wires in two hours, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const found = difference(createTwin({ ...lab, seed }), 7200, [1001, 3333.3, 5007]);
        expect(found.load).toBeLessThan(0.001);
        expect(found.panel).toBeLessThan(0.001);
      }),
      { numRuns: 15 },
    );
  });

  it('is within 0.1 % while the relay switches a seller whose battery is full, right after each sample', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 90, max: 100 }), (seed, soc) => {
        const node2 = { ...lab.node2, initialSoc: Percent(soc) };
        const switchAt = [592.001, 1192.001, 1792.001, 2392.001, 4000.001, 5000.001];
        const found = difference(createTwin({ ...lab, seed, node2 }), 7200, switchAt);
        expect(found.load).toBeLessThan(0.001);
        expect(found.panel).toBeLessThan(0.001);
      }),
      { numRuns: 10 },
    );
  });

  it('is within 0.1 % over a day and night of a household and a panel', () => {
    const options: TwinOptions = {
      ...lab,
      node1: { ...lab.node1, batteryWh: 10_000, load: { kind: 'household', meanWatts: 350 } },
      node2: {
        ...lab.node2,
        batteryWh: 20_000,
        solar: { kind: 'panel', peakWatts: 3000, latitude: 48.85, longitude: 2.35, cloudiness: 0.6 },
      },
    };
    const found = difference(createTwin(options), 86_400);
    expect(found.load).toBeLessThan(0.001);
    expect(found.panel).toBeLessThan(0.001);
  });

  it.each([60, 900])('is within 0.1 %% of measured data in steps of %i s', async (step) => {
    const file = path.join(directory, `day-${step}.csv`);
    const rows = Array.from({ length: 86_400 / step }, (_, row) => {
      const hour = (row * step) / 3600;
      const appliance = row % 7 === 3 ? 1800 : row % 5 === 1 ? 300 : 0;
      return `${1_717_200_000 + row * step},${(120 + appliance + 100 * Math.sin(hour)).toFixed(1)}`;
    });
    await writeFile(file, `timestamp,watts\n${rows.join('\n')}\n`);
    const series = await readPowerCsv(file);
    const options: TwinOptions = {
      ...lab,
      node1: { ...lab.node1, batteryWh: 20_000, load: { kind: 'replay', series } },
      node2: { ...lab.node2, batteryWh: 40_000, initialSoc: Percent(10), solar: { kind: 'replay', series } },
    };
    const found = difference(createTwin(options), 7200);
    expect(found.load).toBeLessThan(0.001);
    expect(found.panel).toBeLessThan(0.001);
  });

  it('shows a gain error that the wires do not have', () => {
    const twin = createTwin({ ...lab, gainError: { node1: 0.01 }, noise: 0 });
    expect(difference(twin, 3600).load).toBeCloseTo(0.01, 3);
  });
});
