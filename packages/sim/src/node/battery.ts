/**
 * A lithium-polymer battery. What it can give and take fades out near its ends, so no power in the twin jumps when a
 * battery runs empty or full.
 */

export interface Battery {
  /** Usable capacity, Wh. */
  readonly capacity: number;
  /** Stored per watt-hour charged, delivered per watt-hour taken out; 0 to 1. */
  readonly chargeEfficiency: number;
  readonly dischargeEfficiency: number;
  /** Most power at its terminals, W. */
  readonly maxCharge: number;
  readonly maxDischarge: number;
}

/** Below this share of its capacity it gives ever less. */
const GIVE_TAPER = 0.02;
/** Within this share of full it takes ever less: the constant-voltage phase of charging. */
const TAKE_TAPER = 0.05;
/** The twin's step in hours: no step may take more than there is or add more than fits. */
const STEP_HOURS = 1 / 3600;

/** The most power it can deliver at its terminals with this charge (Wh), W. */
export const canGive = (battery: Battery, charge: number): number =>
  Math.max(
    0,
    Math.min(
      battery.maxDischarge * Math.min(1, charge / (battery.capacity * GIVE_TAPER)),
      (charge * battery.dischargeEfficiency) / STEP_HOURS,
    ),
  );

/** The power at its terminals that fills it within a step, W: for seconds it bears more than is good for it. */
export const fits = (battery: Battery, charge: number): number =>
  Math.max(0, battery.capacity - charge) / battery.chargeEfficiency / STEP_HOURS;

/**
 * The power with which a controller wants to charge it so that the share `free` of its capacity stays free, W; below
 * zero beyond that.
 */
export const wanted = (battery: Battery, charge: number, free: number): number =>
  battery.maxCharge * Math.min(1, ((1 - free) * battery.capacity - charge) / (battery.capacity * TAKE_TAPER));

/** The most power it accepts at its terminals for long with this charge (Wh), W. */
export const canTake = (battery: Battery, charge: number): number =>
  Math.max(0, Math.min(wanted(battery, charge, 0), fits(battery, charge)));

/**
 * Open-circuit voltage of a lithium-polymer cell (V) at 0, 5, 10, 20 … 90, 95, 100 % of charge: a usual curve at rest
 * between 3.0 V (empty) and 4.2 V (full), flat in the middle.
 */
const VOLTAGE: readonly (readonly [share: number, volts: number])[] = [
  [0, 3.0],
  [0.05, 3.45],
  [0.1, 3.6],
  [0.2, 3.7],
  [0.3, 3.75],
  [0.4, 3.79],
  [0.5, 3.83],
  [0.6, 3.88],
  [0.7, 3.95],
  [0.8, 4.02],
  [0.9, 4.1],
  [0.95, 4.15],
  [1, 4.2],
];

/** Volts of one cell at a state of charge from 0 to 1. */
export const cellVoltage = (share: number): number => {
  let previous = VOLTAGE[0];
  for (const point of VOLTAGE) {
    if (previous && share <= point[0]) {
      const [low, from] = previous;
      const span = point[0] - low;
      return span <= 0 ? point[1] : from + ((point[1] - from) * Math.max(0, share - low)) / span;
    }
    previous = point;
  }
  return previous?.[1] ?? 0;
};
