/** Checks of what meters read: serial ports, brokers, Shellies, the kernel's sensors. */
import { type MqttTls, openBroker, Warner } from '@daisee/meter';
import { type Clock, formatMicro, Seconds } from '@daisee/units';
import { meterFrom } from '../parts/meter.ts';
import type { MeterSettings } from '../settings/meters.ts';
import type { Settings } from '../settings/schema.ts';
import { brokerPassword, certificates, homeAssistantPassword } from '../settings/secrets.ts';
import { type Check, type Finding, failed, ok } from './check.ts';
import { serialCheck } from './machine.ts';

/** How long a broker may take to say that a topic is not for this user, real ms. */
const SECOND_THOUGHTS = 500;

interface BrokerAccess {
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: MqttTls | undefined;
  readonly topics: readonly string[];
}

/** Connects, subscribes and goes away again; the broker keeps nothing of it. */
const broker = async (access: BrokerAccess, signal: AbortSignal): Promise<Finding> => {
  const { url, user, password, tls, topics } = access;
  const where = new URL(url).host;
  let decide: (finding: Finding) => void = () => {};
  const decided = new Promise<Finding>((resolve) => {
    decide = resolve;
  });
  const connected = (): void => {
    setTimeout(
      () => decide(ok(`the broker ${where} lets this in, and read ${topics.join(', ')}`)),
      SECOND_THOUGHTS,
    );
  };
  const warner = new Warner(`The broker ${where}`, ({ message }) =>
    decide(
      failed(
        message.replace(/ Trying again every .*$/, ''),
        'check its address, user and password in the settings, and that it runs',
      ),
    ),
  );
  const client = await openBroker(
    {
      url,
      clientId: `daisee-doctor-${process.pid}`,
      session: 'fresh',
      reconnectAfter: Seconds(60),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
    },
    { topics },
    { connected, lost: () => {}, message: ({ taken }) => taken() },
    warner,
  );
  signal.addEventListener('abort', () => decide(failed(`the broker ${where} did not answer`)), {
    once: true,
  });
  try {
    return await decided;
  } finally {
    await client.close();
  }
};

const meterCheck = (settings: MeterSettings, name: string, clock: Clock): Check => {
  if (settings.driver === 'serial') return serialCheck(settings.path, name);
  return {
    name,
    look: async (signal) => {
      if (settings.driver === 'mqtt') {
        const topics = [
          ...(settings.topics ?? []),
          ...(settings.topic === undefined ? [] : [settings.topic]),
        ];
        return broker(
          {
            url: settings.url,
            user: settings.username,
            password: brokerPassword(settings),
            tls: certificates(settings),
            topics: topics.map((topic) => (typeof topic === 'string' ? topic : topic.topic)),
          },
          signal,
        );
      }
      const meter = meterFrom(settings, { name, clock });
      if (!meter.read) return ok(`${settings.driver}: nothing to look at before it runs`);
      const { power, stateOfCharge } = await meter.read();
      const shows = `${settings.driver} shows ${formatMicro(BigInt(Math.round(power * 1e6)))} W`;
      if (settings.driver !== 'sysfs' || !settings.gauge) return ok(shows);
      return stateOfCharge === undefined
        ? failed(
            `${shows}; no fuel gauge answers on I²C`,
            'make the MAX17043 known (docs/hardware.md, "Sensors"), or set gauge: false',
          )
        : ok(`${shows}, ${stateOfCharge} % charged`);
    },
  };
};

/** One check for each meter, and one for the broker of Home Assistant. */
export const meterChecks = ({ monitor, homeAssistant }: Settings, clock: Clock): readonly Check[] => {
  const meters = monitor?.meters ?? (monitor?.meter ? [monitor.meter] : []);
  return [
    ...meters.map((meter, index) =>
      meterCheck(meter, meter.name ?? (meters.length > 1 ? `meter ${index + 1}` : 'meter'), clock),
    ),
    ...(homeAssistant
      ? [
          {
            name: 'Home Assistant',
            look: (signal: AbortSignal) =>
              broker(
                {
                  url: homeAssistant.url,
                  user: homeAssistant.username,
                  password: homeAssistantPassword(homeAssistant),
                  tls: certificates(homeAssistant),
                  topics: [`${homeAssistant.discoveryPrefix ?? 'homeassistant'}/status`],
                },
                signal,
              ),
          },
        ]
      : []),
  ];
};
