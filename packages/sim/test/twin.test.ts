import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPowerCsv } from '@daisee/meter';
import { createBoard, createSimulatedDriver } from '@daisee/relay';
import { Duration, Percent, VirtualClock } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTwin, type TwinEvent, type TwinOptions } from '../src/index.ts';
import { at, drive, expectBalance, lab, OPEN, OWN, reads, SELLER, START, switches } from './lab.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'daisee-twin-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('the twin', () => {
  it('feeds the load from its own battery at rest, and from Node 2 when the contacts say so', () => {
    const twin = createTwin(lab);
    twin.advance(at(360));
    expect(twin.truth()).toMatchObject({ fromNode2: 0, unserved: 0 });
    expect(twin.truth().fromOwn).toBeCloseTo(1, 9);
    twin.switchContacts(OPEN, at(360));
    twin.switchContacts(SELLER, at(361));
    twin.advance(at(721));
    expect(twin.truth().fromOwn).toBeCloseTo(1, 9);
    expect(twin.truth().fromNode2).toBeCloseTo(1, 9);
    expect(twin.truth().unserved).toBeCloseTo(10 / 3600, 9);
    expectBalance(twin.truth(), lab);
  });

  it('applies a contact at the very millisecond at which it changes', () => {
    const twin = createTwin(lab);
    twin.switchContacts(SELLER, at(10.25));
    twin.advance(at(20));
    expect(twin.truth().fromOwn).toBeCloseTo((10 * 10.25) / 3600, 9);
    expect(twin.truth().fromNode2).toBeCloseTo((10 * 9.75) / 3600, 9);
  });

  it('gives results that depend on contact instants alone, never on when or how often it is read', () => {
    fc.assert(
      fc.property(switches, reads, reads, (contacts, one, other) => {
        const end = at(3700.5);
        const truths = [one, other, []].map((readAt) => {
          const twin = createTwin(lab);
          drive(twin, contacts, readAt);
          return twin.truth(end);
        });
        expect(truths[1]).toEqual(truths[0]);
        expect(truths[2]).toEqual(truths[0]);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same samples whatever was read before', () => {
    fc.assert(
      fc.property(switches, reads, (contacts, readAt) => {
        const disturbed = createTwin(lab);
        drive(disturbed, contacts, readAt);
        const calm = createTwin(lab);
        drive(calm, contacts, []);
        const end = at(3700.5);
        expect(disturbed.sample1(end)).toEqual(calm.sample1(end));
        expect(disturbed.sample2(end)).toEqual(calm.sample2(end));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps every energy balanced and every state of charge from 0 to 100', () => {
    const socs = fc.integer({ min: 0, max: 100 }).map(Percent);
    fc.assert(
      fc.property(
        switches,
        reads,
        socs,
        socs,
        fc.integer({ min: 1, max: 30 }),
        (contacts, readAt, one, two, watts) => {
          const options: TwinOptions = {
            ...lab,
            node1: { ...lab.node1, batteryWh: 5, initialSoc: one, load: { kind: 'constant', watts } },
            node2: { ...lab.node2, batteryWh: 4, initialSoc: two },
          };
          const twin = createTwin(options);
          drive(twin, contacts, readAt);
          const truth = twin.truth(at(3700));
          expectBalance(truth, options);
          expect(truth.fromOwn + truth.fromNode2 + truth.unserved).toBeCloseTo((watts * 3700) / 3600, 7);
          expect(twin.sample1(at(3700)).stateOfCharge).toBeLessThanOrEqual(100);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('never lets an energy fall from one instant to the next, between whole seconds too', () => {
    const twin = createTwin({ ...lab, node1: { ...lab.node1, batteryWh: 0.2 } });
    let before = twin.truth();
    for (let second = 0; second < 120; second += 0.13) {
      if (second > 60) twin.switchContacts(SELLER, at(60.05));
      const now = twin.truth(at(second));
      for (const name of [
        'fromOwn',
        'fromNode2',
        'unserved',
        'panel',
        'charger',
        'charger2',
        'losses1',
        'losses2',
      ] as const)
        expect(now[name]).toBeGreaterThanOrEqual(before[name] - 1e-15);
      before = now;
    }
  });

  it('counts what the load wanted and an empty battery could not give', () => {
    const options: TwinOptions = {
      ...lab,
      node1: { ...lab.node1, initialSoc: Percent(5), batteryWh: 10, chargerW: 0, dischargeEfficiency: 1 },
    };
    const twin = createTwin(options);
    const truth = twin.truth(at(3600));
    expect(truth.fromOwn).toBeCloseTo(0.5, 3);
    expect(truth.fromOwn + truth.unserved).toBeCloseTo(10, 9);
    expect(twin.sample1(at(3600)).power).toBeLessThan(0.1);
  });

  it('lets Node 1 recover with its charger while Node 2 feeds it', () => {
    const twin = createTwin(lab);
    twin.switchContacts(SELLER, at(0));
    const before = twin.sample1(at(1)).stateOfCharge ?? 0;
    const later = twin.sample1(at(3600)).stateOfCharge ?? 0;
    expect(later - before).toBeGreaterThan(9);
  });

  it('says what its sensors show: consumption, state of charge and voltage; production', () => {
    const twin = createTwin(lab);
    const one = twin.sample1(at(8));
    expect(one.at).toBe(at(8));
    expect(Math.abs(one.power - 10)).toBeLessThan(0.15);
    expect(one.stateOfCharge).toBeCloseTo(59.9, 1);
    expect(one.voltage).toBeCloseTo(3.88, 1);
    const two = twin.sample2(at(8));
    expect(two.power).toBeGreaterThan(1);
    expect(two).not.toHaveProperty('stateOfCharge');
  });

  it('says once that a measured series has ended and begins again', async () => {
    const file = path.join(directory, 'load.csv');
    await writeFile(file, '1000,10\n1060,20\n');
    const events: TwinEvent[] = [];
    const twin = createTwin({
      ...lab,
      node1: { ...lab.node1, load: { kind: 'replay', series: await readPowerCsv(file) } },
      onEvent: (event) => events.push(event),
    });
    twin.advance(at(59));
    expect(events).toEqual([]);
    twin.advance(at(500));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: 'repeats', series: 'load', file });
  });

  it('refuses settings that no world can have, naming what it got and expected', () => {
    expect(() => createTwin({ ...lab, seed: 0.5 })).toThrow(/seed is 0\.5; expected a whole number/);
    expect(() => createTwin({ ...lab, node1: { ...lab.node1, batteryWh: 0 } })).toThrow(
      /Node 1 battery \(Wh\) is 0/,
    );
    expect(() => createTwin({ ...lab, wiring: { loads: [] } })).toThrow(/0 loads; expected one load/);
  });
});

describe('the wires', () => {
  it('record every contact and each time that a load had two sources', () => {
    const events: TwinEvent[] = [];
    const twin = createTwin({ ...lab, onEvent: (event) => events.push(event) });
    twin.switchContacts([true, false, true, false], at(1.5));
    twin.switchContacts(OWN, at(2));
    expect(twin.contacts.map((record) => record.at)).toEqual([START, at(1.5), at(2)]);
    expect(twin.twoSources).toEqual([{ at: at(1.5), load: 'Node 1', states: [true, false, true, false] }]);
    expect(events[0]).toMatchObject({ type: 'twoSources', load: 'Node 1' });
  });

  it('never had two sources when a board drove them, whatever was ordered', async () => {
    const states = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(states, { maxLength: 20 }), async (orders) => {
        const clock = new VirtualClock({ start: START });
        const twin = createTwin(lab);
        const driver = createSimulatedDriver({ channels: 4, onChange: twin.onChange(clock) });
        const board = createBoard({ driver, clock, pause: () => Promise.resolve() });
        await clock.task(async () => {
          await board.start();
          for (const order of orders) {
            await clock.sleep(Duration(1234));
            const accepted = await board.order(new Map(order.entries())).then(
              () => true,
              () => false,
            );
            const now = twin.contacts.at(-1)?.states ?? [];
            if (accepted) expect(now).toEqual(order);
          }
          await board.stop();
        });
        expect(twin.twoSources).toEqual([]);
        expect(twin.contacts.at(-1)?.states).toEqual(OWN);
      }),
      { numRuns: 30 },
    );
  });
});
