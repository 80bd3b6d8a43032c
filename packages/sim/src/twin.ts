/**
 * The digital twin of the lab: Node 1 (consumer), Node 2 (producer), the wires between them and the sensors on them.
 *
 * Time is cut at whole seconds from the epoch and at contact changes; within a piece every power is steady. So what
 * happens depends on the settings and on the instants of contact changes alone, never on when or how often it is read.
 *
 * With a file, the world is committed before anything of it is handed out: after a kill it is never older than what
 * anybody saw. Opened again, it goes on from there with every contact at rest, as relays do without power.
 */
import type { Sample } from '@daisee/meter';
import { type Clock, Instant, Percent } from '@daisee/units';
import { cellVoltage } from './node/battery.ts';
import { after, type Energies, type Flows, flowsOf, settled } from './node/physics.ts';
import { acs712, ina219, max17043 } from './node/sensors.ts';
import { createLab, initialEnergies } from './world/lab.ts';
import { checkSettings, describeSettings, WorldDiffers, type WorldSettings } from './world/settings.ts';
import { type ContactRecord, createWires, labWiring, type TwoSourcesAt } from './world/wires.ts';
import { openWorldFile, type WorldFile, type WorldState } from './world/world-file.ts';

/** What a twin tells while it lives. */
export type TwinEvent =
  /** A measured series has ended and begins again; said once for each series of a running twin. */
  | {
      readonly type: 'repeats';
      readonly series: 'load' | 'solar';
      readonly file: string;
      readonly at: Instant;
    }
  /** Two sources were on one load. */
  | ({ readonly type: 'twoSources' } & TwoSourcesAt);

export interface TwinOptions extends WorldSettings {
  /** Keeps the world here (a file that may not exist yet); in memory only without. */
  readonly file?: string;
  /** When a new world begins; a kept one goes on where it was. */
  readonly start: Instant;
  readonly onEvent?: (event: TwinEvent) => void;
}

/** The true energies and charges at an instant. */
export interface Truth extends Energies {
  readonly at: Instant;
  readonly stateOfCharge1: Percent;
  readonly stateOfCharge2: Percent;
}

export interface Twin {
  /** When the world began. */
  readonly start: Instant;
  /** The latest instant that the world was asked for or moved to: a clock for a kept world starts here. */
  readonly now: Instant;
  /** Moves the world on; an instant of the past changes nothing. Not a commit. */
  advance(to: Instant): void;
  /** Node 1's meter through the Arduino: power of its load (consumption positive), state of charge, cell voltage. */
  sample1(now: Instant): Sample;
  /** Node 2's INA219: power that leaves its panel (production positive). */
  sample2(now: Instant): Sample;
  /**
   * The contacts change now, to these states of all channels from 0 on (more than the wiring names are ignored). A
   * clock that was set back counts as standing still.
   */
  switchContacts(states: readonly boolean[], now: Instant): void;
  /** `switchContacts` at the clock's instant: the simulated relay driver's `onChange`. */
  onChange(clock: Clock): (states: readonly boolean[]) => void;
  /** Commits the world at this instant, so that it is never older than what depends on it (a block's time). */
  checkpoint(now: Instant): void;
  /** The true energies now or at an instant not before the last whole second or contact change; commits. */
  truth(at?: Instant): Truth;
  /** Every contact change since the world began, the first is its beginning. */
  readonly contacts: readonly ContactRecord[];
  /** Whenever Node 1's load had two sources: empty, or the relay is broken. */
  readonly twoSources: readonly TwoSourcesAt[];
  close(): void;
}

const STEP = 1000;
const HOUR = 3_600_000;

const nextStep = (instant: number): number => (Math.floor(instant / STEP) + 1) * STEP;

const sameStates = (a: readonly boolean[], b: readonly boolean[]): boolean =>
  a.length === b.length && a.every((on, channel) => on === b[channel]);

/** Opens the file; a world that it keeps must have been made with the same settings. */
const openWorld = (file: string, given: Readonly<Record<string, string>>): WorldFile => {
  const world = openWorldFile(file);
  for (const [setting, value] of world.kept ? Object.entries(given) : []) {
    const kept = world.kept?.settings[setting];
    if (kept === value) continue;
    world.close();
    throw new WorldDiffers(file, setting, kept ?? 'unknown', value);
  }
  return world;
};

/**
 * Creates the twin, in a new world or in the one that the file keeps.
 * @throws InvalidTwin, UnknownWiring, WorldDiffers, WorldFileFailed
 */
