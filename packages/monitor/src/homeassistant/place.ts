/** What publishing and removing both need: where the broker is, and a place of one's own there. */
import type { MqttTls } from '@daisee/meter';
import { type Duration, Seconds } from '@daisee/units';
import type { Place } from './discovery.ts';
import { HomeAssistantSettingWrong } from './errors.ts';

export interface HomeAssistantBroker {
  /** The broker that Home Assistant listens to: `mqtt://host`, `mqtts://host`, `ws://…`, `wss://…`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: MqttTls;
  /** Of this node, unique at the broker: letters, digits, `_` and `-`. Home Assistant knows the devices by it. */
  readonly id: string;
  /** `homeassistant` by default, as in Home Assistant's own settings. */
  readonly discoveryPrefix?: string;
  /** Below which topics the values are published, `daisee` by default. */
  readonly statePrefix?: string;
  /** The pause before the broker is tried again (of the machine's time); 2 s by default. */
  readonly reconnectAfter?: Duration;
}

const topicLevels = (setting: string, prefix: string): string => {
  if (/^[^\s+#/]+(\/[^\s+#/]+)*$/.test(prefix)) return prefix;
  throw new HomeAssistantSettingWrong(setting, prefix, 'a topic like homeassistant, without +, # and spaces');
};

/** @throws HomeAssistantSettingWrong */
export const placeOf = ({
  id,
  discoveryPrefix = 'homeassistant',
  statePrefix = 'daisee',
}: HomeAssistantBroker): Place => {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(id))
    throw new HomeAssistantSettingWrong('id', id, 'up to 64 letters, digits, _ and -');
  return {
    id,
    discoveryPrefix: topicLevels('discoveryPrefix', discoveryPrefix),
    statePrefix: topicLevels('statePrefix', statePrefix),
  };
};

export const connectionOf = (
  { url, user, password, tls, reconnectAfter = Seconds(2) }: HomeAssistantBroker,
  clientId: string,
) => ({
  url,
  clientId,
  reconnectAfter,
  session: 'fresh' as const,
  ...(user !== undefined && { user }),
  ...(password !== undefined && { password }),
  ...(tls && { tls }),
});
