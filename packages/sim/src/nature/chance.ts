/**
 * Random numbers without a state: each is a pure function of seed, stream and position, so a restarted simulation
 * draws the same ones for the same instants whatever was drawn in between.
 *
 * Mixing is the finaliser of MurmurHash3 (A. Appleby, public domain), chained over the words of the input.
 */

const mix = (value: number): number => {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};

const hashOf = (seed: number, stream: number, position: number, draw: number): number => {
  const whole = Math.floor(position);
  const high = Math.floor(whole / 2 ** 32);
  let hash = mix(seed ^ 0x9e3779b9);
  hash = mix(hash + Math.imul(stream, 0x632be5ab));
  hash = mix(hash ^ high);
  hash = mix(hash ^ (whole - high * 2 ** 32));
  return mix(hash + Math.imul(draw + 1, 0x9e3779b1)) >>> 0;
};

/** Uniform in [0, 1) for a whole position (of any size a float holds exactly). */
export const uniform = (seed: number, stream: number, position: number, draw = 0): number =>
  hashOf(seed, stream, position, draw) / 2 ** 32;

/** Standard normal (mean 0, standard deviation 1), by the Box–Muller transform. */
export const normal = (seed: number, stream: number, position: number): number => {
  const radius = Math.sqrt(-2 * Math.log(uniform(seed, stream, position, 0) + 2 ** -33));
  return radius * Math.cos(2 * Math.PI * uniform(seed, stream, position, 1));
};

/** 3x² - 2x³: 0 to 1 with flat ends. */
export const smoothstep = (low: number, high: number, value: number): number => {
  const x = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return x * x * (3 - 2 * x);
};

/** Value noise: uniform at each multiple of `period`, smooth in between; 0 to 1. Position and period in the same unit. */
export const smoothNoise = (seed: number, stream: number, position: number, period: number): number => {
  const cell = Math.floor(position / period);
  const before = uniform(seed, stream, cell);
  const after = uniform(seed, stream, cell + 1);
  return before + (after - before) * smoothstep(0, 1, position / period - cell);
};
