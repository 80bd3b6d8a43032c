/** Units of power and energy as devices, Home Assistant and settings write them. */

/** Watt-hours in one of each. */
export const ENERGY_UNITS = {
  Wh: 1,
  kWh: 1000,
  MWh: 1e6,
  J: 1 / 3600,
  kJ: 1000 / 3600,
  MJ: 1e6 / 3600,
  /** Watt-minutes: what the first generation of Shelly counts. */
  Wmin: 1 / 60,
} as const;
export type EnergyUnit = keyof typeof ENERGY_UNITS;

/** Watts in one of each. */
export const POWER_UNITS = { W: 1, kW: 1000, MW: 1e6 } as const;
export type PowerUnit = keyof typeof POWER_UNITS;

/** What a number with a unit is. */
export type Measured =
  | { readonly quantity: 'power'; readonly unit: PowerUnit }
  | { readonly quantity: 'energy'; readonly unit: EnergyUnit };

/** Other ways to write watt-minutes. */
const WATT_MINUTES = /^(?:w[\s·*-]?min|wm|watt-?minutes?)$/i;
const isOf = <U extends string>(units: Readonly<Record<U, number>>, text: string): text is U =>
  Object.hasOwn(units, text);

/** Reads a unit, with or without quotes around it; undefined for one of something else (°C, V). */
export const unitOf = (text: string): Measured | undefined => {
  const unit = text.trim().replace(/^"(.*)"$/, '$1');
  if (isOf(POWER_UNITS, unit)) return { quantity: 'power', unit };
  if (isOf(ENERGY_UNITS, unit)) return { quantity: 'energy', unit };
  return WATT_MINUTES.test(unit) ? { quantity: 'energy', unit: 'Wmin' } : undefined;
};
