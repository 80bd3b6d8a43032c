/** What every store must do with tariffs and with look-ups by edges, identity and place. */
import type { Instant } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Euros, HoursRefused, type NewTariff, TariffRefused, UnknownTariff } from '../src/index.ts';
import { at, every, sample } from './samples.ts';
import type { StoreUnderTest } from './store-suite.ts';

const rate = (constant: string, slope: string) => ({ constant: Euros(constant), slope: Euros(slope) });
export const PEAK: NewTariff = {
  name: 'Tarif Bleu HP/HC',
  day: rate('0.2843', '0.156'),
  night: rate('0.2843', '0.1127'),
  threshold: 6000,
  hours: { start: '22:00', end: '01:00', zone: 'Europe/Paris' },
};
const FLAT: NewTariff = { name: 'Flat', day: rate('0.2317', '0.1367'), night: rate('0.2317', '0.1367') };

export const storeTariffSuite = (name: string, open: () => Promise<StoreUnderTest>): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());
    let sensors = 0;
    const newSensor = async () =>
      (await under.store.addSensor({ name: `sensor ${sensors++}`, sign: 'load' })).id;

    describe('tariffs', () => {
      it('come back as they were set, also once the store is opened again; none is current at first', async () => {
        const set = await under.store.setTariff(PEAK);
        expect(set).toEqual({ ...PEAK, id: 1, type: 'Électricité', typeId: 1, current: false });
        const flat = await under.store.setTariff({ ...FLAT, type: 'Gas' });
        expect(flat).toEqual({ ...FLAT, id: 2, type: 'Gas', typeId: 2, current: false });
        under = await under.reopen();
        expect(await under.store.tariffs()).toEqual([set, flat]);
      });

      it('of a name that is there are changed and stay current', async () => {
        const { id } = await under.store.setTariff(PEAK);
        await under.store.useTariff(id);
        const { threshold: _, ...rest } = PEAK;
        const changed = await under.store.setTariff({ ...rest, day: rate('0', '0.2') });
        expect(changed).toMatchObject({ id, current: true, day: { slope: 200_000n } });
        expect(changed).not.toHaveProperty('threshold');
        expect(await under.store.tariffs()).toEqual([changed]);
      });

      it('are current one at a time, or none', async () => {
        const { store } = under;
        for (const tariff of [PEAK, FLAT]) await store.setTariff(tariff);
        const current = async () =>
          (await store.tariffs()).filter((tariff) => tariff.current).map(({ id }) => id);
        for (const id of [1, 2, 1]) {
          await store.useTariff(id);
          expect(await current()).toEqual([id]);
        }
        await expect(async () => await store.useTariff(3)).rejects.toThrow(UnknownTariff);
        expect(await current()).toEqual([1]);
        await store.useTariff(undefined);
        expect(await current()).toEqual([]);
        await store.useTariff(2);
        await store.removeTariff(2);
        expect(await store.tariffs()).toHaveLength(1);
        await expect(async () => await store.removeTariff(2)).rejects.toThrow(
          /no tariff 2 here; there is 1 \(Tarif Bleu HP\/HC\)/,
        );
      });

      it('that cannot be are refused and leave what was there', async () => {
        const { store } = under;
        const { hours: _, ...unhoured } = PEAK;
        const wrong: readonly NewTariff[] = [
          { ...FLAT, name: ' ' },
          unhoured,
          { ...FLAT, threshold: -1 },
          { ...FLAT, threshold: 0.5 },
          { ...FLAT, day: rate('0', '100000000000') },
        ];
        for (const tariff of wrong)
          await expect(async () => await store.setTariff(tariff)).rejects.toThrow(TariffRefused);
        await expect(
          async () =>
            await store.setTariff({ ...PEAK, hours: { start: '22', end: '6', zone: 'Europe/Paris' } }),
        ).rejects.toThrow(HoursRefused);
        expect(await store.tariffs()).toEqual([]);
      });
    });

    describe('look-ups', () => {
      it('by edges give the energy and the samples between them', async () => {
        const id = await newSensor();
        await under.store.append(id, [...every(8, 4, () => 450), sample(10_000, 90)]);
        const edges = [-8, 0, 4, 4, 24, 30, 10_000, 10_001].map(at);
        expect(await under.store.energyByEdges(id, edges)).toEqual([
          undefined,
          500_000n,
          undefined,
          2_500_000n,
          0n,
          undefined,
          0n,
        ]);
        expect(await under.store.powerByEdges(id, edges)).toEqual([
          undefined,
          { count: 1, microWatts: 450e6 },
          undefined,
          { count: 2, microWatts: 900e6 },
          { count: 1, microWatts: 450e6 },
          undefined,
          { count: 1, microWatts: 90e6 },
        ]);
        expect(await under.store.energyByEdges(id, [])).toEqual([]);
        expect(await under.store.powerByEdges(id, [at(0)])).toEqual([]);
      });

      it('by identity and by place find the samples of one sensor, each with the instant of the next', async () => {
        const [id, other] = [await newSensor(), await newSensor()];
        await under.store.append(id, [sample(0, 1), sample(8, 2)]);
        await under.store.append(other, [sample(4, 100)]);
        await under.store.append(id, [sample(24, 3)]);
        await under.store.append(id, [sample(16, 4)]);
        const seen = (found: readonly { readonly power: number; readonly next?: Instant }[]) =>
          found.map(({ power, next }) => [power, next === undefined ? undefined : next / 1000]);
        const first = (await under.store.samples(id, at(0), at(1)))[0]?.id ?? 0;
        expect(seen(await under.store.samplesById(id, first, first + 5))).toEqual([
          [1, 8],
          [2, 16],
          [4, 24],
          [3, undefined],
        ]);
        expect(seen(await under.store.samplesById(id, first + 2, first + 4))).toEqual([[3, undefined]]);
        expect(seen(await under.store.samplesById(other, first, first + 2))).toEqual([]);
        expect(seen(await under.store.samplesFromEnd(id, -1, 0))).toEqual([[3, undefined]]);
        expect(seen(await under.store.samplesFromEnd(id, -100, -2))).toEqual([
          [1, 8],
          [2, 16],
        ]);
        expect(await under.store.samplesFromEnd(id, -3, -3)).toEqual([]);
        expect(await under.store.samplesFromEnd(id, -9, -5)).toEqual([]);
      });

      it('by place are what slices of a list are', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 12 }),
            fc.integer({ min: -15, max: -1 }),
            fc.integer({ min: -15, max: 0 }),
            async (instants, from, to) => {
              const id = await newSensor();
              for (const instant of instants) await under.store.append(id, [sample(instant, 1)]);
              const found = await under.store.samplesFromEnd(id, from, to);
              const sorted = instants.toSorted((a, b) => a - b);
              expect(found.map((one) => one.at / 1000)).toEqual(
                sorted.slice(from, to === 0 ? undefined : to),
              );
            },
          ),
          { numRuns: 60 },
        );
      });
    });
  });
};
