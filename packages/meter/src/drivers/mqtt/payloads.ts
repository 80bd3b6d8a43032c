/**
 * What the messages of a meter's topics say. Recognised by themselves: Tasmota's `tele/…/SENSOR`, the `status/…` and
 * `events/rpc` topics of Shelly's second generation, and plain numbers as ESPHome and Home Assistant publish states.
 * Anything else is read by JSON paths from the settings.
 *
 * Signs: power is positive, and `imported` counts, in the direction that the device calls consumption; Tasmota and
 * Shelly count the other direction apart (`ExportActive`, `…_ret_energy`, `ret_aenergy`).
 */
import type { Energy, Instant } from '@daisee/units';
import {
  counterOf,
  isFields,
  measuringFields,
  meteringComponent,
  type Phase,
  powerField,
  readShellyStatus,
  type ShellyReading,
} from '../shelly/status.ts';
import { MqttSettingWrong } from './errors.ts';
import { atPath, type JsonPath, parseJsonPath } from './json-path.ts';
import { readStamp, type Stamp } from './stamps.ts';

/** A topic and how to read it; what is left out is recognised. */
export interface MqttTopic {
  /** The topic, without wildcards. */
  readonly topic: string;
  /** JSON path of the power. */
  readonly power?: string;
  /** JSON path of the counter of energy in the direction that power is positive. */
  readonly energy?: string;
  /** JSON path of the counter of the other direction. */
  readonly exported?: string;
  /** JSON path of the time stamp: Unix seconds or milliseconds, or ISO 8601. */
  readonly time?: string;
  /** What a plain number is; by default energy where the topic's name says `energy` or `kwh`, else power. */
  readonly value?: 'power' | 'energy' | 'exported';
  /** `W` by default. */
  readonly powerUnit?: 'W' | 'kW';
  /** `kWh` by default. */
  readonly energyUnit?: 'Wh' | 'kWh';
}

/** What is read out of a message. */
export interface Report {
  readonly power?: number;
  readonly imported?: Energy;
  readonly exported?: Energy;
  /** When the device says that it measured this. */
  readonly stamp?: Stamp;
  /** The minute in which a state was made, where only that is known. */
  readonly minute?: Instant;
}

/** `nothing`: of no concern here; `absent`: the device says that it has no value, in its words. */
export type News =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'absent'; readonly words: string }
  | { readonly kind: 'unclear'; readonly components: readonly string[] }
  | { readonly kind: 'garbage' };

export interface PayloadRule {
  /** `em:0`, `switch:1`…: which of a Shelly's components; found by itself where there is one. */
  readonly component?: string | undefined;
  readonly phase?: Phase | undefined;
  /** The zone of time stamps without an offset. */
  readonly zone?: string | undefined;
  /** In watts: what is beyond is garbage. */
  readonly highestPower: number;
}

const NOTHING: News = { kind: 'nothing' };
const GARBAGE: News = { kind: 'garbage' };
/** No device's message is near this long, in bytes. */
const LONGEST_PAYLOAD = 65_536;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** What Home Assistant and ESPHome publish in place of a number. */
const ABSENT = /^(?:unavailable|unknown|none|null|nan)?$/i;

/** What is there in place of a number: null, an empty list, a word for nothing, or one of these in a list. */
const wordsOf = (value: unknown): string | undefined => {
  if (value === null) return 'null';
  if (typeof value === 'string' && ABSENT.test(value.trim())) return value.trim() || 'empty';
  if (!Array.isArray(value)) return undefined;
  return value.length === 0 ? '[]' : value.map(wordsOf).find((words) => words !== undefined);
};

