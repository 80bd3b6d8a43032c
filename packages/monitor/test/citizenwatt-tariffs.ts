/** Tariffs in the CitizenWatt API: energy providers, euros, day and night; for any store, as `citizenWattSuite`. */
import { Instant, VirtualClock, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Euros } from '../src/index.ts';
import {
  answer,
  asking,
  euros,
  kwh,
  mean,
  type OpenedStore,
  row,
  samplesOf,
  T,
} from './citizenwatt-harness.ts';
import { askAsV02, serveStore } from './served.ts';
import { PEAK } from './store-tariffs.ts';

export const citizenWattTariffSuite = (name: string, open: () => Promise<OpenedStore>): void => {
  describe(`${name}, by day and night tariffs`, () => {
    const { served, ask, answersLikeTheTable } = asking(open, Array(9).fill(450), async (store) => {
      await store.setTariff({
        name: 'Flat "é"',
        day: { constant: Euros('0.2317'), slope: Euros('0.1127') },
        night: { constant: Euros('0.2317'), slope: Euros('0.1127') },
      });
      await store.useTariff((await store.setTariff(PEAK)).id);
    });

    const flat =
      '{"id": 1, "name": "Flat \\"é\\"", "type_id": 1, "day_slope_watt_euros": 0.1127, "day_constant_watt_euros": 0.2317, "night_slope_watt_euros": 0.1127, "night_constant_watt_euros": 0.2317, "current": 0, "threshold": null}';
    const peak =
      '{"id": 2, "name": "Tarif Bleu HP/HC", "type_id": 1, "day_slope_watt_euros": 0.156, "day_constant_watt_euros": 0.2843, "night_slope_watt_euros": 0.1127, "night_constant_watt_euros": 0.2843, "current": 1, "threshold": 6000, "start_night_rate": "22:00", "end_night_rate": "01:00"}';
    // The night ends at T + 32. The clock shows noon.
    const day = (data: string): string => answer(data, '"day"');
    answersLikeTheTable([
      ['/api/energy_providers', `{"data": [${flat}, ${peak}]}`],
      ['/api/energy_providers/current', `{"data": ${peak}}`],
      ['/api/energy_providers/1', `{"data": ${flat}}`],
      ['/api/energy_providers/3', '{"data": null}'],
      ['/api/current/watt_to_euros/night/2', '{"data": 0.2254}'],
      ['/api/current/watt_to_euros/day/2', '{"data": 0.312}'],
      ['/api/1/watt_to_euros/day/2.0', '{"data": 0.2254}'],
      ['/api/1/watt_to_euros/day/0', '{"data": 0.0}'],
      ['/api/current/watt_to_euros/night/0.0004', '{"data": 4.508e-05}'],
      ['/api/3/watt_to_euros/day/2', '{"data": null}'],
      [
        `/api/1/get/watts/by_time/${T + 24}/${T + 40}`,
        day(`[${row(4, '450.0', T + 24)}, ${row(5, '450.0', T + 32, 0)}]`),
      ],
      [`/api/1/get/watts/by_time/${T + 64}`, day(row(9, '450.0', T + 64, 0))],
      ['/api/1/get/watts/by_id/-9', day(row(1, '450.0', T))],
      [`/api/1/get/kwatthours/by_time/${T}/${T + 64}`, day(kwh('0.004', '0.004', '0.008'))],
      [`/api/1/get/kwatthours/by_time/${T}/${T + 16}`, day(kwh('0.002'))],
      [`/api/1/get/kwatthours/by_time/${T + 48}/${T + 64}`, day(kwh('0.0', '0.002', '0.002'))],
      [`/api/1/get/kwatthours/by_time/${T + 30}/${T + 36}`, day(kwh('0.00025', '0.0005', '0.00075'))],
      [
        `/api/1/get/kwatthours/by_time/${T - 24}/${T + 72}/24`,
        day(`[null, ${kwh('0.003')}, ${kwh('0.001', '0.002', '0.003')}, ${kwh('0.0', '0.002', '0.002')}]`),
      ],
      [
        `/api/1/get/watts/by_time/${T + 8}/${T + 72}/32`,
        day(`[${mean('337.5', '112.5', '450.0')}, ${mean('0.0', '450.0', '450.0')}]`),
      ],
      [`/api/1/get/euros/by_time/${T}/${T + 64}`, day(euros('0.0010748'))],
      [`/api/1/get/euros/by_time/${T - 64}/${T}`, day('null')],
      [
        `/api/1/get/euros/by_time/${T - 32}/${T + 64}/32`,
        day(`[null, ${euros('0.0004508')}, ${euros('0.000624')}]`),
      ],
      ['/api/1/get/euros/by_id/1', day(euros('0.0001127'))],
      ['/api/1/get/euros/by_id/-1', day(euros('0.0'))],
      ['/api/1/get/euros/by_id/1/9', day(euros('0.0010748'))],
      ['/api/1/get/euros/by_id/-9/0', day(euros('0.0010748'))],
      [
        '/api/1/get/euros/by_id/1/13/4',
        day(`[${euros('0.0004508')}, ${euros('0.000624')}, ${euros('0.0')}]`),
      ],
      ['/api/1/get/kwatthours/by_id/4/6', day(kwh('0.001', '0.001', '0.002'))],
      ['/api/1/get/watts/by_id/3/7/4', day(`[${mean('225.0', '225.0', '450.0')}]`)],
    ]);

    it("answers v0.2's example: 4.5124e-05 euros", async () => {
      const { id } = await served().store.addSensor({ name: 'Example', sign: 'load' });
      await served().store.append(id, samplesOf(180, 180));
      const [, before] = await served().store.tariffs();
      const slope = Euros('0.11281');
      await served().store.setTariff({ ...PEAK, night: { ...PEAK.night, slope } });
      const reply = await ask(`/api/${id}/get/euros/by_time/${T}/${T + 8}`);
      if (before) await served().store.setTariff(before);
      expect(reply.text).toBe(day(euros('4.5124e-05')));
    });

    it('says "night" at night, "day" by day, and null when a tariff does not tell them apart', async () => {
      const rateAt = async (instant: string): Promise<unknown> => {
        const clock = new VirtualClock({ start: Instant(Date.parse(instant)) });
        const other = await serveStore(served().store, { clock });
        const { text } = await askAsV02(`${other.url}/api/1/get/watts/by_time/${T}`);
        await other.end();
        return (JSON.parse(text) as { rate: unknown }).rate;
      };
      expect(await rateAt('2026-11-22T00:00:00+01:00')).toBe('night');
      expect(await rateAt('2026-11-22T00:59:59.999+01:00')).toBe('night');
      expect(await rateAt('2026-11-22T01:00:00+01:00')).toBe('day');
      expect(await rateAt('2026-07-22T22:00:00+02:00')).toBe('night');
      await served().store.useTariff(1);
      expect(await rateAt('2026-11-22T00:00:00+01:00')).toBeNull();
      const { text } = await ask(`/api/1/get/kwatthours/by_time/${T}/${T + 64}`);
      expect(text).toBe(answer(kwh('0.008')));
      expect((await ask(`/api/1/get/euros/by_time/${T}/${T + 64}`)).text).toBe(answer(euros('0.0009016')));
      await served().store.useTariff(2);
    });

    it('adds up: steps, ranges of identities, day and night, in whatever order samples came', async () => {
      let sensors = 0;
      const total = async (path: string): Promise<bigint> => {
        type Energy = { value: number; day_rate: number; night_rate: number } | null;
        const { data } = JSON.parse((await ask(path)).text) as { data: Energy | readonly Energy[] };
        let sum = 0n;
        for (const energy of [data].flat()) {
          const [value, ...rates] = [energy?.value, energy?.day_rate, energy?.night_rate].map(
            (kilowattHours) => BigInt(Math.round((kilowattHours ?? 0) * 1e9)),
          );
          expect(rates[0] === undefined || rates[1] === undefined ? undefined : rates[0] + rates[1]).toBe(
            value,
          );
          sum += value ?? 0n;
        }
        return sum;
      };
      await fc.assert(
        fc.asyncProperty(
          // Two days about the turns of the night, seconds apart and hours apart.
          fc.uniqueArray(fc.integer({ min: 0, max: 172_800 }), { minLength: 2, maxLength: 25 }),
          fc.integer({ min: 100, max: 90_000 }),
          fc.integer({ min: 1, max: 7 }),
          fc.integer({ min: 0, max: 25 }),
          async (seconds, step, ids, cut) => {
            const { id } = await served().store.addSensor({ name: `Adds up ${sensors++}`, sign: 'load' });
            const appended = [];
            for (const second of seconds)
              appended.push(
                ...(
                  await served().store.append(id, [
                    { at: Instant((T + second) * 1000), power: Watts(second % 977) },
                  ])
                ).samples,
              );
            const whole = await served().store.energy(id, Instant(T * 1000), Instant((T + 172_801) * 1000));
            const get = `/api/${id}/get/kwatthours`;
            const [first, end] = [appended[0]?.id ?? 0, (appended.at(-1)?.id ?? 0) + 1];
            const between = Math.min(first + cut, end);
            expect(await total(`${get}/by_time/${T}/${T + 172_801}`)).toBe(whole);
            expect(await total(`${get}/by_time/${T}/${T + 172_801}/${step}`)).toBe(whole);
            expect(await total(`${get}/by_id/${first}/${end}/${ids}`)).toBe(whole);
            expect(await total(`${get}/by_id/-${seconds.length}/0/${ids}`)).toBe(whole);
            expect(
              (await total(`${get}/by_id/${first}/${between}`)) +
                (await total(`${get}/by_id/${between}/${end}`)),
            ).toBe(whole);
          },
        ),
        { numRuns: 30 },
      );
    });

    it('splits local days of 23 and of 25 hours by what their clocks show, not those of UTC', async () => {
      const hours = { start: '00:00', end: '03:00', zone: 'Europe/Paris' };
      await served().store.setTariff({ ...PEAK, hours });
      const split = async (midnight: string, length: number): Promise<unknown> => {
        const { id } = await served().store.addSensor({ name: midnight, sign: 'load' });
        const from = Date.parse(midnight);
        await served().store.append(
          id,
          Array.from({ length: 25 * 6 + 1 }, (_, i) => ({
            at: Instant(from + i * 600_000),
            power: Watts(1000),
          })),
        );
        const window = `${from / 1000}/${from / 1000 + length * 3600}`;
        return JSON.parse((await ask(`/api/${id}/get/kwatthours/by_time/${window}`)).text);
      };
      const [spring, autumn] = [
        await split('2027-03-28T00:00:00+01:00', 23),
        await split('2026-10-25T00:00:00+02:00', 25),
      ];
      await served().store.setTariff(PEAK);
      expect(spring).toMatchObject({ data: { night_rate: 2, day_rate: 21, value: 23 } });
      expect(autumn).toMatchObject({ data: { night_rate: 4, day_rate: 21, value: 25 } });
    });

    it('answers "from 1970 until now" at once, even with a sample of a clock that was wrong', async () => {
      const { id } = await served().store.addSensor({ name: 'Wrong clock', sign: 'load' });
      await served().store.append(id, [
        { at: Instant(0), power: Watts(5) },
        ...samplesOf(450, 450, 450, 450, 450, 450),
        { at: Instant(8.64e15), power: Watts(5) },
      ]);
      const ever = `0/${'9'.repeat(20)}`;
      expect((await ask(`/api/${id}/get/kwatthours/by_time/${ever}`)).text).toBe(
        day(kwh('0.004', '0.001', '0.005')),
      );
      expect((await ask(`/api/${id}/get/euros/by_time/${ever}`)).text).toBe(day(euros('0.0006068')));
      const century = 3_155_760_000;
      const { text } = await ask(`/api/${id}/get/kwatthours/by_time/0/${2 * century}/${century}`);
      expect(text).toBe(day(`[${kwh('0.004', '0.001', '0.005')}, null]`));
    });
  });
};
