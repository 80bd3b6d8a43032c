/** What each key allows and the settings as a whole do not. */
import { MqttSettingWrong } from '@daisee/meter';
import { systemClock, toWattHours } from '@daisee/units';
import { mqttMeter } from '../parts/meter.ts';
import { leaseTooShort } from './lease.ts';
import type { MeterSettings } from './meters.ts';
import type { MonitorSettings } from './monitor.ts';
import type { Settings } from './schema.ts';

/** A key and what is wrong with it. */
export interface Contradiction {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

type Say = (path: string | readonly PropertyKey[], problem: string) => void;

/** A secret stands in one place. */
const once = (
  say: Say,
  section: readonly PropertyKey[],
  values: Readonly<Record<string, unknown>>,
  ...keys: readonly string[]
): void => {
  for (const key of keys)
    if (values[key] !== undefined && values[`${key}File`] !== undefined)
      say([...section, key], `is given beside ${key}File; keep one`);
};

const checkMeter = (say: Say, at: readonly PropertyKey[], meter: MeterSettings): void => {
  if (meter.driver === 'mqtt' || meter.driver === 'shelly') once(say, at, meter, 'password');
  if (meter.driver !== 'mqtt') return;
  if (meter.topic === undefined && meter.topics === undefined)
    say([...at, 'topic'], 'is missing; it needs a topic of the device, like tele/plug/SENSOR');
  else if (meter.topic !== undefined && meter.topics !== undefined)
    say([...at, 'topic'], 'is given beside topics; keep one');
  else
    try {
      // The driver knows best: JSON paths, the time zone.
      mqttMeter(meter, { name: 'check', clock: systemClock });
    } catch (error) {
      if (!(error instanceof MqttSettingWrong)) throw error;
      const { setting, got, expected } = error.values;
      // Paths stand with their topic.
      const key = setting !== 'path' ? String(setting) : meter.topics ? 'topics' : 'topic';
      say([...at, key], `needs ${String(expected)} (got ${JSON.stringify(got)})`);
    }
};

const checkMonitor = (say: Say, monitor: MonitorSettings): void => {
  const { meter, meters, data, database, retention } = monitor;
  once(say, ['monitor'], monitor, 'databasePassword', 'password');
  if (data !== undefined && database !== undefined) say('monitor.data', 'is given beside database; keep one');
  if (database === undefined)
    for (const key of ['databasePassword', 'databasePasswordFile'] as const)
      if (monitor[key] !== undefined) say(['monitor', key], 'needs monitor.database beside it');
  if (meter && meters) say('monitor.meter', 'is given beside meters; put it into that list');
  if (meter?.name !== undefined && monitor.name !== undefined)
    say('monitor.name', 'is given beside meter.name; keep one');
  if (meters && monitor.name !== undefined)
    say('monitor.name', 'is given beside meters; each of them has a name of its own');
  if (meter) checkMeter(say, ['monitor', 'meter'], meter);
  // Of a shared database the first sensor may be another node's.
  if (database !== undefined && meter && meter.name === undefined && monitor.name === undefined)
    say('monitor.name', 'is missing; in a database that others may use, the sensor needs a name');
  const names = new Map<string, number>();
  for (const [index, each] of (meters ?? []).entries()) {
    const at = ['monitor', 'meters', index];
    checkMeter(say, at, each);
    if (each.name === undefined) {
      say([...at, 'name'], 'is missing; of several meters each needs the name of its sensor');
      continue;
    }
    const other = names.get(each.name);
    if (other !== undefined)
      say([...at, 'name'], `${JSON.stringify(each.name)} is taken by monitor.meters[${other}]`);
    else names.set(each.name, index);
  }
  if (retention?.minutes !== undefined && retention.quarters !== undefined)
    if (retention.quarters <= retention.minutes)
      say('monitor.retention.quarters', 'needs to be longer than minutes: it thins what minutes left');
};

const checkRelay = (say: Say, relay: NonNullable<Settings['relay']>): void => {
  once(say, ['relay'], relay, 'token');
  const contacts = new Map<string, string>();
  for (const [index, device] of (relay.devices ?? []).entries()) {
    once(say, ['relay', 'devices', index], device, 'password');
    const where = device.driver === 'shelly' ? device.host : `${device.url} ${device.topic}`;
    const outputs = device.outputs ?? [device.driver === 'shelly' ? 0 : 1];
    for (const [at, output] of outputs.entries()) {
      const contact = `${device.driver} ${where} ${output}`;
      const other = contacts.get(contact);
      const here = `relay.devices[${index}].outputs[${at}]`;
      if (other === undefined) contacts.set(contact, here);
      else
        say(
          ['relay', 'devices', index, 'outputs'],
          `${output} is the contact of ${other} again; each contact has one channel`,
        );
    }
  }
  if (relay.ca !== undefined && !relay.url?.startsWith('https:'))
    say('relay.ca', 'needs relay.url beside it, with https:');
  if (relay.driver !== 'gpio')
    for (const key of ['pins', 'chip', 'activeLow'] as const)
      if (relay[key] !== undefined) say(['relay', key], "needs relay.driver 'gpio' beside it");
  if (relay.driver === 'gpio' && relay.channels !== undefined)
    say('relay.channels', "is given beside driver 'gpio'; its pins say how many there are");
  if ((relay.http?.cert === undefined) !== (relay.http?.key === undefined))
    say('relay.http', 'needs cert and key together');
};

const checkConsumer = (say: Say, settings: Settings, node: NonNullable<Settings['node']>): void => {
  const { sellers, relay } = settings;
  if (!sellers || Object.keys(sellers).length === 0)
    say('sellers', 'is missing; a consumer (node.type C) needs at least one');
  if (!relay) say('relay', 'is missing; a consumer (node.type C) needs host (and port)');
  for (const key of ['limit', 'delta', 'channel'] as const)
    if (node[key] === undefined) say(['node', key], 'is missing; a consumer (node.type C) needs it');
  const leaseProblem = relay && leaseTooShort(relay, node.period);
  if (leaseProblem) say('node.period', leaseProblem);
  const used = new Map<number, string>((node.channel ?? []).map((channel) => [channel, 'node.channel']));
  for (const [name, seller] of Object.entries(sellers ?? {}))
    for (const channel of seller.channel) {
      const other = used.get(channel);
      if (other)
        say(['sellers', name, 'channel'], `${channel} is taken by ${other}; each contact has one purpose`);
      else used.set(channel, `sellers.${name}.channel`);
    }
  const { delta, minPurchase } = node;
  if (delta !== undefined && minPurchase !== undefined && minPurchase > delta)
    say(
      'node.minPurchase',
      `needs to be at most node.delta (${toWattHours(delta)} Wh), which is the most it has in hand (got ${toWattHours(minPurchase)})`,
    );
  const gauged = node.fuelgauge ?? true;
  if (gauged && node.limit !== undefined && node.limit > 100)
    say('node.limit', `needs a percentage from 0 to 100 while node.fuelgauge is on (got ${node.limit})`);
  if (gauged && node.resume !== undefined && node.limit !== undefined && node.resume <= node.limit)
    say('node.resume', `needs to be above node.limit (${node.limit} %), got ${node.resume}`);
};

/** Every contradiction in settings of which each key is right by itself. */
export const contradictions = (settings: Settings): readonly Contradiction[] => {
  const found: Contradiction[] = [];
  const say: Say = (path, problem) => {
    found.push({ path: typeof path === 'string' ? path.split('.') : path, problem });
  };
  const { contracts, node, sellers, relay, monitor, homeAssistant, app } = settings;
  if (contracts?.gasPrice !== undefined && contracts.maxFee !== undefined)
    say('contracts.gasPrice', 'is given beside maxFee; keep one');
  if (contracts?.tip !== undefined && contracts.maxFee === undefined)
    say('contracts.tip', 'needs contracts.maxFee beside it');
  if (node) once(say, ['node'], node, 'accountpswd', 'password');
  if (node?.type === 'P' && sellers)
    say('sellers', 'a producer (node.type P) has no sellers; remove the section');
  if (node?.type === 'C') checkConsumer(say, settings, node);
  if (relay) checkRelay(say, relay);
  if (monitor) checkMonitor(say, monitor);
  if (homeAssistant) {
    once(say, ['homeAssistant'], homeAssistant, 'password');
    if (!monitor) say('homeAssistant', 'needs a section monitor: what it measures is published');
  }
  if (app) {
    once(say, ['app'], app, 'password');
    if (!node) say('app', 'needs a section node: it is the App of that node');
  }
  return found;
};
