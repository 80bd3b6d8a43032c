/** From the sections of the monitor and of Home Assistant to the options of the part. */
import type { HomeAssistantBroker } from '@daisee/monitor';
import type { MonitorPartOptions } from '../parts/monitor.ts';
import { machineIdentity } from './identity.ts';
import type { MeterSettings } from './meters.ts';
import type { HomeAssistantSettings, MonitorSettings } from './monitor.ts';
import { monitorDirectory } from './places.ts';
import type { Settings } from './schema.ts';
import { certificates, databaseUrl, homeAssistantPassword, monitorPassword, ownPassword } from './secrets.ts';

/** Home Assistant knows a node by it: the same after each restart, and no two nodes' the same. */
const identityOf = (address: string | undefined): string =>
  address === undefined ? machineIdentity() : `daisee-${address.toLowerCase()}`;

export const homeAssistantFrom = (settings: HomeAssistantSettings, address?: string): HomeAssistantBroker => {
  const { url, username, id, discoveryPrefix, statePrefix } = settings;
  const password = homeAssistantPassword(settings);
  const tls = certificates(settings);
  return {
    url,
    id: id ?? identityOf(address),
    ...(username === undefined ? {} : { user: username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    ...(discoveryPrefix === undefined ? {} : { discoveryPrefix }),
    ...(statePrefix === undefined ? {} : { statePrefix }),
  };
};

const metersOf = ({ meter, meters, name }: MonitorSettings): readonly MeterSettings[] => {
  if (meters) return meters;
  if (!meter) return [];
  return [name === undefined ? meter : { ...meter, name }];
};

const credentials = (monitor: MonitorSettings, node: Settings['node']) => {
  const { login } = monitor;
  if (login !== undefined)
    return {
      login,
      password: ownPassword({ ...monitor, login }),
      passwordFile: monitor.password === undefined ? monitor.passwordFile : undefined,
    };
  if (!node) return {};
  return {
    login: node.login,
    password: monitorPassword(node),
    passwordFile: node.password === undefined ? node.passwordFile : undefined,
  };
};

const retentionOf = ({ retention }: MonitorSettings): Pick<MonitorPartOptions, 'retention'> => {
  if (!retention) return {};
  const { minutes, quarters } = retention;
  return {
    retention: {
      ...(minutes === undefined ? {} : { minutesAfter: minutes }),
      ...(quarters === undefined ? {} : { quartersAfter: quarters }),
    },
  };
};

/** The monitor of a file's settings. */
export const monitorFrom = (
  monitor: MonitorSettings,
  { node, homeAssistant }: Pick<Settings, 'node' | 'homeAssistant'>,
): Omit<MonitorPartOptions, 'clock' | 'output' | 'lifecycle'> => ({
  host: monitor.host ?? '127.0.0.1',
  port: monitor.port ?? 8080,
  hosts: monitor.hosts,
  directory: monitorDirectory(monitor),
  meters: metersOf(monitor),
  ...(monitor.database === undefined ? {} : { database: databaseUrl(monitor.database, monitor) }),
  ...credentials(monitor, node),
  ...retentionOf(monitor),
  ...(monitor.maxGap === undefined ? {} : { maxGap: monitor.maxGap }),
  ...(monitor.holdFor === undefined ? {} : { holdFor: monitor.holdFor }),
  ...(homeAssistant ? { homeAssistant: homeAssistantFrom(homeAssistant, node?.address) } : {}),
});
