/** Devices as people have them: what each publishes, and the energy that is made of it. */
import { describe, expect, it } from 'vitest';
import { namedTopic, unitOfDiscovery, unitTopics } from '../../src/drivers/mqtt/topic-names.ts';
import { createMqttMeter, type MqttTopic } from '../../src/index.ts';
import { each, type Published, runTimeline } from './timeline.ts';

const create = (topics: readonly (string | MqttTopic)[]) =>
  createMqttMeter({ name: 'm', url: 'mqtt://127.0.0.1', topics, clock: { now: () => 0 } as never });

describe('what a topic is about', () => {
  it.each([
    ['energy-monitor-a/sensor/power/state', 'power'],
    ['house/sensor/total_energy/state', 'energy'],
    ['house/sensor/energy_meter_power/state', 'power'],
    ['house/sensor/power_meter_energy/state', 'energy'],
    ['house/sensor/energyMeterPower/state', 'power'],
    ['homeassistant/sensor/plug_kwh/state', 'energy'],
    ['homeassistant/sensor/grid_energy_export/state', 'exported'],
    ['homeassistant/sensor/energy_returned/state', 'exported'],
    ['homeassistant/sensor/grid_power_export/state', 'power'],
    ['energy/house/watts', 'power'],
    ['my/thing', 'power'],
    ['zigbee2mqtt/plug/energy', 'energy'],
  ])('%s is told by the part of its name that names the value: %s', (topic, quantity) => {
    expect(namedTopic(topic)).toMatchObject({ kind: 'plain', quantity });
  });

  it.each([
    'house/sensor/voltage/state',
    'house/sensor/power_factor/state',
    'house/sensor/reactive_power/state',
    'shellies/shellyem-1/emeter/0/pf',
    'shellies/shellyplug-1/temperature',
  ])('%s is neither power nor energy', (topic) => {
    expect(namedTopic(topic).kind).toBe('other');
  });

  it('of Shelly’s first generation is as its documentation says', () => {
    const named = (end: string) => namedTopic(`shellies/shelly-1/${end}`);
    expect(named('relay/0/power')).toEqual({ kind: 'plain', quantity: 'power' });
    for (const part of ['relay', 'roller', 'light'])
      expect(named(`${part}/0/energy`)).toEqual({ kind: 'plain', quantity: 'energy', energyUnit: 'Wmin' });
    expect(named('emeter/2/total')).toEqual({ kind: 'plain', quantity: 'energy', energyUnit: 'Wh' });
    expect(named('emeter/2/total_returned')).toMatchObject({ quantity: 'exported', energyUnit: 'Wh' });
    // Of the current minute only.
    for (const value of ['energy', 'returned_energy'])
      expect(named(`emeter/0/${value}`)).toMatchObject({ kind: 'other' });
  });

  it('may be told by its device: Home Assistant beside the state, ESPHome where it announces itself', () => {
    expect(unitTopics('homeassistant/sensor/plug/state').map(({ topic }) => topic)).toEqual([
      'homeassistant/sensor/plug/unit_of_measurement',
      'homeassistant/sensor/homeassistant/plug/config',
    ]);
    expect(unitTopics('plug/sensor/daily/state')[1]).toEqual({
      topic: 'homeassistant/sensor/plug/daily/config',
      form: 'discovery',
    });
    expect(unitTopics('shellies/x/relay/0/power')).toEqual([]);
    const announced = { '~': 'plug/sensor', stat_t: '~/daily/state', unit_of_meas: 'Wh' };
    expect(unitOfDiscovery(JSON.stringify(announced), 'plug/sensor/daily/state')).toBe('Wh');
    expect(unitOfDiscovery(JSON.stringify(announced), 'plug/sensor/other/state')).toBeUndefined();
    for (const text of ['', 'null', '[]', '{', '{"stat_t":5}'])
      expect(unitOfDiscovery(text, 'plug/sensor/daily/state')).toBeUndefined();
  });
});

