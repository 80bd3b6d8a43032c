/** The parts of a lab, made from a world's settings. */
import type { Instant } from '@daisee/units';
import {
  type Curve,
  type LoadSettings,
  loadCurve,
  type Replay,
  type SolarSettings,
  seriesOrigins,
  solarCurve,
} from '../nature/curves.ts';
import type { Energies, Plant } from '../node/physics.ts';
import { ACS712_RESOLUTION, ina219Resolution, type PowerSensor } from '../node/sensors.ts';
import { batteryOf, noiseFor, type WorldSettings } from './settings.ts';

export interface Lab {
  /** What the load wants and the panel could give. */
  readonly load: Curve;
  readonly sun: Curve;
  readonly plant: Plant;
  /** Node 1's ACS712 and Node 2's INA219. */
  readonly sensor1: PowerSensor;
  readonly sensor2: PowerSensor;
}

/** The batteries as the settings say, everything else at zero. */
export const initialEnergies = ({ node1, node2 }: WorldSettings): Energies => ({
  charge1: (node1.batteryWh * node1.initialSoc) / 100,
  charge2: (node2.batteryWh * node2.initialSoc) / 100,
  fromOwn: 0,
  fromNode2: 0,
  unserved: 0,
  charger: 0,
  charger2: 0,
  panel: 0,
  curtailed: 0,
  ownUse: 0,
  ownUseUnserved: 0,
  losses1: 0,
  losses2: 0,
  curtailing: 0,
});

const replayOf = (settings: LoadSettings | SolarSettings): Replay | undefined =>
  settings.kind === 'replay' ? settings : undefined;

/** A lab whose world began at `start`; `repeats` is called, again and again, once a measured series has ended. */
export const createLab = (
  settings: WorldSettings,
  start: Instant,
  repeats: (series: 'load' | 'solar', file: string) => void,
): Lab => {
  const { seed, node1, node2, gainError } = settings;
  const { load: loadReplay, solar: solarReplay } = {
    load: replayOf(node1.load),
    solar: replayOf(node2.solar),
  };
  const [loadSeries, solarSeries] = [loadReplay?.series, solarReplay?.series];
  const origins = seriesOrigins(loadSeries, solarSeries);
  const load = loadCurve(node1.load, loadReplay?.from ?? origins.load ?? start, start, () =>
    repeats('load', loadSeries?.file ?? ''),
  );
  const sun = solarCurve(node2.solar, seed, solarReplay?.from ?? origins.solar ?? start, start, () =>
    repeats('solar', solarSeries?.file ?? ''),
  );
  const ownUse = node2.ownUseW ?? 0;
  return {
    load,
    sun,
    plant: {
      battery1: batteryOf(node1, node1.chargerW, 4 * load.peak),
      battery2: batteryOf(node2, node2.chargerW ?? 0, 4 * (load.peak + ownUse)),
      charger: node1.chargerW,
      charger2: node2.chargerW ?? 0,
      ownUse,
    },
    sensor1: {
      seed,
      noise: noiseFor(settings, load),
      gainError: gainError?.node1 ?? 0,
      resolution: ACS712_RESOLUTION,
    },
    sensor2: {
      seed,
      noise: noiseFor(settings, sun),
      gainError: gainError?.node2 ?? 0,
      resolution: ina219Resolution(sun.peak),
    },
  };
};
