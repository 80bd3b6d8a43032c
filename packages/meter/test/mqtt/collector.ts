/** What collects from a meter in the background. */
import { Duration, systemClock } from '@daisee/units';
import {
  type Absence,
  createMqttMeter,
  isAbsence,
  type MeterWarning,
  type MqttMeterOptions,
  type Sample,
} from '../../src/index.ts';

export const POWER = 'house/sensor/power/state';
export const moment = () => systemClock.sleep(Duration(5));

/** Collects from a meter in the background until stopped. */
export const collector = (options: Partial<MqttMeterOptions> & Pick<MqttMeterOptions, 'url'>) => {
  const samples: Sample[] = [];
  const absences: Absence[] = [];
  const warnings: MeterWarning[] = [];
  const stop = new AbortController();
  const meter = createMqttMeter({
    name: 'Node 1',
    topics: [POWER],
    clock: systemClock,
    reconnectAfter: Duration(20),
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  const running = (async () => {
    for await (const told of meter.samples(stop.signal))
      if (isAbsence(told)) absences.push(told);
      else samples.push(told);
  })();
  const until = async (condition: () => boolean) => {
    while (!condition()) await moment();
  };
  return {
    samples,
    absences,
    warnings,
    until,
    powers: () => samples.map((sample) => sample.power),
    kinds: () => warnings.map((warning) => warning.kind),
    count: (wanted: number) => until(() => samples.length >= wanted),
    warned: (kind: MeterWarning['kind']) => until(() => warnings.some((warning) => warning.kind === kind)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
};
