/** Payloads as Tasmota, Shelly, ESPHome and Home Assistant document them. */
import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availabilityTopic } from '../../src/drivers/mqtt/availability.ts';
import { type MqttTopic, type PayloadRule, TopicReader } from '../../src/drivers/mqtt/payloads.ts';
import { readStamp } from '../../src/drivers/mqtt/stamps.ts';
import { createMqttMeter } from '../../src/index.ts';

const NOW = Instant(Date.UTC(2026, 10, 22, 12, 0, 0));
const read = (
  topic: string | MqttTopic,
  payload: unknown,
  rule: Partial<PayloadRule> = {},
  components: ConstructorParameters<typeof TopicReader>[2] = new Map(),
) => {
  const reader = new TopicReader(topic, { highestPower: 100_000, ...rule }, components);
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return reader.read(Buffer.from(text), NOW);
};
const report = (...given: Parameters<typeof read>) => {
  const news = read(...given);
  return news.kind === 'report' ? news.report : news.kind;
};

describe('the payloads of Tasmota', () => {
  const sensor = {
    Time: '2026-11-22T12:59:58',
    ENERGY: {
      TotalStartTime: '2025-01-01T00:00:00',
      Total: 185.702,
      Yesterday: 1.2,
      Today: 0.701,
      Period: 12,
      Power: 85,
      ApparentPower: 98,
      ReactivePower: 48,
      Factor: 0.87,
      Voltage: 231,
      Current: 0.42,
    },
  };

  it('are watts and kilowatt-hours', () => {
    expect(report('tele/plug/SENSOR', sensor)).toMatchObject({ power: 85, imported: 185_702_000_000n });
  });

  it('carry local time, which is placed only by a zone', () => {
    expect(report('tele/plug/SENSOR', sensor)).toMatchObject({ stamp: 'unplaced' });
    expect(report('tele/plug/SENSOR', sensor, { zone: 'Europe/Paris' })).toMatchObject({ stamp: NOW - 2000 });
  });

  it('carry an offset under SetOption52, which needs no zone', () => {
    const stamped = { ...sensor, Time: '2026-11-22T12:59:58+01:00' };
    expect(report('tele/plug/SENSOR', stamped)).toMatchObject({ stamp: NOW - 2000 });
  });

  it('have two instants for the hour that ends summer time: the later one that has been', () => {
    const Time = '2026-10-25T02:30:00';
    const first = Date.UTC(2026, 9, 25, 0, 30);
    for (const [arrival, stamp] of [
      [first + 1000, first],
      [first + 3_601_000, first + 3_600_000],
    ] as const)
      expect(readStamp(Time, 'Europe/Paris', Instant(arrival))).toBe(stamp);
  });

  it('of several phases are added up, with the export apart', () => {
    const ENERGY = { Total: [1, 2, 3], ExportActive: [0.1, 0.2, 0.3], Power: [100, -20, 30.5] };
    expect(report('tele/3ph/SENSOR', { Time: '2026-11-22T12:59:58', ENERGY })).toMatchObject({
      power: 110.5,
      imported: 6_000_000_000n,
      exported: 600_000_000n,
    });
  });

  it('are known as the answer to a status command too', () => {
    expect(report('stat/plug/STATUS10', { StatusSNS: sensor })).toMatchObject({ power: 85 });
  });
});

