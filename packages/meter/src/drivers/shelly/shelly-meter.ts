import {
  type Clock,
  type DaiseeError,
  Duration,
  Instant,
  Seconds,
  sleepOrStop,
  untilNext,
  Watts,
} from '@daisee/units';
import type { Meter, Sample, SignRule } from '../../meter.ts';
import { type MeterWarning, Warner } from '../../warning.ts';
import { ShellyAnswer, ShellyRefused, ShellyUnreachable } from './errors.ts';
import { ShellyRpc } from './rpc.ts';
import { isFields, meteringComponent, type Phase, readShellyStatus, type ShellyReading } from './status.ts';

export interface ShellyMeterOptions {
  readonly name: string;
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  /** The password of its user `admin`, where it has one. */
  readonly password?: string;
  /** Which component measures (`em:0`, `em1:1`, `switch:0`, `pm1:0`…); found by itself where there is one. */
  readonly component?: string;
  /** One conductor of a three-phase meter; all together by default. */
  readonly phase?: Phase;
  readonly clock: Clock;
  /** `load` by default: consumption positive. */
  readonly sign?: SignRule;
  /** It counts the other way round: power changes its sign, its two counters their places. */
  readonly invert?: boolean;
  /** Time between two readings, which fall on its multiples from the epoch; 8 s by default. */
  readonly period?: Duration;
  /** How long it may take to answer, of the machine's time; 5 s by default. */
  readonly timeout?: Duration;
  /** A reading beyond it is garbage; 100 kW by default. */
  readonly highestPower?: Watts;
  readonly onWarning?: (warning: MeterWarning) => void;
}

interface Component {
  readonly key: string;
  /** The methods that give its power, and its counters where those are apart. */
  readonly methods: readonly string[];
  readonly id: number;
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  em: ['EM.GetStatus', 'EMData.GetStatus'],
  em1: ['EM1.GetStatus', 'EM1Data.GetStatus'],
  switch: ['Switch.GetStatus'],
  pm1: ['PM1.GetStatus'],
  cover: ['Cover.GetStatus'],
  light: ['Light.GetStatus'],
};

/** The pause after a refused login: asking more often mends nothing. */
const REFUSED_PAUSE = Seconds(60);

/** Askings in vain, one after the other, that make a device absent: one alone may be the network's. */
const ABSENT_AFTER = 2;

const componentOf = (key: string): Component | undefined => {
  const [kind = '', id = ''] = key.split(':');
  const methods = METHODS[kind];
  return methods && meteringComponent(key) === key ? { key, methods, id: Number(id) } : undefined;
};

const isExpected = (error: unknown): error is DaiseeError =>
  error instanceof ShellyUnreachable || error instanceof ShellyRefused || error instanceof ShellyAnswer;

/**
 * A Shelly of the second generation or later, asked over HTTP at each multiple of `period`.
 *
 * Sign: as Shelly has it, power from the grid positive; `invert` turns it round (a clamp on the wrong way, or a
 * producer on a `source` meter). A sample is as of when its answer came. It never throws out of `samples`: a device
 * that is away, slow, refuses or answers garbage is reported through `onWarning` (the 1st, 10th, 100th… time) and
 * asked again; the second time in a row it is absent, since its last answer.
 */
export const createShellyMeter = (options: ShellyMeterOptions): Meter => {
  const { name, host, clock, phase, sign = 'load', invert = false, password } = options;
  const { period = Seconds(8), timeout = Seconds(5), highestPower = Watts(1e5) } = options;
  const rpc = new ShellyRpc({ host, password, timeout });
  const warner = new Warner(`Meter ${name}`, options.onWarning);
  let found: Component | undefined;

  /** @throws ShellyAnswer when it does not have the component, or none or several that measure */
  const find = async (signal: AbortSignal | undefined): Promise<Component> => {
    const { component } = options;
    if (component !== undefined) {
      const named = componentOf(component);
      if (named) return named;
      throw new ShellyAnswer(
        host,
        component,
        'no method',
        `a component of ${Object.keys(METHODS).join(', ')}, like em:0`,
      );
    }
    const path = 'Shelly.GetStatus';
    const status = await rpc.call(path, undefined, signal);
    const measuring = Object.keys(status).filter((key) => {
      const state = status[key];
      return componentOf(key) && isFields(state) && readShellyStatus(state).power !== undefined;
    });
    const [only, ...more] = measuring.map(componentOf).filter((one) => one !== undefined);
    if (only && more.length === 0) return only;
    const got = only ? measuring.join(' and ') : 'nothing that measures';
    throw new ShellyAnswer(
      host,
      path,
      got,
      'one component that measures; name it as component (em:0, switch:1…)',
    );
  };

  const ask = async (signal: AbortSignal | undefined): Promise<Sample> => {
    found ??= await find(signal);
    const { methods, id } = found;
    const [powerMethod = '', counterMethod] = methods;
    const now = readShellyStatus(await rpc.call(powerMethod, id, signal), phase);
    const at = clock.now();
    const power = now.power;
    if (power === undefined || Math.abs(power) > highestPower)
      throw new ShellyAnswer(host, powerMethod, `${power ?? 'no'} W`, `a power of at most ${highestPower} W`);
    const counted = counterMethod === undefined ? now : await counters(counterMethod, id, signal);
    return sampleOf({ ...counted, power }, at);
  };

  /** Counters that a component does not give (an old firmware) are no reason to go without its power. */
  const counters = async (
    method: string,
    id: number,
    signal: AbortSignal | undefined,
  ): Promise<ShellyReading> => {
    try {
      return readShellyStatus(await rpc.call(method, id, signal), phase);
    } catch (error) {
      if (!(error instanceof ShellyAnswer)) throw error;
      warner.warn('garbage', `${error.message} Going on without its counters.`, 'counters');
      return {};
    }
  };

  const sampleOf = (reading: ShellyReading & { readonly power: number }, at: Sample['at']): Sample => {
    const { power, imported, exported } = reading;
    const [up, down] = invert ? [exported, imported] : [imported, exported];
    return {
      at,
      power: Watts(invert && power !== 0 ? -power : power),
      ...(up !== undefined && { counter: up }),
      ...(down !== undefined && sign === 'signed' && { exportedCounter: down }),
    };
  };

  const kindOf = (error: DaiseeError): MeterWarning['kind'] => {
    if (error instanceof ShellyUnreachable) return 'unreachable';
    return error instanceof ShellyRefused ? 'refused' : 'garbage';
  };

  return {
    name,
    sign,
    read: () => ask(undefined),
    async *samples(signal) {
      /** When it was known last; undefined while it is absent. */
      let known: Instant | undefined;
      let inVain = 0;
      while (!signal.aborted) {
        let pause = Duration(0);
        try {
          const sample = await ask(signal);
          warner.over('unreachable', 'refused');
          inVain = 0;
          known = sample.at;
          yield sample;
        } catch (error) {
          if (signal.aborted) return;
          if (!isExpected(error)) throw error;
          const again = error instanceof ShellyRefused ? REFUSED_PAUSE : period;
          if (error instanceof ShellyRefused) pause = REFUSED_PAUSE;
          const kind = kindOf(error);
          warner.warn(kind, `${error.message} Asking again in ${again / 1000} s.`);
          inVain += 1;
          if (inVain >= ABSENT_AFTER && known !== undefined) {
            yield { at: Instant(known + 1), absent: kind };
            known = undefined;
          }
        }
        const wait = untilNext(clock.now(), period);
        if (!(await sleepOrStop(clock, Duration(Math.max(wait, pause)), signal))) return;
      }
    },
  };
};