export const createTwin = (options: TwinOptions): Twin => {
  checkSettings(options);
  const { seed, onEvent, wiring = labWiring } = options;
  const wires = createWires(wiring);
  const rest: readonly boolean[] = Array.from({ length: wires.channels }, () => false);
  const description = describeSettings(options, wiring);
  const world = options.file === undefined ? undefined : openWorld(options.file, description);
  const start = world?.kept?.state.start ?? options.start;
  let now = world?.kept?.state.seen ?? start;

  const said = new Set<string>();
  const { load, sun, plant, sensor1, sensor2 } = createLab(options, start, (series, file) => {
    if (said.has(series)) return;
    said.add(series);
    onEvent?.({ type: 'repeats', series, file, at: now });
  });

  let states = world?.kept?.contacts.at(-1)?.states ?? rest;
  const state: WorldState = world?.kept?.state ?? {
    start,
    base: start,
    seen: start,
    energies: settled(plant, initialEnergies(options), wires.feed(rest), load.watts(start), sun.watts(start)),
  };
  const contacts: ContactRecord[] = [...(world?.kept?.contacts ?? [{ at: start, states: rest }])];
  const twoSources: TwoSourcesAt[] = contacts
    .filter((record) => wires.hasTwoSources(record.states))
    .map((record) => ({ ...record, load: wires.load }));
  if (!world?.kept) world?.begin(description, state, { at: start, states: rest });
  let { base, energies, seen: saved } = state;
  /** The flows of the piece of time that begins at `base`, once known. */
  let flows: Flows | undefined;

  /** The flows with these energies, of an instant's load and sun. */
  const flowsAt = (stored: Energies, instant: number): Flows =>
    flowsOf(plant, stored, wires.feed(states), load.watts(instant), sun.watts(instant));

  /** The flows from `base` on: those of the piece's middle, whether or not a contact ends it early. */
  const current = (): Flows => (flows ??= flowsAt(energies, (base + nextStep(base)) / 2));

  const moveBase = (to: number): void => {
    energies = after(energies, current(), (to - base) / HOUR);
    base = Instant(to);
    flows = undefined;
  };

  const advance = (to: Instant): void => {
    if (to <= now) return;
    now = to;
    for (let next = nextStep(base); next <= to; next = nextStep(base)) moveBase(next);
  };

  const save = (record?: ContactRecord): void => {
    if (!record && saved === now) return;
    world?.save({ start, base, energies, seen: now }, record);
    saved = now;
  };

  const switchContacts = (changed: readonly boolean[], at: Instant): void => {
    advance(at);
    const next = rest.map((_, channel) => changed[channel] === true);
    if (sameStates(next, states)) return;
    if (now > base) moveBase(now);
    flows = undefined;
    states = next;
    const record: ContactRecord = { at: now, states: next };
    contacts.push(record);
    save(record);
    if (!wires.hasTwoSources(next)) return;
    const found = { ...record, load: wires.load };
    twoSources.push(found);
    onEvent?.({ type: 'twoSources', ...found });
  };

  const energiesAt = (at: number): Energies =>
    at > base ? after(energies, current(), (at - base) / HOUR) : energies;

  /** Power was lost when the process ended: from then on every contact is at rest. */
  if (world?.kept) switchContacts(rest, now);

  return {
    start,
    get now() {
      return now;
    },
    advance,
    sample1: (at) => {
      advance(at);
      save();
      const stored = energiesAt(now);
      const { fromOwn, fromNode2 } = flowsAt(stored, now);
      const share = stored.charge1 / plant.battery1.capacity;
      const power = acs712(sensor1, fromOwn + fromNode2, now);
      return { at: now, power, ...max17043(seed, share, cellVoltage(share), now) };
    },
    sample2: (at) => {
      advance(at);
      save();
      return { at: now, power: ina219(sensor2, flowsAt(energiesAt(now), now).panel, now) };
    },
    switchContacts,
    onChange: (clock) => (changed) => switchContacts(changed, clock.now()),
    checkpoint: (at) => {
      advance(at);
      save();
    },
    truth: (at = now) => {
      advance(at);
      save();
      const energy = energiesAt(Math.max(at, base));
      const percent = (charge: number, capacity: number) =>
        Percent(Math.min(100, Math.max(0, (100 * charge) / capacity)));
      return {
        ...energy,
        at: Instant(Math.max(at, base)),
        stateOfCharge1: percent(energy.charge1, plant.battery1.capacity),
        stateOfCharge2: percent(energy.charge2, plant.battery2.capacity),
      };
    },
    contacts,
    twoSources,
    close: () => world?.close(),
  };
};
