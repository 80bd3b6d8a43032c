/** The lab that the tests of this room share, and how they drive it. */
import { Instant, Percent } from '@daisee/units';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Truth, Twin, TwinOptions } from '../src/index.ts';

export const START = Instant(Date.UTC(2024, 5, 1, 9));
export const at = (seconds: number): Instant => Instant(START + Math.round(seconds * 1000));
export const OWN = [false, false, false, false];
export const SELLER = [true, true, true, true];
export const OPEN = [true, true, false, false];

export const lab: TwinOptions = {
  seed: 7,
  start: START,
  node1: { batteryWh: 20, initialSoc: Percent(60), chargerW: 2, load: { kind: 'constant', watts: 10 } },
  node2: {
    batteryWh: 60,
    initialSoc: Percent(50),
    ownUseW: 0.5,
    chargerW: 0.7,
    solar: { kind: 'panel', peakWatts: 30, latitude: 48.85, longitude: 2.35, cloudiness: 0.5 },
  },
};

/** Without the instant. */
export const energiesOf = (truth: Truth) => ({ ...truth, at: undefined });

/** Balance of both nodes since the start; Wh. */
export const expectBalance = (truth: Truth, options: TwinOptions) => {
  const stored1 = truth.charge1 - (options.node1.batteryWh * options.node1.initialSoc) / 100;
  const stored2 = truth.charge2 - (options.node2.batteryWh * options.node2.initialSoc) / 100;
  expect(truth.charger).toBeCloseTo(stored1 + truth.losses1 + truth.fromOwn, 7);
  expect(truth.panel + truth.charger2).toBeCloseTo(
    stored2 + truth.losses2 + truth.ownUse + truth.fromNode2,
    7,
  );
};

/** Contacts over an hour, break before make, at any millisecond. */
export const switches = fc
  .uniqueArray(fc.integer({ min: 0, max: 3_600_000 }), { maxLength: 8 })
  .map((instants) =>
    instants
      .sort((a, b) => a - b)
      .map((offset, index) => ({
        at: Instant(START + offset),
        states: [OPEN, SELLER, OPEN, OWN][index % 4] ?? OWN,
      })),
  );
export const reads = fc.array(fc.integer({ min: 0, max: 3_600_000 }), { maxLength: 30 });

/** Drives a twin through switches while it is read at other instants. */
export const drive = (
  twin: Twin,
  contacts: readonly { at: Instant; states: readonly boolean[] }[],
  readAt: readonly number[],
) => {
  const events = [
    ...contacts.map((contact) => ({
      at: contact.at,
      order: 0,
      act: () => twin.switchContacts(contact.states, contact.at),
    })),
    ...readAt.map((offset, index) => {
      const instant = Instant(START + offset);
      const act = [
        () => void twin.sample1(instant),
        () => void twin.sample2(instant),
        () => void twin.truth(instant),
        () => twin.checkpoint(instant),
      ][index % 4];
      return { at: instant, order: index % 2 ? 1 : -1, act: act ?? (() => undefined) };
    }),
  ];
  for (const event of events.sort((a, b) => a.at - b.at || a.order - b.order)) event.act();
};
