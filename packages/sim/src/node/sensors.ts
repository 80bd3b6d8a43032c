/**
 * The sensors of the lab: what they show of a true value at an instant. Noise has mean zero and is a pure function of
 * seed, sensor and instant.
 */
import { Percent, Watts } from '@daisee/units';
import { normal } from '../nature/chance.ts';

/** Streams of random numbers, one a sensor. */
const ACS712 = 1;
const GAUGE = 2;
const INA219 = 3;

/** A power sensor's faults. */
export interface PowerSensor {
  readonly seed: number;
  /** Standard deviation of its noise after averaging, W. */
  readonly noise: number;
  /** Share by which it shows too much: 0.01 = 1 %. */
  readonly gainError: number;
  /** Smallest step, W. */
  readonly resolution: number;
}

const shown = (sensor: PowerSensor, stream: number, watts: number, instant: number): Watts => {
  const value = watts * (1 + sensor.gainError) + sensor.noise * normal(sensor.seed, stream, instant);
  const rounded = Math.round(value / sensor.resolution) * sensor.resolution;
  // A decimal step in binary leaves 12.340000000000002; sensors send decimals.
  return Watts(Math.round(rounded * 1e6) / 1e6);
};

/**
 * ACS712 on the Arduino's 10-bit converter (data sheet ACS712-DS: 185 mV/A, 21 mV peak-to-peak noise; one step of the
 * converter is 4.9 mV or 26 mA). The sketch averages many readings of that noise, which dithers the coarse steps, and
 * prints two decimals.
 */
export const ACS712_RESOLUTION = 0.01;
export const acs712 = (sensor: PowerSensor, watts: number, instant: number): Watts =>
  shown(sensor, ACS712, watts, instant);

/**
 * INA219: with 0.1 mA per bit of current its power register steps by 20 times that at 1 V, 2 mW (data sheet SBOS448,
 * "Programming the calibration register"); full scale 3.2 A at 26 V. Larger plants have a smaller shunt, and steps that
 * are larger by as much.
 */
const INA219_STEP = 0.002;
const INA219_FULL_SCALE = 83.2;
export const ina219Resolution = (peak: number): number => INA219_STEP * Math.max(1, peak / INA219_FULL_SCALE);
export const ina219 = (sensor: PowerSensor, watts: number, instant: number): Watts =>
  shown(sensor, INA219, watts, instant);

/** MAX17043 (data sheet 19-4811): VCELL in steps of 1.25 mV, SOC in steps of 1/256 %; the sketch prints 4 and 2 decimals. */
const VOLTAGE_STEP = 0.00125;
const CHARGE_STEP = 1 / 256;
/** Noise of the gauge's converter, well below one step. */
const VOLTAGE_NOISE = 0.0005;

export const max17043 = (
  seed: number,
  share: number,
  volts: number,
  instant: number,
): { readonly stateOfCharge: Percent; readonly voltage: number } => {
  const percent = Math.round((share * 100) / CHARGE_STEP) * CHARGE_STEP;
  const voltage =
    Math.round((volts + VOLTAGE_NOISE * normal(seed, GAUGE, instant)) / VOLTAGE_STEP) * VOLTAGE_STEP;
  return {
    stateOfCharge: Percent(Math.min(100, Math.max(0, Math.round(percent * 100) / 100))),
    voltage: Math.round(voltage * 1e4) / 1e4,
  };
};