describe('the payloads of a Shelly', () => {
  const em = { id: 0, a_act_power: 951.2, b_act_power: 0, c_act_power: 1533.582, total_act_power: 2484.782 };
  const plug = {
    id: 0,
    source: 'init',
    output: true,
    apower: 8.9,
    voltage: 237.5,
    aenergy: { total: 6.532, by_minute: [45.199, 47.141, 88.397], minute_ts: 1_626_935_779 },
    temperature: { tC: 23.5, tF: 74.4 },
  };
  const notify = (params: Record<string, unknown>) => ({
    src: 'shellypro3em-f008d1d8b8b8',
    dst: 'shellypro3em-f008d1d8b8b8/events',
    method: 'NotifyStatus',
    params: { ts: NOW / 1000 - 1.5, ...params },
  });

  it('are watts and watt-hours', () => {
    expect(report('shelly/status/em:0', em)).toEqual({ power: 2484.782 });
    expect(report('shelly/status/emdata:0', { id: 0, total_act: 6_300_210.57, total_act_ret: 12.5 })).toEqual(
      {
        imported: 6_300_210_570_000n,
        exported: 12_500_000n,
      },
    );
    expect(report('shelly/status/switch:0', plug)).toMatchObject({ power: 8.9, imported: 6_532_000n });
  });

  it('of a switch count returned energy in aenergy too, so what was consumed is the difference', () => {
    const both = { ...plug, aenergy: { total: 100 }, ret_aenergy: { total: 30 } };
    expect(report('shelly/status/switch:0', both)).toMatchObject({
      imported: 70_000_000n,
      exported: 30_000_000n,
    });
  });

  it('can be one conductor of three', () => {
    expect(report('shelly/status/em:0', em, { phase: 'c' })).toEqual({ power: 1533.582 });
  });

  it('as notifications carry the device’s own time', () => {
    expect(report('shelly/events/rpc', notify({ 'em:0': em }))).toEqual({
      power: 2484.782,
      stamp: NOW - 1500,
    });
  });

  it('as notifications of what changed are laid over what is known', () => {
    const known: ConstructorParameters<typeof TopicReader>[2] = new Map();
    const whole = { ...plug, aenergy: { total: 100 }, ret_aenergy: { total: 30 } };
    report('shelly/events/rpc', notify({ 'switch:0': whole }), {}, known);
    const change = notify({ 'switch:0': { id: 0, aenergy: { total: 101 } } });
    expect(report('shelly/events/rpc', change, {}, known)).toMatchObject({ imported: 71_000_000n });
    expect(report('shelly/events/rpc', notify({ 'switch:0': { id: 0, apower: 12 } }), {}, known)).toEqual({
      power: 12,
      stamp: NOW - 1500,
    });
  });

  it('that tell of a relay, a temperature or an event are no readings and no garbage', () => {
    expect(report('shelly/events/rpc', notify({ 'switch:0': { id: 0, output: false } }))).toBe('nothing');
    expect(report('shelly/events/rpc', notify({ 'temperature:0': { tC: 20 } }))).toBe('nothing');
    expect(report('shelly/events/rpc', { method: 'NotifyEvent', params: { ts: 1, events: [] } })).toBe(
      'nothing',
    );
  });

  it('of a device that measures twice are never mixed', () => {
    const two = notify({ 'switch:0': { apower: 1 }, 'switch:1': { apower: 2 } });
    expect(report('shelly/events/rpc', two)).toBe('unclear');
    expect(report('shelly/events/rpc', two, { component: 'switch:1' })).toMatchObject({ power: 2 });
  });

  it('with the error of a clamp say that there is no value', () => {
    expect(
      report('shelly/status/em:0', { id: 0, total_act_power: null, errors: ['power_meter_failure'] }),
    ).toBe('absent');
    expect(report('shelly/status/switch:0', { ...plug, apower: null })).toBe('absent');
    expect(report('shelly/events/rpc', notify({ 'switch:0': { id: 0, apower: null } }))).toBe('absent');
    expect(report('shelly/status/em:0', { ...em, b_act_power: null }, { phase: 'b' })).toBe('absent');
  });
});

describe('plain states of ESPHome and Home Assistant', () => {
  it('are watts, or kilowatt-hours where the topic says energy', () => {
    expect(report('house/sensor/power/state', '412.5')).toEqual({ power: 412.5 });
    expect(report('house/sensor/total_energy/state', '12.345')).toEqual({ imported: 12_345_000_000n });
  });

  it('have the unit and meaning that settings give them', () => {
    expect(report({ topic: 'a/b', powerUnit: 'kW' }, '0.4125')).toEqual({ power: 412.5 });
    expect(report({ topic: 'a/b', value: 'exported', energyUnit: 'Wh' }, '7')).toEqual({
      exported: 7_000_000n,
    });
  });

  it('can be missing, which is no garbage', () => {
    for (const state of ['unavailable', 'unknown', 'nan', '', 'None', 'null', '"unavailable"'])
      expect(report('house/sensor/power/state', state)).toBe('absent');
  });
});

