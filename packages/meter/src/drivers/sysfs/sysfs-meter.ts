import {
  type Clock,
  type Duration,
  Instant,
  Percent,
  Seconds,
  sleepOrStop,
  untilNext,
  Watts,
} from '@daisee/units';
import type { Meter, Sample, SignRule } from '../../meter.ts';
import { type MeterWarning, Warner } from '../../warning.ts';
import { isSensorError, SensorUnclear, warningKind } from './errors.ts';
import {
  FUEL_GAUGE,
  findSensor,
  type I2cPlace,
  POWER_SENSOR,
  type PowerReading,
  readGauge,
  readPower,
  type Sensor,
  type SensorKind,
} from './sensors.ts';

export interface SysfsMeterOptions {
  readonly name: string;
  readonly clock: Clock;
  /** `load` by default. */
  readonly sign?: SignRule;
  /** Which INA219, where there are several. */
  readonly sensor?: I2cPlace;
  /** The resistance of its shunt in ohms, above 0; 0.1 by default, as on the common boards. */
  readonly shunt?: number;
  /** The current counts the other way round: IN+ and IN- are wired the wrong way. */
  readonly invert?: boolean;
  /** Reads a MAX17043 too, and which (`{}`: the only one); without it no gauge is looked for. */
  readonly gauge?: I2cPlace;
  /** Time between two samples, which fall on its multiples from the epoch; 8 s by default. */
  readonly period?: Duration;
  /** Time between two readings; 1 s by default. A sample is the mean of its readings. */
  readonly every?: Duration;
  /** Where the kernel's files are: `/sys` by default, another directory in tests. */
  readonly root?: string;
  readonly onWarning?: (warning: MeterWarning) => void;
}

/** A sensor that comes and goes: looked for again when it is gone. */
class Attached<T> {
  readonly #find: () => Promise<Sensor>;
  readonly #read: (sensor: Sensor) => Promise<T>;
  #sensor: Sensor | undefined;
  /** The last reading came. */
  answered = false;

  constructor(find: () => Promise<Sensor>, read: (sensor: Sensor) => Promise<T>) {
    this.#find = find;
    this.#read = read;
  }

  /** @throws SensorMissing, SensorUnclear, SensorUnreadable, SensorGarbage */
  async read(): Promise<T> {
    try {
      this.#sensor ??= await this.#find();
      const reading = await this.#read(this.#sensor);
      this.answered = true;
      return reading;
    } catch (error) {
      this.#sensor = undefined;
      throw error;
    }
  }
}

/** One reading, when it was taken. */
interface Taken extends PowerReading {
  readonly at: Instant;
}

/**
 * A meter on the sensors of a Raspberry Pi: an INA219 for the power and, where `gauge` is set, a MAX17043 for the state
 * of charge, both served by the kernel's own drivers as files under `/sys`. It needs no rights.
 *
 * Power changes faster than samples are stored, and one conversion of the chip covers half a millisecond. So the
 * INA219 is read `every` second and a sample is the mean of the readings since the last one, as of the last of them;
 * the integral of the samples is that of the readings, half a period late.
 *
 * Sign: positive while current flows from IN+ to IN-; `invert` turns it round. `voltage` is that of the gauge's cell,
 * or of the line at IN- where there is no gauge.
 *
 * It never throws out of `samples`: a sensor that is missing, goes away or shows garbage is reported through
 * `onWarning` (the 1st, 10th, 100th… time) and looked for at the next reading. Without a power in a whole period there is
 * no sample, and the meter is absent since its last reading; without a gauge there is one without a state of charge.
 */
export const createSysfsMeter = (options: SysfsMeterOptions): Meter => {
  const { name, clock, sensor = {}, shunt = 0.1, gauge, invert = false, root = '/sys' } = options;
  const { period = Seconds(8), every = Seconds(1), onWarning } = options;
  const powerWarner = new Warner(`Meter ${name}`, onWarning);
  const gaugeWarner = new Warner(`Meter ${name}, fuel gauge`, onWarning);
  const finder = (kind: SensorKind, place: I2cPlace) => () => findSensor(root, kind, place);
  const power = new Attached(finder(POWER_SENSOR, sensor), (found) => readPower(found, shunt));
  const fuel = gauge && new Attached(finder(FUEL_GAUGE, gauge), readGauge);
  let taken: Taken[] = [];

  /** A reading, or undefined after a warning. */
  const tryTo = async <T>(from: Attached<T>, warner: Warner, then: string): Promise<T | undefined> => {
    try {
      const reading = await from.read();
      warner.over('unreachable', 'lost', 'refused', 'unclear', 'garbage');
      return reading;
    } catch (error) {
      if (!isSensorError(error)) throw error;
      const kind = warningKind(error, from.answered);
      from.answered = false;
      warner.warn(kind, error instanceof SensorUnclear ? error.message : `${error.message} ${then}`);
      return undefined;
    }
  };

  const take = (reading: PowerReading): Taken => {
    const now = { ...reading, at: clock.now() };
    taken.push(now);
    if (!reading.overload) powerWarner.over('overload');
    else
      powerWarner.warn(
        'overload',
        `the current is beyond what the sensor measures with a shunt of ${shunt} ohms: more power flows than is counted. Use a smaller shunt.`,
      );
    return now;
  };

  const gaugeFields = async (): Promise<Pick<Sample, 'stateOfCharge' | 'voltage'>> => {
    if (!fuel) return {};
    const reading = await tryTo(fuel, gaugeWarner, 'Going on without it.');
    if (!reading) return {};
    return { stateOfCharge: Percent(Math.min(100, reading.stateOfCharge)), voltage: reading.voltage };
  };

  /** The mean of the readings since the last sample, `last` the latest of them. */
  const sampleOf = async (last: Taken): Promise<Sample> => {
    const readings = taken;
    taken = [];
    const mean = readings.reduce((sum, reading) => sum + reading.power, 0) / readings.length;
    return {
      at: last.at,
      power: Watts(invert && mean !== 0 ? -mean : mean),
      ...(!fuel && { voltage: last.busVoltage }),
      ...(await gaugeFields()),
    };
  };

  return {
    name,
    sign: options.sign ?? 'load',
    read: async () => {
      // What was read since the last sample counts too, unless it is of an earlier run.
      taken = taken.filter(({ at }) => Math.abs(clock.now() - at) <= period);
      return await sampleOf(take(await power.read()));
    },
    async *samples(signal) {
      taken = [];
      let due = Instant(0);
      /** When the power was known last; undefined while the meter is absent. */
      let known: Instant | undefined;
      while (!signal.aborted) {
        const reading = await tryTo(power, powerWarner, `Trying again in ${every / 1000} s.`);
        if (reading) take(reading);
        const now = clock.now();
        // After a step of the clock backward the next sample would be far off.
        if (now >= due || due - now > period) {
          due = Instant(now + untilNext(now, period));
          const last = taken.at(-1);
          if (last) yield await sampleOf(last);
          else if (known !== undefined) yield { at: Instant(known + 1), absent: 'no reading' };
          known = last?.at;
        }
        if (!(await sleepOrStop(clock, untilNext(clock.now(), every), signal))) return;
      }
    },
  };
};