describe('a Shelly of the first generation', () => {
  const relay = 'shellies/shelly1pm-1/relay/0';

  it('publishes watt-minutes: 1.5 W for 165 s are 0.07 Wh', async () => {
    const published = each(15, 0, 165, (second) => [
      [`${relay}/power`, '1.50'],
      [`${relay}/energy`, String(Math.floor((1.5 * second) / 60))],
    ]);
    const { wattHours, warnings } = await runTimeline({
      topics: [`${relay}/power`, `${relay}/energy`],
      published,
    });
    expect(wattHours).toBeCloseTo(0.07, 2);
    expect(warnings).toEqual([]);
  });

  it('restarts its watt-minutes with the device', async () => {
    // 600 W: 10 Wh a minute, and a restart after 10 minutes.
    const published = each(30, 0, 1200, (second) => [
      [`${relay}/power`, '600'],
      [`${relay}/energy`, String(Math.floor((600 * (second < 600 ? second + 3600 : second - 600)) / 60))],
    ]);
    const { wattHours, gaps } = await runTimeline({
      topics: [`${relay}/power`, `${relay}/energy`],
      published,
    });
    expect(wattHours).toBeCloseTo(200, 0);
    expect(gaps).toEqual([]);
  });

  it('with clamps has a counter that begins anew each minute, and one that does not: 2,400 W are 110 Wh in 165 s', async () => {
    const emeter = 'shellies/shellyem3-1/emeter/0';
    const published = each(15, 0, 165, (second) => [
      [`${emeter}/power`, '2400.00'],
      [`${emeter}/energy`, String(((second % 60) * 2400) / 60)],
      [`${emeter}/total`, (12_345 + (2400 * second) / 3600).toFixed(1)],
    ]);
    for (const topics of [
      [`${emeter}/power`, `${emeter}/energy`],
      [`${emeter}/power`, `${emeter}/total`],
    ])
      expect((await runTimeline({ topics, published })).wattHours).toBeCloseTo(110, 0);
    const told = await runTimeline({ topics: [`${emeter}/power`, `${emeter}/energy`], published });
    expect(told.warnings.map(({ second, message }) => [second, message])).toEqual([
      [
        60,
        expect.stringMatching(
          /emeter\/0\/energy says "0" and there is no sample of it: it is taken for no power and no counter/,
        ) as string,
      ],
    ]);
  });

  it('says on its own topic whether it is there', async () => {
    const published: readonly Published[] = [
      [0, 'shellies/shelly1pm-1/online', 'true'],
      [0, `${relay}/power`, '3600'],
      [5, 'shellies/shelly1pm-1/online', 'false'],
      [95, 'shellies/shelly1pm-1/online', 'true'],
      [95, `${relay}/power`, '0'],
    ];
    const { wattHours, gaps } = await runTimeline({ topics: [`${relay}/power`], published });
    expect(wattHours).toBe(5);
    expect(gaps).toEqual([[5, 95]]);
  });
});

describe('an ESPHome and a Home Assistant', () => {
  const power = 'plug/sensor/power/state';
  const daily = 'plug/sensor/daily_energy/state';
  /** 50 W for two minutes, and a counter in watt-hours. */
  const published = each(10, 0, 120, (second) => [
    [power, '50.0'],
    [daily, (1390 + (50 * second) / 3600).toFixed(3)],
  ]);

  it('announces its unit: 50 W for 120 s are 1.7 Wh of a counter in Wh', async () => {
    const config = { stat_t: daily, unit_of_meas: 'Wh', dev_cla: 'energy' };
    const { wattHours, samples, warnings } = await runTimeline({
      topics: [power, daily],
      published: [[-1, 'homeassistant/sensor/plug/daily_energy/config', config], ...published],
    });
    expect(wattHours).toBeCloseTo(1.67, 2);
    expect(samples.at(-1)).toMatchObject({ counter: 1_391_667_000n - 139_000n });
    expect(warnings).toEqual([]);
  });

  it('has the unit as an attribute beside the state, which settings overrule', async () => {
    const beside: Published = [-1, 'plug/sensor/daily_energy/unit_of_measurement', '"Wh"'];
    const told = await runTimeline({ topics: [power, daily], published: [beside, ...published] });
    expect(told.wattHours).toBeCloseTo(1.67, 2);
    const set = await runTimeline({
      topics: [power, { topic: daily, energyUnit: 'Wh' }],
      published: [[-1, beside[1], '"MWh"'], ...published],
    });
    expect(set.wattHours).toBeCloseTo(1.67, 2);
  });

  it('is known by its unit where its name says nothing: a power in kW, a temperature', async () => {
    const topic = 'homeassistant/sensor/thing/state';
    const unit = 'homeassistant/sensor/thing/unit_of_measurement';
    const values: readonly Published[] = [
      [0, topic, '3.6'],
      [10, topic, '3.6'],
    ];
    const kilowatts = await runTimeline({ topics: [topic], published: [[-1, unit, '"kW"'], ...values] });
    expect(kilowatts.wattHours).toBe(10);
    const degrees = await runTimeline({
      topics: [topic],
      published: [[-1, unit, '"°C"'], ...values],
      until: 70,
    });
    expect(degrees.samples).toEqual([]);
    expect(degrees.warnings).toMatchObject([{ kind: 'unclear', second: 60 }]);
  });

  it('with energy in its prefix is a power: 450 W are a sample', async () => {
    const topic = 'energy-monitor-a/sensor/power/state';
    const { samples } = await runTimeline({ topics: [topic], published: [[0, topic, '450']] });
    expect(samples).toMatchObject([{ power: 450 }]);
  });

  it('on a topic whose name misleads is told within a minute, with what it is taken for', async () => {
    const topic = 'house/sensor/energy/state';
    const { samples, warnings } = await runTimeline({
      topics: [topic],
      published: each(10, 0, 90, () => [[topic, '450']]),
    });
    expect(samples).toEqual([]);
    expect(warnings).toMatchObject([
      {
        kind: 'unclear',
        second: 60,
        message: expect.stringContaining(
          'says "450" and there is no sample of it: it is taken for a counter of energy in kWh. Say value',
        ) as string,
      },
    ]);
  });
});

