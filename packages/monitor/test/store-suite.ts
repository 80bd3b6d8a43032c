/** What every store of measurements must do: call it with a factory and the suite runs on that store. */
import { emptyIntegration, integrate, type Sample, type SignRule } from '@daisee/meter';
import { Duration, Instant, Percent, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleRefused, type SampleStore, SensorDiffers, UnknownSensor } from '../src/index.ts';
import { at, every, later, sample } from './samples.ts';

export interface StoreUnderTest {
  readonly store: SampleStore;
  /** Closes the store and opens what it kept. */
  reopen(): Promise<StoreUnderTest>;
  dispose(): Promise<void>;
}

const MAX_GAP = Seconds(60);
const signs = fc.constantFrom<SignRule>('load', 'source', 'signed');

/** Samples of up to 16 minutes at whole and broken seconds, some instants twice, in any order. */
const arrivals = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 1_000_000 }).map((ms) => Instant(ms)),
    power: fc.double({ min: -500, max: 3000, noNaN: true }).map((watts) => Watts(watts)),
  }),
  { minLength: 1, maxLength: 40 },
);
const cut = fc.integer({ min: 1, max: 7 });

const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** The first sample at each instant, in the order of time. */
const distinct = (samples: readonly Sample[]): readonly Sample[] => {
  const first = new Map<number, Sample>();
  for (const sample of samples) if (!first.has(sample.at)) first.set(sample.at, sample);
  return [...first.values()].sort((a, b) => a.at - b.at);
};

