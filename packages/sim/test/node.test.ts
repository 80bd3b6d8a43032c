import { Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Battery, canGive, canTake, cellVoltage } from '../src/node/battery.ts';
import { after, ENERGY_NAMES, type Energies, type Feed, flowsOf, type Plant } from '../src/node/physics.ts';
import { acs712, ina219, ina219Resolution, max17043 } from '../src/node/sensors.ts';

const lab: Battery = {
  capacity: 20,
  chargeEfficiency: 0.95,
  dischargeEfficiency: 0.9,
  maxCharge: 20,
  maxDischarge: 60,
};
const empty: Energies = {
  charge1: 0,
  charge2: 0,
  fromOwn: 0,
  fromNode2: 0,
  unserved: 0,
  charger: 0,
  charger2: 0,
  panel: 0,
  curtailed: 0,
  ownUse: 0,
  ownUseUnserved: 0,
  losses1: 0,
  losses2: 0,
  curtailing: 0,
};

const share = fc.double({ min: 0, max: 1, noNaN: true });
const efficiency = fc.double({ min: 0.5, max: 1, noNaN: true });
const watts = fc.double({ min: 0, max: 5000, noNaN: true });
const battery: fc.Arbitrary<Battery> = fc.record({
  capacity: fc.double({ min: 0.05, max: 20_000, noNaN: true }),
  chargeEfficiency: efficiency,
  dischargeEfficiency: efficiency,
  maxCharge: watts,
  maxDischarge: watts,
});
const plant: fc.Arbitrary<Plant> = fc.record({
  battery1: battery,
  battery2: battery,
  charger: watts,
  charger2: watts,
  ownUse: watts,
});
const feeds = fc.constantFrom<Feed>('own', 'node2', 'none');

describe('a battery', () => {
  it('gives nothing when empty and takes nothing when full', () => {
    expect(canGive(lab, 0)).toBe(0);
    expect(canTake(lab, 20)).toBe(0);
    expect(canGive(lab, 10)).toBe(60);
    expect(canTake(lab, 10)).toBe(20);
  });

  it('fades out over the last 2 % of its charge and the last 5 % before full', () => {
    expect(canGive(lab, 0.2)).toBeCloseTo(30);
    expect(canGive(lab, 0.4)).toBeCloseTo(60);
    expect(canTake(lab, 19.5)).toBeCloseTo(10);
    expect(canTake(lab, 19)).toBeCloseTo(20);
  });

  it('shows 3.0 V empty, 4.2 V full, and never less with more charge', () => {
    expect([0, 0.5, 1].map(cellVoltage)).toEqual([3, 3.83, 4.2]);
    fc.assert(
      fc.property(share, share, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(cellVoltage(less)).toBeLessThanOrEqual(cellVoltage(more));
        expect(cellVoltage(a)).toBeGreaterThanOrEqual(3);
        expect(cellVoltage(a)).toBeLessThanOrEqual(4.2);
      }),
    );
  });
});

describe('the flows of the lab', () => {
  it('balance: what goes in comes out, is stored or is lost, on both nodes', () => {
    fc.assert(
      fc.property(plant, share, share, feeds, watts, watts, (lab2, soc1, soc2, feed, wish, sun) => {
        const stored = {
          ...empty,
          charge1: soc1 * lab2.battery1.capacity,
          charge2: soc2 * lab2.battery2.capacity,
        };
        const flows = flowsOf(lab2, stored, feed, wish, sun);
        expect(flows.charger).toBeCloseTo(flows.charge1 + flows.losses1 + flows.fromOwn, 6);
        expect(flows.panel + flows.charger2).toBeCloseTo(
          flows.charge2 + flows.losses2 + flows.ownUse + flows.fromNode2,
          6,
        );
        expect(flows.panel + flows.curtailed).toBeCloseTo(sun, 6);
        expect(flows.fromOwn + flows.fromNode2 + flows.unserved).toBeCloseTo(wish, 6);
        expect(flows.ownUse + flows.ownUseUnserved).toBeCloseTo(lab2.ownUse, 6);
        for (const name of ENERGY_NAMES)
          if (!['charge1', 'charge2', 'curtailing'].includes(name))
            expect(flows[name]).toBeGreaterThanOrEqual(-1e-9);
        if (feed !== 'own') expect(flows.fromOwn).toBe(0);
        if (feed !== 'node2') expect(flows.fromNode2).toBeCloseTo(0, 9);
      }),
    );
  });

  it('keep every battery between empty and full, however small it is', () => {
    fc.assert(
      fc.property(
        plant,
        share,
        share,
        fc.array(fc.tuple(feeds, watts, watts), { maxLength: 200 }),
        (lab2, soc1, soc2, steps) => {
          let stored: Energies = {
            ...empty,
            charge1: soc1 * lab2.battery1.capacity,
            charge2: soc2 * lab2.battery2.capacity,
          };
          for (const [feed, wish, sun] of steps) {
            stored = after(stored, flowsOf(lab2, stored, feed, wish, sun), 1 / 3600);
            expect(stored.charge1).toBeGreaterThanOrEqual(-1e-9);
            expect(stored.charge2).toBeGreaterThanOrEqual(-1e-9);
            expect(stored.charge1).toBeLessThanOrEqual(lab2.battery1.capacity + 1e-9);
            expect(stored.charge2).toBeLessThanOrEqual(lab2.battery2.capacity + 1e-9);
          }
        },
      ),
    );
  });

  it('do not jump when a battery runs empty or full', () => {
    const small: Plant = {
      battery1: lab,
      battery2: { ...lab, capacity: 20 },
      charger: 0,
      charger2: 0,
      ownUse: 0,
    };
    let stored: Energies = { ...empty, charge1: 2, charge2: 18 };
    let before = flowsOf(small, stored, 'own', 10, 25);
    for (let second = 0; second < 3600; second++) {
      stored = after(stored, before, 1 / 3600);
      const flows = flowsOf(small, stored, 'own', 10, 25);
      expect(Math.abs(flows.fromOwn - before.fromOwn)).toBeLessThan(0.5);
      expect(Math.abs(flows.panel - before.panel)).toBeLessThan(0.5);
      before = flows;
    }
    expect(before.fromOwn).toBeLessThan(0.1);
    expect(before.panel).toBeLessThan(0.1);
  });
});

