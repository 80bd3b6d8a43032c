/**
 * Eastron SDM meters: input registers (function 4), IEEE floats, high register first (SDM120, SDM220, SDM230 and SDM630
 * Modbus protocol documents; addresses as volkszaehler/mbmd has them). 0x000C is the whole power of the single-phase
 * models and phase 1 of the SDM630, whose whole is 0x0034. 0x0156 is import and export added: no register of either.
 */
import { Energy } from '@daisee/units';
import type { PhaseReading } from '../reading.ts';
import type { DeviceReading } from './device-reading.ts';
import { microOfFloat, type Registers } from './registers.ts';

export type EastronModel = 'sdm120' | 'sdm220' | 'sdm230' | 'sdm630';

interface Layout {
  readonly power: number;
  readonly phases: 1 | 3;
}

const LAYOUTS: Readonly<Record<EastronModel, Layout>> = {
  sdm120: { power: 0x000c, phases: 1 },
  sdm220: { power: 0x000c, phases: 1 },
  sdm230: { power: 0x000c, phases: 1 },
  sdm630: { power: 0x0034, phases: 3 },
};

const VOLTAGE = 0x0000;
const CURRENT = 0x0006;
const PHASE_POWER = 0x000c;
const IMPORT = 0x0048;
const EXPORT = 0x004a;

/** What has to be read of a model: addresses and counts of input registers. */
export const eastronBlocks = (
  model: EastronModel,
): readonly { readonly address: number; readonly count: number }[] =>
  LAYOUTS[model].phases === 3
    ? [
        { address: VOLTAGE, count: 0x12 },
        { address: LAYOUTS[model].power, count: 2 },
        { address: IMPORT, count: 4 },
      ]
    : [
        { address: VOLTAGE, count: 0x0e },
        { address: IMPORT, count: 4 },
      ];

const kilowattHours = (value: number | undefined): Energy | undefined =>
  value === undefined || value < 0 ? undefined : Energy(microOfFloat(value, 3));

/** Reads a meter from the blocks of `eastronBlocks`. */
export const readEastron = (model: EastronModel, blocks: readonly Registers[]): DeviceReading => {
  const float = (address: number): number | undefined =>
    blocks.map((block) => block.float32(address)).find((value) => value !== undefined);
  const { power, phases } = LAYOUTS[model];
  const all: readonly PhaseReading[] = ([1, 2, 3] as const)
    .filter((phase) => phase <= phases)
    .map((phase) => ({
      phase,
      power: phases === 3 ? float(PHASE_POWER + 2 * (phase - 1)) : undefined,
      voltage: float(VOLTAGE + 2 * (phase - 1)),
      current: float(CURRENT + 2 * (phase - 1)),
    }));
  return {
    kind: 'meter',
    power: float(power),
    imported: kilowattHours(float(IMPORT)),
    exported: kilowattHours(float(EXPORT)),
    phases: all.filter(
      (one) => one.power !== undefined || one.voltage !== undefined || one.current !== undefined,
    ),
  };
};
