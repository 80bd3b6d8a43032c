/**
 * The power flows of the lab, and what they add up to. Pure: no instants, no contacts, no files.
 *
 * Node 1: a charger (from the mains) charges its battery; the battery feeds its load when the wires say so.
 * Node 2: a charger may charge its battery too; the panel feeds Node 2's own use and the load exported to Node 1; what is over charges its battery, what is
 * missing comes from it; with a full battery the panel is curtailed.
 *
 * The panel's controller takes some seconds to follow: when the export begins or ends, the battery bears the
 * difference meanwhile. So what leaves the panel never jumps with the relay, and the controller keeps a little room in
 * the battery for it.
 */
import { type Battery, canGive, canTake, fits, wanted } from './battery.ts';

/** Time constant of the panel's controller, hours. */
const CONTROLLER_HOURS = 20 / 3600;
/** The share of Node 2's battery that its controller keeps free; beyond it half of what is used drains the battery. */
const CONTROLLER_ROOM = 0.01;

/** Who feeds Node 1's load. */
export type Feed = 'own' | 'node2' | 'none';

/** What the two nodes are made of. */
export interface Plant {
  readonly battery1: Battery;
  readonly battery2: Battery;
  /** Output of Node 1's charger, W. */
  readonly charger: number;
  /** Output of Node 2's charger, W. */
  readonly charger2: number;
  /** What Node 2 uses itself, W. */
  readonly ownUse: number;
}

/** Everything that changes steadily over time, in Wh but for the last. */
export interface Energies {
  /** Stored in the batteries. */
  readonly charge1: number;
  readonly charge2: number;
  /** Node 1's load, from its own source and from Node 2. */
  readonly fromOwn: number;
  readonly fromNode2: number;
  /** What the load wanted and did not get. */
  readonly unserved: number;
  /** What the chargers put into Node 1's and Node 2's battery. */
  readonly charger: number;
  readonly charger2: number;
  /** What left the panel. */
  readonly panel: number;
  /** What the panel could have given and nobody took. */
  readonly curtailed: number;
  /** Node 2's own use, and what of it was missing. */
  readonly ownUse: number;
  readonly ownUseUnserved: number;
  /** Lost in charging and discharging each battery. */
  readonly losses1: number;
  readonly losses2: number;
  /** By how much the panel's controller holds it back just now, W. */
  readonly curtailing: number;
}

/** How fast each of them changes: W, the last W/h. */
export type Flows = Energies;

/** The names of the energies, in the order in which they are kept. */
export const ENERGY_NAMES = [
  'charge1',
  'charge2',
  'fromOwn',
  'fromNode2',
  'unserved',
  'charger',
  'charger2',
  'panel',
  'curtailed',
  'ownUse',
  'ownUseUnserved',
  'losses1',
  'losses2',
  'curtailing',
] as const satisfies readonly (keyof Energies)[];

/** The flows while the load wants `wish` and the panel could give `sun` (W). */
export const flowsOf = (plant: Plant, stored: Energies, feed: Feed, wish: number, sun: number): Flows => {
  const { battery1, battery2 } = plant;
  const fromOwn = feed === 'own' ? Math.min(wish, canGive(battery1, stored.charge1)) : 0;
  const charger = Math.min(plant.charger, canTake(battery1, stored.charge1));

  const demand = plant.ownUse + (feed === 'node2' ? wish : 0);
  const room = Math.max(wanted(battery2, stored.charge2, CONTROLLER_ROOM), -demand / 2);
  const surplus = Math.max(0, sun - demand - room);
  const offered = sun - Math.min(sun, stored.curtailing);
  const direct = Math.min(offered, demand);
  const discharge = Math.min(demand - direct, canGive(battery2, stored.charge2));
  const ownUse = Math.min(plant.ownUse, direct + discharge);
  const fromNode2 = direct + discharge - ownUse;
  const charge = Math.min(offered - direct, fits(battery2, stored.charge2));

  // From the mains comes what the panel leaves room for.
  const charger2 = Math.min(plant.charger2, Math.max(0, canTake(battery2, stored.charge2) - charge));

  const taken1 = fromOwn / battery1.dischargeEfficiency;
  const taken2 = discharge / battery2.dischargeEfficiency;
  return {
    charge1: charger * battery1.chargeEfficiency - taken1,
    charge2: (charge + charger2) * battery2.chargeEfficiency - taken2,
    fromOwn,
    fromNode2,
    unserved: wish - fromOwn - fromNode2,
    charger,
    charger2,
    panel: direct + charge,
    curtailed: sun - direct - charge,
    ownUse,
    ownUseUnserved: plant.ownUse - ownUse,
    losses1: charger * (1 - battery1.chargeEfficiency) + taken1 - fromOwn,
    losses2: (charge + charger2) * (1 - battery2.chargeEfficiency) + taken2 - discharge,
    curtailing: (surplus - stored.curtailing) / CONTROLLER_HOURS,
  };
};

/** The same with the panel's controller at rest where it is going, as in a world that did not begin just now. */
export const settled = (plant: Plant, stored: Energies, feed: Feed, wish: number, sun: number): Energies => ({
  ...stored,
  curtailing: stored.curtailing + flowsOf(plant, stored, feed, wish, sun).curtailing * CONTROLLER_HOURS,
});

/** The energies after `hours` of steady flows. */
export const after = (from: Energies, flows: Flows, hours: number): Energies => ({
  charge1: from.charge1 + flows.charge1 * hours,
  charge2: from.charge2 + flows.charge2 * hours,
  fromOwn: from.fromOwn + flows.fromOwn * hours,
  fromNode2: from.fromNode2 + flows.fromNode2 * hours,
  unserved: from.unserved + flows.unserved * hours,
  charger: from.charger + flows.charger * hours,
  charger2: from.charger2 + flows.charger2 * hours,
  panel: from.panel + flows.panel * hours,
  curtailed: from.curtailed + flows.curtailed * hours,
  ownUse: from.ownUse + flows.ownUse * hours,
  ownUseUnserved: from.ownUseUnserved + flows.ownUseUnserved * hours,
  losses1: from.losses1 + flows.losses1 * hours,
  losses2: from.losses2 + flows.losses2 * hours,
  curtailing: from.curtailing + flows.curtailing * hours,
});