const number = (value: unknown): number | undefined => {
  if (typeof value === 'string' && NUMBER.test(value.trim())) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

/** A number, or the sum of a list with one a phase. */
const total = (value: unknown): number | undefined => {
  if (!Array.isArray(value)) return number(value);
  const numbers = value.map(number);
  return numbers.length > 0 && numbers.every((one) => one !== undefined)
    ? numbers.reduce((sum, one) => sum + one, 0)
    : undefined;
};

interface Paths {
  readonly power?: JsonPath;
  readonly energy?: JsonPath;
  readonly exported?: JsonPath;
  readonly time?: JsonPath;
}

/** Reads the messages of one topic. */
export class TopicReader {
  readonly topic: string;
  readonly #rule: PayloadRule;
  readonly #paths: Paths;
  readonly #value: 'power' | 'energy' | 'exported';
  readonly #watts: number;
  readonly #wattHours: number;
  /** What is known of each component: notifications carry only what changed. */
  readonly #components: Map<string, Readonly<Record<string, unknown>>>;

  /**
   * `components` is shared by the topics of one device.
   * @throws MqttSettingWrong for an empty topic, a wildcard, or a path that is none
   */
  constructor(
    settings: string | MqttTopic,
    rule: PayloadRule,
    components: Map<string, Readonly<Record<string, unknown>>>,
  ) {
    const given: MqttTopic = typeof settings === 'string' ? { topic: settings } : settings;
    if (given.topic === '' || /[+#]/.test(given.topic))
      throw new MqttSettingWrong('topic', given.topic, 'one topic of one device, without + and #');
    this.topic = given.topic;
    this.#rule = rule;
    this.#components = components;
    this.#paths = {
      ...(given.power !== undefined && { power: parseJsonPath(given.power) }),
      ...(given.energy !== undefined && { energy: parseJsonPath(given.energy) }),
      ...(given.exported !== undefined && { exported: parseJsonPath(given.exported) }),
      ...(given.time !== undefined && { time: parseJsonPath(given.time) }),
    };
    this.#value = given.value ?? (/energy|kwh/i.test(given.topic) ? 'energy' : 'power');
    this.#watts = given.powerUnit === 'kW' ? 1000 : 1;
    this.#wattHours = given.energyUnit === 'Wh' ? 1 : 1000;
  }

  read(payload: Uint8Array, arrival: Instant): News {
    if (payload.length > LONGEST_PAYLOAD) return GARBAGE;
    const text = Buffer.from(payload).toString('utf8').trim();
    const words = wordsOf(text);
    if (words !== undefined) return { kind: 'absent', words };
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return NUMBER.test(text) ? this.#plain(Number(text)) : GARBAGE;
      throw error;
    }
    const news = this.#document(document, arrival);
    const power = news.kind === 'report' ? news.report.power : undefined;
    return power !== undefined && Math.abs(power) > this.#rule.highestPower ? GARBAGE : news;
  }

  #document(document: unknown, arrival: Instant): News {
    const { power, energy, exported } = this.#paths;
    if (power || energy || exported) return this.#byPaths(document, arrival);
    const words = Array.isArray(document) ? undefined : wordsOf(document);
    if (words !== undefined) return { kind: 'absent', words };
    if (typeof document === 'number') return this.#plain(document);
    if (!isFields(document)) return GARBAGE;
    if (typeof document['method'] === 'string') return this.#notification(document, arrival);
    const status = isFields(document['StatusSNS']) ? document['StatusSNS'] : document;
    if (isFields(status['ENERGY'])) return this.#tasmota(status, status['ENERGY'], arrival);
    return this.#component(document);
  }

  #report(report: Report): News {
    const { power, imported, exported } = report;
    const isEmpty = power === undefined && imported === undefined && exported === undefined;
    return isEmpty ? GARBAGE : { kind: 'report', report };
  }

  #stamped(value: unknown, arrival: Instant): { stamp?: Stamp } {
    const stamp = readStamp(value, this.#rule.zone, arrival);
    return stamp === undefined ? {} : { stamp };
  }

  #read(power: unknown, energy: unknown, exported: unknown): Report {
    const watts = total(power);
    const counted = counterOf(total(energy), this.#wattHours);
    const returned = counterOf(total(exported), this.#wattHours);
    return {
      ...(watts !== undefined && { power: watts * this.#watts }),
      ...(counted !== undefined && { imported: counted }),
      ...(returned !== undefined && { exported: returned }),
    };
  }

  #plain(value: number): News {
    const kind = this.#value;
    const news = this.#report(
      this.#read(
        kind === 'power' ? value : undefined,
        kind === 'energy' ? value : undefined,
        kind === 'exported' ? value : undefined,
      ),
    );
    return kind === 'power' && Math.abs(value * this.#watts) > this.#rule.highestPower ? GARBAGE : news;
  }

  #byPaths(document: unknown, arrival: Instant): News {
    const { power, energy, exported, time } = this.#paths;
    const at = (path: JsonPath | undefined) => (path ? atPath(document, path) : undefined);
    const words = wordsOf(at(power ?? energy ?? exported));
    if (words !== undefined) return { kind: 'absent', words };
    const report = this.#read(at(power), at(energy), at(exported));
    return this.#report({ ...report, ...(time && this.#stamped(at(time), arrival)) });
  }

  /** Tasmota counts kWh; `Time` is the device's local time, with an offset only under its SetOption52. */
  #tasmota(
    status: Readonly<Record<string, unknown>>,
    energy: Readonly<Record<string, unknown>>,
    arrival: Instant,
  ): News {
    const words = wordsOf(energy['Power']);
    if (words !== undefined) return { kind: 'absent', words };
    const watts = total(energy['Power']);
    const counted = counterOf(total(energy['Total']), 1000);
    const returned = counterOf(total(energy['ExportActive']), 1000);
    return this.#report({
      ...(watts !== undefined && { power: watts }),
      ...(counted !== undefined && { imported: counted }),
      ...(returned !== undefined && { exported: returned }),
      ...this.#stamped(status['Time'], arrival),
    });
  }

  /** A Shelly's `status/<component>`: the topic's last level names the component. */
  #component(status: Readonly<Record<string, unknown>>): News {
    const key = this.topic.split('/').at(-1) ?? '';
    const component = meteringComponent(key);
    if (component === undefined) return this.#report(this.#overlaid(this.topic, status));
    const { wanted, unclear } = this.#choose([component]);
    if (unclear) return unclear;
    if (component !== wanted) return NOTHING;
    return this.#missing(status) ?? this.#report(this.#overlaid(key, status));
  }

  /** Shelly's NotifyStatus: what changed of one or more components, with the time. */
  #notification(frame: Readonly<Record<string, unknown>>, arrival: Instant): News {
    const { method, params } = frame;
    if ((method !== 'NotifyStatus' && method !== 'NotifyFullStatus') || !isFields(params)) return NOTHING;
    const statuses = Object.entries(params).flatMap(([key, status]) => {
      const component = meteringComponent(key);
      return component !== undefined && isFields(status) ? [{ key, component, status }] : [];
    });
    const named = [...new Set(statuses.map(({ component }) => component))];
    const { wanted, unclear } = this.#choose(named);
    if (unclear) return unclear;
    const own = statuses.filter(({ component }) => component === wanted);
    const missing = own.map(({ status }) => this.#missing(status)).find((news) => news !== undefined);
    if (missing) return missing;
    let reading: ShellyReading = {};
    for (const { key, status } of own) reading = { ...reading, ...this.#overlaid(key, status) };
    const { minute: _, ...report } = reading;
    // A notification may be of what is not measured: the relay's state, a temperature.
    if (Object.keys(report).length === 0) return NOTHING;
    return this.#report({ ...report, ...this.#stamped(params['ts'], arrival) });
  }

  /** The power of a component that says that it has none: its clamp or its chip has failed. */
  #missing(status: Readonly<Record<string, unknown>>): News | undefined {
    const words = wordsOf(powerField(status, this.#rule.phase));
    return words === undefined ? undefined : { kind: 'absent', words };
  }

  /** Which of the device's components is read: the one set, or the only one that it ever showed. */
  #choose(named: readonly string[]): { readonly wanted?: string | undefined; readonly unclear?: News } {
    if (this.#rule.component !== undefined) return { wanted: this.#rule.component };
    const known = [...this.#components.keys()].map(meteringComponent);
    const seen = [...new Set([...known, ...named])].filter((one) => one !== undefined);
    return seen.length > 1 ? { unclear: { kind: 'unclear', components: seen } } : { wanted: seen[0] };
  }

  /** Lays what changed over what is known of a component; power only where it is news. */
  #overlaid(key: string, status: Readonly<Record<string, unknown>>): ShellyReading {
    const whole = { ...this.#components.get(key), ...measuringFields(status) };
    this.#components.set(key, whole);
    const news = readShellyStatus(status, this.#rule.phase);
    const known = readShellyStatus(whole, this.#rule.phase);
    const counted = news.imported !== undefined || news.exported !== undefined;
    return counted ? { ...known, ...news, ...countersOf(known) } : news;
  }
}

const countersOf = ({ imported, exported }: ShellyReading): ShellyReading => ({
  ...(imported !== undefined && { imported }),
  ...(exported !== undefined && { exported }),
});