describe('payloads that settings describe', () => {
  const deep = { meters: [{ 'p.w': 3.5 }, { total: { 'in.kwh': '17.25' } }], when: 1_795_305_568.25 };

  it('are read by JSON paths', () => {
    expect(
      report(
        { topic: 'x', power: "meters[0]['p.w']", energy: '$.meters[1].total["in.kwh"]', time: 'when' },
        deep,
      ),
    ).toEqual({ power: 3.5, imported: 17_250_000_000n, stamp: 1_795_305_568_250 });
    expect(report({ topic: 'x', power: 'constructor' }, deep)).toBe('garbage');
  });

  it('can say that there is no value: null, an empty list, a word, or one of a list', () => {
    const topic = { topic: 'x', power: 'power', energy: 'energy' };
    for (const power of [null, [], 'unavailable', 'unknown', '', [100, null], [100, 'nan']])
      expect(read(topic, { power, energy: 1.5 }), JSON.stringify(power)).toMatchObject({ kind: 'absent' });
    expect(read(topic, { power: null })).toEqual({ kind: 'absent', words: 'null', of: 'power' });
    // What is not in a message is no word of it: some devices tell only what changed.
    expect(report(topic, { energy: 1.5 })).toEqual({ imported: 1_500_000_000n });
    expect(report(topic, { power: 5, energy: null })).toEqual({ power: 5 });
  });

  it('are refused at once where a path, a topic or a broker can be none', () => {
    const clock = { now: () => NOW } as never;
    const create = (topics: readonly (string | MqttTopic)[], url = 'mqtt://127.0.0.1', zone = 'UTC') =>
      createMqttMeter({ name: 'm', url, topics, clock, zone });
    expect(() => create([{ topic: 'x', power: 'a..b' }])).toThrow(
      /setting path .* "a\.\.b": expected a path like/,
    );
    expect(() => create(['tele/+/SENSOR'])).toThrow(/without \+ and #/);
    expect(() => create([])).toThrow(/at least one topic/);
    expect(() => create(['x'], undefined, 'Paris')).toThrow(/setting zone .* like Europe\/Paris/);
    expect(() => create(['x'], 'broker.lan')).toThrow(/mqtts:\/\/broker\.lan/);
  });
});

describe('garbage', () => {
  it('of any kind is no reading and breaks nothing', () => {
    const half = JSON.stringify({ ENERGY: { Power: 85 } }).slice(0, -3);
    for (const payload of [
      half,
      'hello',
      '{}',
      '[]',
      '{"ENERGY":{}}',
      '"x"',
      'true',
      '1e9',
      '{"apower":1e12}',
      '\u0000',
    ])
      expect(report('tele/plug/SENSOR', payload), payload).toBe('garbage');
    const topics = fc.constantFrom('tele/p/SENSOR', 's/events/rpc', 's/status/em:0', 'e/sensor/p/state');
    fc.assert(
      fc.property(topics, fc.oneof(fc.json(), fc.string(), fc.double().map(String)), (topic, payload) => {
        const news = read(topic, payload);
        if (news.kind === 'report' && news.report.power !== undefined)
          expect(Math.abs(news.report.power)).toBeLessThanOrEqual(100_000);
      }),
    );
  });
});

describe('the topic on which a device says that it is there', () => {
  it('is known for Tasmota, Shelly and ESPHome', () => {
    expect(availabilityTopic('tele/plug/SENSOR')).toBe('tele/plug/LWT');
    expect(availabilityTopic('shellyplug-1/events/rpc')).toBe('shellyplug-1/online');
    expect(availabilityTopic('home/shelly/status/em:0')).toBe('home/shelly/online');
    expect(availabilityTopic('house/sensor/power/state')).toBe('house/status');
    expect(availabilityTopic('my/power')).toBeUndefined();
  });
});

describe('a hostile message', () => {
  it('with a minute or a time that no date has is read without it, and ends nothing', () => {
    const state = { apower: 5, aenergy: { total: 1, minute_ts: 1e306 } };
    expect(report('s/status/switch:0', state)).toEqual({ power: 5, imported: 1_000_000n });
    const sensor = (time: unknown) => ({ Time: time, ENERGY: { Power: 5 } });
    for (const time of ['-271821-04-20T00:00:00', '-271821-04-19T00:00:00.000000001', '9'.repeat(300)])
      expect(report('tele/plug/SENSOR', sensor(time), { zone: 'Pacific/Auckland' })).toEqual({ power: 5 });
  });

  it('with fields that are new each time leaves nothing behind', () => {
    const components: ConstructorParameters<typeof TopicReader>[2] = new Map();
    for (let n = 0; n < 1000; n++)
      read('s/status/em:0', { total_act_power: 1, [`x${n}`]: n }, {}, components);
    expect(JSON.stringify([...components]).length).toBeLessThan(100);
  });
});