describe('a full battery of Node 2', () => {
  const full: Plant = {
    battery1: lab,
    battery2: { ...lab, capacity: 60, maxCharge: 60 },
    charger: 0,
    charger2: 0,
    ownUse: 1,
  };

  it('curtails the panel to what is used', () => {
    let stored: Energies = { ...empty, charge2: 60 };
    for (let second = 0; second < 14_400; second++)
      stored = after(stored, flowsOf(full, stored, 'own', 10, 25), 1 / 3600);
    expect(flowsOf(full, stored, 'own', 10, 25).panel).toBeCloseTo(1, 1);
  });

  it('does not let the panel jump when the relay begins or ends the export', () => {
    let stored: Energies = { ...empty, charge1: 10, charge2: 58 };
    let before = flowsOf(full, stored, 'own', 10, 25).panel;
    for (let second = 0; second < 7200; second++) {
      const flows = flowsOf(full, stored, Math.floor(second / 600) % 2 ? 'node2' : 'own', 10, 25);
      if (flows.fromNode2 > 0) expect(flows.fromNode2).toBeCloseTo(10, 9);
      // 10 W over the controller's 20 s.
      expect(Math.abs(flows.panel - before)).toBeLessThan(0.6);
      before = flows.panel;
      stored = after(stored, flows, 1 / 3600);
    }
  });
});

describe('the sensors', () => {
  const at = Array.from({ length: 20_000 }, (_, index) => 1.7e12 + index * 8000);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  it('show power in steps of 0.01 W and 2 mW, with noise whose mean is zero', () => {
    const sensor = { seed: 5, noise: 0.02, gainError: 0, resolution: 0.01 };
    const load = at.map((instant) => acs712(sensor, 10.0037, instant));
    expect(Math.abs(mean(load) - 10.0037)).toBeLessThan(0.001);
    expect(load.every((power) => Math.abs(power * 100 - Math.round(power * 100)) < 1e-6)).toBe(true);
    expect(new Set(load).size).toBeGreaterThan(5);
    const panel = at.map((instant) => ina219({ ...sensor, resolution: ina219Resolution(30) }, 0, instant));
    expect(Math.abs(mean(panel))).toBeLessThan(0.001);
    expect(panel.every((power) => Math.abs(power * 500 - Math.round(power * 500)) < 1e-6)).toBe(true);
  });

  it('show too much or too little with a gain error', () => {
    const sensor = { seed: 5, noise: 0, gainError: 0.02, resolution: 0.01 };
    expect(acs712(sensor, 10, 0)).toBe(Watts(10.2));
    expect(acs712({ ...sensor, gainError: -0.02 }, 10, 0)).toBe(Watts(9.8));
  });

  it('draw the same noise for the same instant, and each sensor its own', () => {
    const sensor = { seed: 5, noise: 1, gainError: 0, resolution: 0.01 };
    expect(acs712(sensor, 10, 8000)).toBe(acs712(sensor, 10, 8000));
    expect(acs712(sensor, 10, 8000)).not.toBe(ina219(sensor, 10, 8000));
    expect(acs712(sensor, 10, 8000)).not.toBe(acs712(sensor, 10, 16_000));
  });

  it('show state of charge with two decimals and voltage with four, within their ranges', () => {
    fc.assert(
      fc.property(share, fc.nat(), (charge, instant) => {
        const shown = max17043(1, charge, cellVoltage(charge), instant);
        expect(Math.abs(shown.stateOfCharge - charge * 100)).toBeLessThan(0.008);
        expect(Math.abs(shown.voltage - cellVoltage(charge))).toBeLessThan(0.005);
        expect(Number(shown.stateOfCharge.toFixed(2))).toBe(shown.stateOfCharge);
        expect(Number(shown.voltage.toFixed(4))).toBe(shown.voltage);
      }),
    );
  });
});
