/**
 * What the messages of a meter's topics say. Recognised by themselves: Tasmota's `tele/…/SENSOR`, the `status/…` and
 * `events/rpc` topics of Shelly's second generation, and plain numbers as Shelly's first generation, ESPHome and Home
 * Assistant publish them. Anything else is read by JSON paths from the settings.
 *
 * Signs: power is positive, and `imported` counts, in the direction that the device calls consumption; Tasmota and
 * Shelly count the other direction apart (`ExportActive`, `…_ret_energy`, `ret_aenergy`, `total_returned`).
 *
 * Units: as settings say, else as the device or Home Assistant says (`unit_of_measurement`), else as documented of the
 * topic, else watts and kilowatt-hours.
 */
import type { Energy, Instant } from '@daisee/units';
import {
  isFields,
  meteringComponent,
  type Phase,
  phasePowers,
  type ShellyReading,
} from '../shelly/status.ts';
import { type ComponentStates, chosenOf, missingPower, overlaid } from './components.ts';
import { MqttSettingWrong } from './errors.ts';
import { type JsonPath, atPath, parseJsonPath } from './json-path.ts';
import { readStamp, type Stamp } from './stamps.ts';
import { type NamedTopic, namedTopic, type Quantity } from './topic-names.ts';
import {
  ENERGY_UNITS,
  type EnergyUnit,
  type Measured,
  POWER_UNITS,
  type PowerUnit,
  unitOf,
} from './units.ts';
import {
  countersOf,
  type Found,
  foundAt,
  NUMBER,
  numbersOf,
  type PathSetting,
  type Places,
  placesOf,
  powerOf,
  wordsOf,
} from './values.ts';

/** A topic and how to read it; what is left out is recognised. */
export interface MqttTopic {
  /** The topic, without wildcards. */
  readonly topic: string;
  /** JSON path of the power; several are added up, `{ add, subtract }` is a sum and what is taken off it. */
  readonly power?: PathSetting | undefined;
  /** JSON path of the counter of energy in the direction that power is positive, likewise. */
  readonly energy?: PathSetting | undefined;
  /** JSON path of the counter of the other direction, likewise. */
  readonly exported?: PathSetting | undefined;
  /** JSON path of the time stamp: Unix seconds or milliseconds, or ISO 8601. */
  readonly time?: string | undefined;
  /** What a plain number is; by default what the part of the topic says that names it, else power. */
  readonly value?: Quantity | undefined;
  /** Of several topics that give the same quantity: what this one's is to the whole. */
  readonly part?: 'add' | 'subtract' | undefined;
  /** `W` by default. */
  readonly powerUnit?: PowerUnit | undefined;
  /** `kWh` by default, or as documented of the topic. */
  readonly energyUnit?: EnergyUnit | undefined;
}

/** What of several phases, tariffs or places is known one by one. */
interface Channels {
  /** Watts of each phase. */
  readonly power?: readonly number[] | undefined;
  /** Each counter by itself. */
  readonly imported?: readonly Energy[] | undefined;
  readonly exported?: readonly Energy[] | undefined;
}

/** What is read out of a message. */
export interface Report {
  readonly power?: number;
  readonly imported?: Energy;
  readonly exported?: Energy;
  /** Only where there are several. */
  readonly channels?: Channels;
  /** When the device says that it measured this. */
  readonly stamp?: Stamp;
  /** The minute in which a state was made, where only that is known. */
  readonly minute?: Instant;
}

/** `nothing`: of no concern here; `absent`: the device says that it has no value of a quantity, in its words. */
export type News =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'absent'; readonly words: string; readonly of: Quantity }
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
  /** Phases are counted each by itself, so their powers are wanted, too. */
  readonly apart?: boolean | undefined;
}

const NOTHING: News = { kind: 'nothing' };
const GARBAGE: News = { kind: 'garbage' };
/** No device's message is near this long, in bytes. */
const LONGEST_PAYLOAD = 65_536;

interface Paths {
  readonly power?: Places;
  readonly energy?: Places;
  readonly exported?: Places;
  readonly time?: JsonPath;
}

const numbersIn = (found: Found): readonly number[] | undefined =>
  found && 'numbers' in found ? found.numbers : undefined;

/** Reads the messages of one topic. */
export class TopicReader {
  readonly topic: string;
  readonly part: 'add' | 'subtract' | undefined;
  readonly #rule: PayloadRule;
  readonly #settings: MqttTopic;
  readonly #paths: Paths;
  readonly #name: NamedTopic;
  /** What the device or Home Assistant says that a plain number is. */
  #told: Measured | undefined;
  #isOfOther = false;
  readonly #components: ComponentStates;