describe('several topics of one quantity', () => {
  it.each([
    ['two tariffs', ['m/sensor/t1_energy/state', 'm/sensor/t2_energy/state'], 'one counter of energy'],
    ['two powers', ['m/sensor/power_in/state', 'm/sensor/power_out/state'], 'one power'],
    ['two devices', ['tele/a/SENSOR', 'tele/b/SENSOR'], 'one power'],
    ['one of them a part', [{ topic: 'a/power', part: 'add' } as const, 'b/power'], 'one power'],
  ])('(%s) are refused where settings do not say what each is', (_, topics, expected) => {
    expect(() => create(topics)).toThrow(expected);
    expect(() => create(topics)).toThrow(/part: add or part: subtract/);
  });

  it('are refused where a part cannot be one, or a topic comes twice', () => {
    expect(() => create([{ topic: 'a/energy', part: 'subtract' }])).toThrow(/say value: exported/);
    expect(() => create(['a/power', { topic: 'a/power', value: 'energy' }])).toThrow(/each topic once/);
  });

  it('that only their messages show to be two are told, and the first of the settings counts', async () => {
    const published = each(10, 0, 100, () => [
      ['m/b', '720'],
      ['m/a', '360'],
    ]);
    const { wattHours, warnings } = await runTimeline({ topics: ['m/a', 'm/b'], published });
    expect(wattHours).toBeCloseTo(10, 0);
    expect(warnings.map(({ kind, message }) => [kind, message])).toEqual([
      ['unclear', expect.stringMatching(/: m\/b is left out, as m\/a gives the same: of each what it is/)],
      ['unclear', expect.stringMatching(/10 times so far/)],
    ]);
  });

  it('that complement each other need no word: power and energy, both directions, a Shelly’s components', () => {
    create(['m/sensor/power/state', 'm/sensor/energy/state', 'm/sensor/energy_export/state']);
    create(['s/status/em:0', 's/status/emdata:0', 's/events/rpc']);
    create([
      { topic: 'x', power: 'p' },
      { topic: 'y', energy: 'e' },
    ]);
  });

  it('add up: two tariffs at 500 W for 8 h are 4,000 Wh', async () => {
    const [power, day, night] = [
      'm/sensor/power/state',
      'm/sensor/day_energy/state',
      'm/sensor/night_energy/state',
    ];
    // Four hours each, counted in turn.
    const published = each(60, 0, 8 * 3600, (second) => [
      [power, '500'],
      [day, (7000 + Math.min(second, 4 * 3600) / 7200).toFixed(3)],
      [night, (3000 + Math.max(0, second - 4 * 3600) / 7200).toFixed(3)],
    ]);
    const { wattHours } = await runTimeline({
      topics: [power, { topic: day, part: 'add' }, { topic: night, part: 'add' }],
      published,
    });
    expect(wattHours).toBeCloseTo(4000, -1);
  });

  it('are a difference: what is taken and what is given, both positive', async () => {
    const [taken, given] = ['m/sensor/power_in/state', 'm/sensor/power_out/state'];
    // 1,100 W taken for 100 s, then 1,100 W given for 100 s: 30.6 Wh each way.
    const published = each(10, 0, 200, (second) => [
      [taken, second < 100 ? '1100' : '0'],
      [given, second < 100 ? '0' : '1100'],
    ]);
    const { wattHours, exported } = await runTimeline({
      sign: 'signed',
      topics: [
        { topic: taken, part: 'add' },
        { topic: given, part: 'subtract' },
      ],
      published,
    });
    expect(Math.abs(wattHours - 30.6)).toBeLessThan(1.6);
    expect(Math.abs(exported - 30.6)).toBeLessThan(1.6);
  });

  it('in one message are added up and taken off by their paths', async () => {
    const topic: MqttTopic = {
      topic: 'dsmr/json',
      power: { add: 'delivered', subtract: 'returned' },
      powerUnit: 'kW',
      energy: ['t1', 't2'],
    };
    const published = each(10, 0, 100, (second) => [
      ['dsmr/json', { delivered: 0, returned: 0.36, t1: 1.5, t2: 2.25 + second }],
    ]);
    const { samples, exported } = await runTimeline({ sign: 'signed', topics: [topic], published });
    expect(samples[0]).toMatchObject({ power: -360, counter: 3_750_000_000n });
    expect(exported).toBeCloseTo(10, 6);
    expect(() => create([{ topic: 'x', power: {} }])).toThrow(/at least one path/);
  });

  it('are unknown while one of them has no value, or is silent for longer than its rhythm allows', async () => {
    const topics: readonly MqttTopic[] = ['a', 'b', 'c'].map((topic) => ({
      topic: `m/${topic}`,
      part: 'add',
    }));
    const all = (from: number, to: number, which = ['a', 'b', 'c']) =>
      each(10, from, to, () => which.map((topic) => [`m/${topic}`, '1200'] as const));
    const away = await runTimeline({
      topics,
      published: [
        ...all(0, 100),
        [105, 'm/b', 'unavailable'],
        ...all(110, 190, ['a', 'c']),
        ...all(200, 300),
      ],
    });
    expect(away.gaps).toEqual([[105, 200]]);
    expect(away.wattHours).toBeCloseTo((3600 * 205) / 3600, 0);
    const silent = await runTimeline({
      topics,
      published: [...all(0, 100), ...all(110, 190, ['a', 'c']), ...all(200, 300)],
    });
    const [from = 0, to = 0] = silent.gaps[0] ?? [];
    expect([Math.round(from), Math.round(to)]).toEqual([130, 200]);
  });
});

