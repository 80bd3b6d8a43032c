import { distorted, hostile, hostileBytes, nearly } from '@daisee/fuzz';
import { Instant, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { Assembly } from '../../src/drivers/mqtt/assembly.ts';
import { availabilityTopic, readAvailability } from '../../src/drivers/mqtt/availability.ts';
import { parseJsonPath } from '../../src/drivers/mqtt/json-path.ts';
import { type MqttTopic, TopicReader } from '../../src/drivers/mqtt/payloads.ts';
import { readShellyStatus } from '../../src/drivers/shelly/status.ts';
import { isAbsence } from '../../src/index.ts';

const NOW = Instant(1_795_348_768_352);
const HIGHEST = 1e5;

/** Messages as the devices send them. */
const MESSAGES: readonly unknown[] = [
  {
    Time: '2026-11-22T12:00:00',
    ENERGY: {
      TotalStartTime: '2024-01-01T00:00:00',
      Total: [1.5, 2.25],
      ExportActive: 0.25,
      Power: [120, 80],
      Voltage: 230,
    },
  },
  { StatusSNS: { Time: '2026-11-22T12:00:00+01:00', ENERGY: { Total: 3.125, Power: 42 } } },
  {
    src: 'shellypro3em-1',
    method: 'NotifyStatus',
    params: {
      ts: 1_795_348_768.35,
      'em:0': { id: 0, a_act_power: 10.1, total_act_power: 30.5 },
      'emdata:0': { id: 0, total_act: 1234.5, total_act_ret: 2.25, a_total_act_energy: 12 },
    },
  },
  {
    method: 'NotifyFullStatus',
    params: {
      'switch:0': {
        id: 0,
        apower: 12.5,
        aenergy: { total: 300.25, minute_ts: 1_795_348_740 },
        ret_aenergy: { total: 1.5 },
      },
    },
  },
  { id: 0, apower: -3, aenergy: { total: 300.25, by_minute: [1, 2, 3], minute_ts: 1_795_348_740 } },
  123.25,
  '-12.5',
];

const TOPICS: readonly (string | MqttTopic)[] = [
  'tele/plug/SENSOR',
  'shelly/events/rpc',
  'shelly/status/switch:0',
  'shelly/status/em:0',
  'house/sensor/energy/state',
  { topic: 'a/power', value: 'power', powerUnit: 'kW' },
  {
    topic: 'b',
    power: 'ENERGY.Power',
    energy: 'ENERGY.Total',
    exported: 'ENERGY.ExportActive',
    time: 'Time',
  },
  { topic: 'c', power: "params['em:0'].total_act_power", time: 'params.ts', energyUnit: 'Wh' },
];

const payload = fc.oneof(
  { weight: 8, arbitrary: nearly(...MESSAGES).map((text) => new Uint8Array(Buffer.from(text))) },
  { weight: 1, arbitrary: hostileBytes },
);

describe('what a broker delivers', () => {
  const shared = new Map<string, Readonly<Record<string, unknown>>>();
  const readers = [undefined, 'Europe/Paris'].flatMap((zone) =>
    TOPICS.map((topic) => new TopicReader(topic, { zone, highestPower: HIGHEST }, shared)),
  );
  const assembly = new Assembly({
    sign: 'signed',
    invert: false,
    highestPower: Watts(HIGHEST),
    repeatEvery: Seconds(30),
    holds: false,
    maxGap: Seconds(900),
  });
  let arrival = NOW;

  hostile('is a reading or left out, and what is known of a device does not grow', {
    refuses: false,
    input: fc.tuple(fc.nat(readers.length - 1), payload, fc.boolean()),
    feed: ([which, bytes, retained]) => {
      arrival = Instant(arrival + 100);
      const news = readers[which]?.read(bytes, arrival);
      if (news?.kind === 'report') {
        const { power = 0, imported = 0n, exported = 0n } = news.report;
        expect(Math.abs(power)).toBeLessThanOrEqual(HIGHEST);
        expect(imported >= 0n && exported >= 0n).toBe(true);
        for (const told of assembly.report(news.report, arrival, retained).samples) {
          expect(isAbsence(told) ? 0 : Math.abs(told.power)).toBeLessThanOrEqual(HIGHEST);
          expect(told.at).toBeLessThanOrEqual(arrival + 60_000);
        }
      }
      if (news?.kind === 'absent')
        for (const { at } of assembly.absent(news.words, arrival).samples)
          expect(at).toBeLessThanOrEqual(arrival + 60_000);
      readAvailability(bytes);
      expect(JSON.stringify([...shared]).length).toBeLessThan(50_000);
    },
  });

  hostile('on whatever topic, under whatever path of the settings', {
    input: fc.tuple(nearly('$.emeters[0].power', "params['switch:0']"), nearly('tele/plug/SENSOR')),
    feed: ([path, topic]) => {
      availabilityTopic(topic);
      expect(new TopicReader({ topic, power: path }, { highestPower: HIGHEST }, new Map()).topic).toBe(topic);
      parseJsonPath(path);
    },
  });

  hostile('a Shelly’s state, each field of any type', {
    refuses: false,
    input: fc.tuple(distorted(...MESSAGES), fc.constantFrom('a' as const, undefined)),
    feed: ([state, phase]) => {
      if (typeof state === 'object' && state !== null)
        readShellyStatus(state as Record<string, unknown>, phase);
    },
  });
});
