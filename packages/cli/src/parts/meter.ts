/** The meters that settings and options can name. */
import {
  clientIdFor,
  createMqttMeter,
  createReplayMeter,
  createSerialMeter,
  createShellyMeter,
  createSimulatedMeter,
  createSysfsMeter,
  type Meter,
  type MqttTls,
} from '@daisee/meter';
import { type Clock, Seconds, Watts } from '@daisee/units';
import type {
  MeterSettings,
  MqttMeterSettings,
  ShellyMeterSettings,
  SysfsMeterSettings,
} from '../settings/meters.ts';
import { brokerPassword, certificates, shellyPassword } from '../settings/secrets.ts';

interface MeterContext {
  /** Of the sensor, for messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Of whoever reads: two programs that read the same device must not be one client to the broker. */
  readonly reader?: string;
  readonly onWarning?: (text: string) => void;
}

interface Secrets {
  readonly password?: string | undefined;
  readonly tls?: MqttTls | undefined;
}

/** What every driver takes. */
const common = ({ sign }: MeterSettings, { name, clock, onWarning }: MeterContext) => ({
  name,
  clock,
  ...(sign === undefined ? {} : { sign }),
  ...(onWarning ? { onWarning: (warning: { readonly message: string }) => onWarning(warning.message) } : {}),
});

/** What was set, without what was not. */
const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** @throws MqttSettingWrong */
export const mqttMeter = (
  settings: MqttMeterSettings,
  context: MeterContext,
  { password, tls }: Secrets = {},
): Meter => {
  const { url, username, topic, topics, qos, component, phase, availability, zone } = settings;
  const { invert, highestPower, repeatEvery, maxGap, silence, reports } = settings;
  const { name, reader } = context;
  const clientId = settings.clientId ?? (reader === undefined ? undefined : clientIdFor(`${name} ${reader}`));
  const timing = { repeatEvery, maxGap, silence, clientId };
  return createMqttMeter({
    ...common(settings, context),
    url,
    topics: (topics ?? (topic === undefined ? [] : [topic])).map((one) =>
      typeof one === 'string' ? one : { ...given(one), topic: one.topic },
    ),
    ...given({ user: username, password, tls, qos, component, phase, availability, zone, ...timing }),
    ...given({ invert, highestPower, reports }),
  });
};

const shellyMeter = (settings: ShellyMeterSettings, context: MeterContext, { password }: Secrets): Meter => {
  const { host, component, phase, period, timeout, invert, highestPower } = settings;
  return createShellyMeter({
    ...common(settings, context),
    host,
    ...given({ password, component, phase, period, timeout, invert, highestPower }),
  });
};

const sysfsMeter = (settings: SysfsMeterSettings, context: MeterContext): Meter => {
  const { bus, address, shunt, gauge, invert, period, every } = settings;
  return createSysfsMeter({
    ...common(settings, context),
    ...(bus === undefined && address === undefined ? {} : { sensor: given({ bus, address }) }),
    ...(gauge === undefined || gauge === false ? {} : { gauge: gauge === true ? {} : given(gauge) }),
    ...given({ shunt, invert, period, every }),
  });
};

/** The meter that settings describe; files with secrets and certificates are read here. */
export const meterFrom = (settings: MeterSettings, context: MeterContext): Meter => {
  switch (settings.driver) {
    case 'serial':
      return createSerialMeter({
        ...common(settings, context),
        path: settings.path,
        ...given({ baudRate: settings.baudRate, format: settings.format }),
      });
    case 'sysfs':
      return sysfsMeter(settings, context);
    case 'replay':
      return createReplayMeter({
        ...common(settings, context),
        file: settings.file,
        start: 'now',
        ...given({ loop: settings.loop }),
      });
    case 'simulated':
      return createSimulatedMeter({
        sign: 'load',
        ...common(settings, context),
        period: settings.period ?? Seconds(8),
        read: (at) => ({ at, power: Watts(settings.power) }),
      });
    case 'mqtt':
      return mqttMeter(settings, context, {
        password: brokerPassword(settings),
        tls: certificates(settings),
      });
    default:
      return shellyMeter(settings, context, { password: shellyPassword(settings) });
  }
};