describe('a device that counts and tells no power', () => {
  it('signed, with a counter of import alone that begins anew each day, exports nothing', async () => {
    const topic = 'm/sensor/energy_today/state';
    const published = each(60, 0, 3600, (second) => [
      [topic, (second < 1800 ? 5.5 + second / 18_000 : (second - 1800) / 36_000).toFixed(3)],
    ]);
    const { exported, samples } = await runTimeline({ sign: 'signed', topics: [topic], published });
    expect(exported).toBe(0);
    expect(samples.every(({ power }) => power >= 0)).toBe(true);
  });

  it('jitters in its last digit and exports nothing', async () => {
    const topic = 'm/sensor/energy/state';
    const published = each(60, 0, 360, (second) => [[topic, second % 120 === 0 ? '5.600' : '5.599']]);
    const { exported, wattHours } = await runTimeline({ sign: 'signed', topics: [topic], published });
    expect(exported).toBe(0);
    expect(wattHours).toBeLessThanOrEqual(1);
  });

  it('has the mean power since its counter moved, less and less while it stands still', async () => {
    const topic = 'm/sensor/energy/state';
    // 600 W, published each 10 s, in whole 10 Wh: it moves each minute. Then nothing for five minutes.
    const published = each(10, 0, 480, (second) => [
      [topic, (1 + Math.floor(Math.min(second, 180) / 60) / 100).toFixed(2)],
    ]);
    const { samples, wattHours } = await runTimeline({ topics: [topic], published });
    expect(samples[0]).toMatchObject({ power: 600 });
    expect(samples.at(-1)?.power).toBeCloseTo(600 / 5, 6);
    expect(wattHours).toBeGreaterThanOrEqual(30);
  });
});
