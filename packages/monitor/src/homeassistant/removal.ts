/** Takes a node's devices out of Home Assistant again. */
import { type BrokerMessage, brokerName, clientIdFor, openBroker, Warner } from '@daisee/meter';
import { type Clock, Duration, Seconds } from '@daisee/units';
import { availabilityTopic, topicsOf } from './discovery.ts';
import { BrokerAway } from './errors.ts';
import { connectionOf, type HomeAssistantBroker, placeOf } from './place.ts';

export interface RemovalOptions extends HomeAssistantBroker {
  readonly clock: Clock;
  /** How long the broker may take to be reached; 10 s by default. */
  readonly timeout?: Duration;
}

/** Retained messages come right after a subscription; nobody says which one is the last. */
const QUIET = Seconds(1);
const LOOK = Duration(50);

/**
 * Clears every retained message that the node left at the broker: Home Assistant forgets the devices of which the
 * discovery message is cleared ("publish an empty (retained) string payload to the discovery topic"). A monitor that
 * goes on publishing announces them again.
 * @returns how many devices there were
 * @throws BrokerAway when it is not reached or refuses; HomeAssistantSettingWrong, MqttSettingWrong
 */
export const removeFromHomeAssistant = async (options: RemovalOptions): Promise<number> => {
  const { clock, timeout = Seconds(10) } = options;
  const place = placeOf(options);
  const name = brokerName(options.url);
  const found = new Set<string>();
  const connection = { reached: false, heardAt: clock.now() };
  let trouble = `Home Assistant at ${name}: no answer within ${timeout / 1000} s.`;
  const hear = ({ topic, payload, retained, taken }: BrokerMessage): void => {
    connection.heardAt = clock.now();
    if (retained && payload.length > 0) found.add(topic);
    taken();
  };
  const begun = clock.now();
  const broker = await openBroker(
    connectionOf(options, clientIdFor(`${place.id} removal`)),
    { topics: topicsOf(place) },
    {
      connected: () => {
        connection.reached = true;
        connection.heardAt = clock.now();
      },
      lost: () => undefined,
      message: hear,
    },
    new Warner(`Home Assistant at ${name}`, ({ message }) => {
      trouble = message.replace(/ Trying again every .*$/, '');
    }),
  );
  try {
    while (!connection.reached && clock.now() - begun < timeout) await clock.sleep(LOOK);
    if (!connection.reached) throw new BrokerAway(name, trouble);
    while (clock.now() - connection.heardAt < QUIET) await clock.sleep(LOOK);
    for (const topic of found) broker.publish(topic, '', true);
    await broker.close({ topic: availabilityTopic(place), payload: '' });
  } catch (error) {
    await broker.close();
    throw error;
  }
  return [...found].filter((topic) => topic.endsWith('/config')).length;
};