export const sampleStoreSuite = (name: string, open: () => Promise<StoreUnderTest>): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());

    /** A new sensor each time, so that one store serves a whole property. */
    let names = 0;
    const newSensor = async (sign: SignRule = 'load'): Promise<number> =>
      (await under.store.addSensor({ name: `sensor ${names++}`, sign })).id;
    const samplesOf = async (id: number) =>
      await under.store.samples(id, at(-1e6), Instant(Number.MAX_SAFE_INTEGER));

    describe('sensors', () => {
      it('are numbered from 1 and keep name, sign and type', async () => {
        const { store } = under;
        const first = await store.addSensor({ name: 'CitizenWatt', sign: 'load' });
        const second = await store.addSensor({ name: 'Panel', sign: 'source', type: 'Solar' });
        expect(first).toEqual({ id: 1, name: 'CitizenWatt', sign: 'load', type: 'Électricité', typeId: 1 });
        expect(await store.sensors()).toEqual([first, second]);
        expect(await store.sensor(2)).toEqual(second);
        expect(await store.sensor(3)).toBeUndefined();
        expect(await store.types()).toEqual([
          { id: 1, name: 'Électricité' },
          { id: 2, name: 'Solar' },
        ]);
      });

      it('are the same one when added again, and another sign is refused', async () => {
        const { store } = under;
        const first = await store.addSensor({ name: 'Panel', sign: 'source' });
        expect(await store.addSensor({ name: 'Panel', sign: 'source' })).toEqual(first);
        await expect(async () => await store.addSensor({ name: 'Panel', sign: 'load' })).rejects.toThrow(
          SensorDiffers,
        );
        expect(await store.sensors()).toHaveLength(1);
      });

      it('that are not there are named in the error, with those that are', async () => {
        const { store } = under;
        await store.addSensor({ name: 'CitizenWatt', sign: 'load' });
        for (const ask of [
          () => store.append(4, [sample(0, 1)]),
          () => store.samples(4, at(0), at(1)),
          () => store.last(4),
          () => store.registerAt(4, at(0)),
          () => store.energy(4, at(0), at(1)),
          () => store.meanPowerBySteps(4, at(0), at(1), Seconds(1)),
          () => store.gaps(4, at(0), at(1)),
        ]) {
          const asked = async () => await ask();
          await expect(asked).rejects.toThrow(UnknownSensor);
          await expect(asked).rejects.toThrow(/no sensor 4 here; there is 1 \(CitizenWatt\)/);
        }
      });
    });

    describe('samples', () => {
      it('come back as they were stored, with the register beside each', async () => {
        const id = await newSensor();
        const given = { at: at(8.25), power: Watts(12.345678), stateOfCharge: Percent(87.5), voltage: 3.98 };
        const appended = await under.store.append(id, [sample(0, 450), given]);
        expect(appended).toMatchObject({ stored: 2, repeated: 0 });
        const stored = await samplesOf(id);
        expect(appended.samples).toEqual(stored);
        // (450 + 12.345678) / 2 W over 8.25 s are 0.52976 Wh.
        expect(stored[1]).toMatchObject({ ...given, register: 529_771n, exported: 0n });
        expect(await under.store.last(id)).toEqual(stored[1]);
      });

      it('of a window are those from its start up to but not at its end', async () => {
        const id = await newSensor();
        await under.store.append(
          id,
          every(8, 5, () => 100),
        );
        const instants = async (from: number, to: number, limit?: number) =>
          (await under.store.samples(id, at(from), at(to), limit)).map((sample) => sample.at / 1000);
        expect(await instants(8, 24)).toEqual([8, 16]);
        expect(await instants(8.001, 24.001)).toEqual([16, 24]);
        expect(await instants(0, 100, 2)).toEqual([0, 8]);
        expect(await instants(8, 8)).toEqual([]);
        expect(await instants(24, 8)).toEqual([]);
      });

      it('of two sensors do not mix', async () => {
        const [a, b] = [await newSensor(), await newSensor()];
        await under.store.append(
          a,
          every(8, 3, () => 100),
        );
        await under.store.append(
          b,
          every(8, 3, () => 900),
        );
        expect(await under.store.energy(a, at(0), at(16))).toBe(444_444n);
        expect(await under.store.energy(b, at(0), at(16))).toBe(4_000_000n);
        expect((await samplesOf(a)).every(({ power }) => power === 100)).toBe(true);
      });

      it('repeated are stored once and reported as repeated, within a batch and later', async () => {
        const id = await newSensor();
        expect(await under.store.append(id, [sample(0, 1), sample(8, 2), sample(8, 3)])).toMatchObject({
          stored: 2,
          repeated: 1,
        });
        expect(await under.store.append(id, [sample(8, 4), sample(16, 5), sample(0, 6)])).toMatchObject({
          stored: 1,
          repeated: 2,
        });
        expect((await samplesOf(id)).map(({ power }) => power)).toEqual([1, 2, 5]);
      });

      it('that no store can hold are refused, and the whole batch with them', async () => {
        const id = await newSensor();
        const bad: readonly Sample[] = [
          { at: at(8), power: Number.NaN as Watts },
          { at: at(8), power: Watts(2e8) },
          { at: Number.POSITIVE_INFINITY as Instant, power: Watts(1) },
          { at: at(8), power: Watts(1), voltage: Number.NaN },
          { at: at(8), power: Watts(1), stateOfCharge: 101 as Percent },
        ];
        for (const one of bad)
          await expect(async () => await under.store.append(id, [sample(0, 1), one])).rejects.toThrow(
            SampleRefused,
          );
        expect(await samplesOf(id)).toEqual([]);
      });

      it('are there once the store is opened again, and the register goes on from them', async () => {
        const id = await newSensor();
        await under.store.append(id, [sample(0, 100), sample(7, 100)]);
        const before = await samplesOf(id);
        under = await under.reopen();
        expect(await samplesOf(id)).toEqual(before);
        await under.store.append(id, [sample(14, 100)]);
        expect(await under.store.registerAt(id, at(14))).toBe(388_888n);
      });
    });

    describe('registers', () => {
      it('are the integral of the samples, whatever the order and the batches in which they come', async () => {
        await fc.assert(
          fc.asyncProperty(arrivals, signs, cut, async (samples, sign, size) => {
            const id = await newSensor(sign);
            let repeated = 0;
            for (const batch of inBatches(samples, size))
              repeated += (await under.store.append(id, batch, { maxGap: MAX_GAP })).repeated;
            const expected = distinct(samples);
            expect(repeated).toBe(samples.length - expected.length);
            let state = emptyIntegration;
            const gaps = [];
            const registers = [];
            for (const one of expected) {
              const step = integrate(state, one, { sign, maxGap: MAX_GAP });
              state = step.state;
              if (step.gap) gaps.push(step.gap);
              registers.push({ at: one.at, register: state.register, exported: state.exported });
            }
            const stored = await samplesOf(id);
            expect(stored.map(({ at, register, exported }) => ({ at, register, exported }))).toEqual(
              registers,
            );
            expect(await under.store.gaps(id, at(-1), at(2000))).toEqual(gaps);
          }),
          { numRuns: 150 },
        );
      });

      it('differ from the exact integral by less than 1 µWh, gaps apart', async () => {
        const loads = fc.array(
          fc.record({
            at: fc.integer({ min: 0, max: 500_000 }),
            power: fc.integer({ min: 0, max: 3_000_000_000 }),
          }),
          { minLength: 2, maxLength: 30 },
        );
        await fc.assert(
          fc.asyncProperty(loads, async (readings) => {
            const id = await newSensor();
            for (const { at, power } of readings)
              await under.store.append(id, [{ at: Instant(at), power: Watts(power / 1e6) }], {
                maxGap: MAX_GAP,
              });
            const stored = await samplesOf(id);
            // Twice the integral in µW·ms: no division before the end.
            let doubled = 0n;
            for (const [i, { at, power }] of stored.entries()) {
              const before = stored[i - 1];
              if (!before || at - before.at > MAX_GAP) continue;
              doubled += BigInt(Math.round((power + before.power) * 1e6)) * BigInt(at - before.at);
            }
            expect(stored.at(-1)?.register).toBe(doubled / 7_200_000n);
          }),
          { numRuns: 100 },
        );
      });

      it('between two samples lie on the straight line of power between them', async () => {
        const id = await newSensor();
        await under.store.append(id, [sample(0, 0), sample(36, 1000)]);
        expect(await under.store.registerAt(id, at(-1))).toBe(0n);
        expect(await under.store.registerAt(id, at(18))).toBe(1_250_000n);
        expect(await under.store.registerAt(id, at(36))).toBe(5_000_000n);
        expect(await under.store.registerAt(id, at(1000))).toBe(5_000_000n);
      });

      it('never fall from one instant to the next', async () => {
        await fc.assert(
          fc.asyncProperty(
            arrivals,
            signs,
            fc.array(fc.integer({ min: -1000, max: 1_001_000 }), { minLength: 2, maxLength: 20 }),
            async (samples, sign, instants) => {
              const id = await newSensor(sign);
              await under.store.append(id, samples, { maxGap: MAX_GAP });
              let last = 0n;
              for (const instant of instants.toSorted((a, b) => a - b)) {
                const register = await under.store.registerAt(id, Instant(instant));
                expect(register).toBeGreaterThanOrEqual(last);
                last = register;
              }
            },
          ),
          { numRuns: 60 },
        );
      });

      it('of a signed sensor count import and export apart', async () => {
        const id = await newSensor('signed');
        await under.store.append(id, [sample(0, 1000), sample(36, -1000)]);
        expect(await under.store.last(id)).toMatchObject({ register: 2_500_000n, exported: 2_500_000n });
        expect(await under.store.energy(id, at(0), at(36))).toBe(0n);
        expect(await under.store.energy(id, at(18), at(36))).toBe(-2_500_000n);
      });
    });

    describe('gaps', () => {
      it('are recorded where samples are missing, and no energy is invented for them', async () => {
        const id = await newSensor();
        await under.store.append(
          id,
          [...every(8, 3, () => 100), ...every(8, 3, () => 100).map(later(1000))],
          {
            maxGap: MAX_GAP,
          },
        );
        expect(await under.store.gaps(id, at(0), at(2000))).toEqual([{ from: at(16), to: at(1000) }]);
        expect(await under.store.gaps(id, at(500), at(501))).toHaveLength(1);
        expect(await under.store.gaps(id, at(1000), at(2000))).toEqual([]);
        expect(await under.store.gaps(id, at(0), at(16))).toEqual([]);
        expect(await under.store.energy(id, at(0), at(2000))).toBe(888_888n);
        expect(await under.store.registerAt(id, at(500))).toBe(444_444n);
        expect(await under.store.energyBySteps(id, at(100), at(900), Seconds(400))).toEqual([
          undefined,
          undefined,
        ]);
      });

      it('close when the missing samples come late', async () => {
        const id = await newSensor();
        const all = every(8, 20, (second) => second);
        const options = { maxGap: Seconds(20) };
        await under.store.append(id, [...all.slice(0, 5), ...all.slice(15)], options);
        expect(await under.store.gaps(id, at(0), at(200))).toHaveLength(1);
        await under.store.append(id, all.slice(5, 15), options);
        expect(await under.store.gaps(id, at(0), at(200))).toEqual([]);
        // ∫ t dt from 0 to 152 s is 11,552 Ws.
        expect((await under.store.last(id))?.register).toBe(3_208_888n);
      });

      it('stay as they were judged when another rule holds for later samples', async () => {
        const id = await newSensor();
        await under.store.append(id, [sample(0, 360), sample(100, 360), sample(120, 360)], {
          maxGap: Seconds(60),
        });
        await under.store.append(id, [sample(110, 360)], { maxGap: Seconds(1000) });
        expect(await under.store.gaps(id, at(0), at(200))).toEqual([{ from: at(0), to: at(100) }]);
        expect(await under.store.energy(id, at(0), at(120))).toBe(2_000_000n);
      });
    });

    describe('silence', () => {
      it('is bridged as far as the sensor’s own rhythm allows, unless a longest gap is asked for', async () => {
        const id = await newSensor();
        const told = [...every(8, 10, () => 12_000), ...every(8, 10, () => 12_000).map(later(72 + 157))];
        await under.store.append(id, told);
        expect(await under.store.gaps(id, at(0), at(1000))).toEqual([{ from: at(72), to: at(229) }]);
        expect((await under.store.last(id))?.register).toBe(480_000_000n);
        const bridging = await newSensor();
        await under.store.append(bridging, told, { maxGap: Seconds(900) });
        expect((await under.store.last(bridging))?.register).toBe(1_003_333_333n);
      });

      it('is bridged after a restart as before it, and at most as long as settings allow', async () => {
        const id = await newSensor();
        await under.store.append(
          id,
          every(8, 4, () => 3600),
        );
        under = await under.reopen();
        await under.store.append(id, [sample(48, 3600), sample(73, 3600)]);
        expect(await under.store.gaps(id, at(0), at(1000))).toEqual([]);
        await under.store.append(id, [sample(98, 3600)], { maxGap: Seconds(20), rhythm: true });
        await under.store.append(id, [sample(178, 3600)]);
        expect(await under.store.gaps(id, at(0), at(1000))).toEqual([
          { from: at(73), to: at(98) },
          { from: at(98), to: at(178) },
        ]);
      });

      it('that late samples fill has none of it left', async () => {
        const id = await newSensor();
        const all = every(8, 60, () => 3600);
        await under.store.append(id, [...all.slice(0, 10), ...all.slice(40)]);
        expect(await under.store.gaps(id, at(0), at(1000))).toHaveLength(1);
        await under.store.append(id, all.slice(10, 40));
        expect(await under.store.gaps(id, at(0), at(1000))).toEqual([]);
        expect((await under.store.last(id))?.register).toBe(472_000_000n);
        await under.store.append(id, [sample(500, 3600)]);
        expect(await under.store.gaps(id, at(0), at(1000))).toEqual([{ from: at(472), to: at(500) }]);
      });
    });

    describe('energy', () => {
      it('of a 16 s window is the whole truth, at steps of 16 s and of 60 s (v0.2: 50.3 % and 87.1 %)', async () => {
        const id = await newSensor();
        const power = (second: number) => 200 + 100 * Math.sin(second / 600);
        // 8 s apart and not on the window's grid.
        const samples = every(8, 451, power).map(later(3));
        await under.store.append(id, samples);
        const truth = (from: number, to: number) =>
          (200 * (to - from) - 60_000 * (Math.cos((to - 3) / 600) - Math.cos((from - 3) / 600))) / 3600;
        for (const step of [16, 60]) {
          const steps = await under.store.energyBySteps(id, at(60), at(3540), Seconds(step));
          expect(steps).toHaveLength(Math.ceil(3480 / step));
          for (const [i, energy] of steps.entries()) {
            const from = 60 + i * step;
            const exact = truth(from, Math.min(3540, from + step));
            expect(Math.abs(Number(energy) / 1e6 / exact - 1)).toBeLessThan(1e-4);
          }
        }
      });

      it('of the steps of a window adds up to the energy of the window, for any step', async () => {
        await fc.assert(
          fc.asyncProperty(
            arrivals,
            signs,
            fc.tuple(fc.integer({ min: -10_000, max: 1_010_000 }), fc.integer({ min: 1, max: 400_000 })),
            fc.double({ min: 300, max: 500_000, noNaN: true }),
            async (samples, sign, [from, length], step) => {
              const id = await newSensor(sign);
              await under.store.append(id, samples, { maxGap: MAX_GAP });
              const [start, end] = [Instant(from), Instant(from + length)];
              const steps = await under.store.energyBySteps(id, start, end, Duration(step));
              expect(steps).toHaveLength(Math.ceil(length / step - 1e-9));
              const sum = steps.reduce((sum: bigint, energy) => sum + (energy ?? 0n), 0n);
              expect(sum).toBe(await under.store.energy(id, start, end));
            },
          ),
          { numRuns: 100 },
        );
      });

      it('of an empty window is nothing, and a step of nothing is refused', async () => {
        const id = await newSensor();
        await under.store.append(
          id,
          every(8, 3, () => 100),
        );
        expect(await under.store.energy(id, at(8), at(8))).toBe(0n);
        expect(await under.store.energyBySteps(id, at(8), at(8), Seconds(1))).toEqual([]);
        expect(await under.store.meanPowerBySteps(id, at(9), at(8), Seconds(1))).toEqual([]);
        await expect(
          async () => await under.store.energyBySteps(id, at(0), at(8), Seconds(0)),
        ).rejects.toThrow(/more than 0/);
      });

      it('is told from nothing measured', async () => {
        const id = await newSensor();
        await under.store.append(id, [sample(100, 0), sample(108, 0)]);
        const steps = await under.store.energyBySteps(id, at(92), at(124), Seconds(4));
        expect(steps).toEqual([undefined, undefined, 0n, 0n, 0n, undefined, undefined, undefined]);
        expect(await under.store.energyBySteps(id, at(99.5), at(100), Seconds(1))).toEqual([undefined]);
      });

      it('mean power of a step is the mean of its samples', async () => {
        const id = await newSensor('signed');
        await under.store.append(id, [sample(0, 10), sample(4, 20), sample(8, -30), sample(24, 5)]);
        expect(await under.store.meanPowerBySteps(id, at(0), at(30), Seconds(8))).toEqual([
          15,
          -30,
          undefined,
          5,
        ]);
      });
    });
  });
};