  /**
   * `components` is shared by the topics of one device.
   * @throws MqttSettingWrong for an empty topic, a wildcard, or a path that is none
   */
  constructor(settings: string | MqttTopic, rule: PayloadRule, components: ComponentStates) {
    const given: MqttTopic = typeof settings === 'string' ? { topic: settings } : settings;
    if (given.topic === '' || /[+#]/.test(given.topic))
      throw new MqttSettingWrong('topic', given.topic, 'one topic of one device, without + and #');
    this.topic = given.topic;
    this.part = given.part;
    this.#settings = given;
    this.#name = namedTopic(given.topic);
    // A part is a device, or a component, of its own.
    this.#components = given.part ? new Map() : components;
    const own =
      this.#name.kind === 'shelly' ? meteringComponent(given.topic.split('/').at(-1) ?? '') : undefined;
    this.#rule = given.part && own !== undefined ? { ...rule, component: own } : rule;
    this.#paths = {
      ...(given.power !== undefined && { power: placesOf(given.power) }),
      ...(given.energy !== undefined && { energy: placesOf(given.energy) }),
      ...(given.exported !== undefined && { exported: placesOf(given.exported) }),
      ...(given.time !== undefined && { time: parseJsonPath(given.time) }),
    };
  }

  /** Topics of one device that complement each other, of whichever of its components: they have one owner. */
  get owner(): string {
    return this.#name.kind === 'shelly' ? 'shelly' : this.topic;
  }

  /** What it gives, as far as settings and its name say. */
  get gives(): readonly Quantity[] {
    const { power, energy, exported } = this.#paths;
    if (power || energy || exported)
      return (['power', 'energy', 'exported'] as const).filter((quantity) => this.#paths[quantity]);
    if (this.#name.kind === 'tasmota') return ['power', 'energy', 'exported'];
    // Which components there are, and what they measure, only its messages say.
    if (this.#name.kind === 'shelly') return this.part ? ['power', 'energy', 'exported'] : [];
    if (this.#name.isNameless && this.#settings.value === undefined && !this.part) return [];
    return this.#isIgnored() ? [] : [this.#quantity()];
  }

  /** The device or Home Assistant says in which unit a plain number is; true when that is news. */
  tellUnit(text: string): boolean {
    const told = unitOf(text);
    const isNews = told?.unit !== this.#told?.unit || this.#isOfOther !== (told === undefined);
    this.#told = told;
    this.#isOfOther = told === undefined;
    return isNews;
  }

  /** What is made of its messages, in words. */
  described(): string {
    const { power, energy, exported } = this.#paths;
    if (power || energy || exported) return 'read by its JSON paths';
    if (this.#name.kind !== 'plain' && this.#name.kind !== 'other') return `read as ${this.#name.kind}'s`;
    if (this.#isIgnored()) return 'taken for no power and no counter of energy';
    return this.#quantity() === 'power'
      ? `taken for a power in ${this.#powerUnit()}`
      : `taken for a counter of ${this.#quantity()} in ${this.#energyUnit()}`.replace(
          'of exported',
          'of exported energy',
        );
  }

  read(payload: Uint8Array, arrival: Instant): News {
    if (payload.length > LONGEST_PAYLOAD) return GARBAGE;
    const text = Buffer.from(payload).toString('utf8').trim();
    const words = wordsOf(text);
    if (words !== undefined) return this.#absent(words);
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

  #quantity(): Quantity {
    const { value } = this.#settings;
    if (value !== undefined) return value;
    const named = this.#name.quantity;
    if (!this.#told || this.#told.quantity === 'power') return this.#told?.quantity ?? named;
    return named === 'exported' ? 'exported' : 'energy';
  }

  #isIgnored(): boolean {
    if (this.#settings.value !== undefined) return false;
    return this.#isOfOther || (this.#name.kind === 'other' && this.#told === undefined);
  }

  #powerUnit(): PowerUnit {
    const told = this.#told?.quantity === 'power' ? this.#told.unit : undefined;
    return this.#settings.powerUnit ?? told ?? 'W';
  }

  #energyUnit(): EnergyUnit {
    const told = this.#told?.quantity === 'energy' ? this.#told.unit : undefined;
    return this.#settings.energyUnit ?? told ?? this.#name.energyUnit ?? 'kWh';
  }

  #document(document: unknown, arrival: Instant): News {
    const { power, energy, exported } = this.#paths;
    if (power || energy || exported) return this.#byPaths(document, arrival);
    const words = Array.isArray(document) ? undefined : wordsOf(document);
    if (words !== undefined) return this.#absent(words);
    if (typeof document === 'number') return this.#plain(document);
    if (!isFields(document)) return GARBAGE;
    if (typeof document['method'] === 'string') return this.#notification(document, arrival);
    const status = isFields(document['StatusSNS']) ? document['StatusSNS'] : document;
    if (isFields(status['ENERGY'])) return this.#tasmota(status, status['ENERGY'], arrival);
    return this.#component(document);
  }

  #absent(words: string): News {
    const { power, energy } = this.#paths;
    const byPath = power ? 'power' : energy ? 'energy' : 'exported';
    const hasPaths = Object.keys(this.#paths).length > 0;
    if (!hasPaths && this.#isIgnored()) return NOTHING;
    const isPlain = this.#name.kind === 'plain' || this.#name.kind === 'other';
    return { kind: 'absent', words, of: hasPaths ? byPath : isPlain ? this.#quantity() : 'power' };
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

  #read(
    power: readonly number[] | undefined,
    energy: readonly number[] | undefined,
    exported: readonly number[] | undefined,
    [watts, wattHours]: readonly [number, number] = [
      POWER_UNITS[this.#powerUnit()],
      ENERGY_UNITS[this.#energyUnit()],
    ],
  ): Report {
    const measured = power && powerOf(power, watts);
    const counted = energy && countersOf(energy, wattHours);
    const returned = exported && countersOf(exported, wattHours);
    const channels: Channels = {
      ...(this.#rule.apart && measured?.phases && { power: measured.phases }),
      ...(counted?.channels && { imported: counted.channels }),
      ...(returned?.channels && { exported: returned.channels }),
    };
    return {
      ...(measured && { power: measured.power }),
      ...(counted && { imported: counted.total }),
      ...(returned && { exported: returned.total }),
      ...(Object.keys(channels).length > 0 && { channels }),
    };
  }

  #plain(value: number): News {
    if (this.#isIgnored()) return NOTHING;
    const kind = this.#quantity();
    const as = (quantity: Quantity) => (kind === quantity ? [value] : undefined);
    const news = this.#report(this.#read(as('power'), as('energy'), as('exported')));
    const power = news.kind === 'report' ? news.report.power : undefined;
    return power !== undefined && Math.abs(power) > this.#rule.highestPower ? GARBAGE : news;
  }

  #byPaths(document: unknown, arrival: Instant): News {
    const { power, energy, exported, time } = this.#paths;
    const main = power ?? energy ?? exported;
    const found = main && foundAt(document, main);
    if (found && 'words' in found) return this.#absent(found.words);
    // A message may name the unit of its value beside it.
    const unit = isFields(document) ? document['unit_of_measurement'] : undefined;
    if (typeof unit === 'string') this.tellUnit(unit);
    const at = (places: Places | undefined) => (places ? numbersIn(foundAt(document, places)) : undefined);
    const report = this.#read(at(power), at(energy), at(exported));
    return this.#report({ ...report, ...(time && this.#stamped(atPath(document, time), arrival)) });
  }

  /** Tasmota counts kWh; `Time` is the device's local time, with an offset only under its SetOption52. */
  #tasmota(
    status: Readonly<Record<string, unknown>>,
    energy: Readonly<Record<string, unknown>>,
    arrival: Instant,
  ): News {
    const words = wordsOf(energy['Power']);
    if (words !== undefined) return { kind: 'absent', words, of: 'power' };
    const [power, total, returned] = ['Power', 'Total', 'ExportActive'].map((name) =>
      numbersOf(energy[name]),
    );
    return this.#report({
      ...this.#read(power, total, returned, [1, ENERGY_UNITS.kWh]),
      ...this.#stamped(status['Time'], arrival),
    });
  }

  /** A Shelly's `status/<component>`: the topic's last level names the component. */
  #component(status: Readonly<Record<string, unknown>>): News {
    const key = this.topic.split('/').at(-1) ?? '';
    const component = meteringComponent(key);
    if (component === undefined) return this.#shelly([[this.topic, status]]);
    const chosen = chosenOf(this.#components, [component], this.#rule.component);
    if ('unclear' in chosen) return { kind: 'unclear', components: chosen.unclear };
    return component === chosen.wanted ? this.#shelly([[key, status]]) : NOTHING;
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
    const chosen = chosenOf(this.#components, named, this.#rule.component);
    if ('unclear' in chosen) return { kind: 'unclear', components: chosen.unclear };
    const own = statuses.filter(({ component }) => component === chosen.wanted);
    const news = this.#shelly(own.map(({ key, status }) => [key, status]));
    if (news.kind !== 'report') return news.kind === 'garbage' ? NOTHING : news;
    const { minute: _, ...report } = news.report;
    return { kind: 'report', report: { ...report, ...this.#stamped(params['ts'], arrival) } };
  }

  /** What the states of a component and of its counters say; garbage where they say nothing that is measured. */
  #shelly(states: readonly (readonly [string, Readonly<Record<string, unknown>>])[]): News {
    const { phase } = this.#rule;
    for (const [, status] of states) {
      const words = missingPower(status, phase);
      if (words !== undefined) return { kind: 'absent', words, of: 'power' };
    }
    let reading: ShellyReading = {};
    let powers: readonly number[] | undefined;
    for (const [key, status] of states) {
      reading = { ...reading, ...overlaid(this.#components, key, status, phase) };
      if (this.#rule.apart && !phase) powers ??= phasePowers(status);
    }
    return this.#report({ ...reading, ...(powers && { channels: { power: powers } }) });
  }
}
