/** Brokers that keep what is published for a client that is away: aedes in this process, mosquitto where it is installed. */
import { hasMosquitto, startMosquitto } from '@daisee/fuzz';
import mqtt from 'mqtt';
import { startBroker } from './broker.ts';

interface KeepingBroker extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Until the next subscription stands. */
  subscribed(): Promise<void>;
  leave(): Promise<void>;
  /** With all that it kept. */
  comeBack(): Promise<void>;
}

const startAedes = async (): Promise<KeepingBroker> => {
  const broker = await startBroker();
  return {
    ...broker,
    subscribed: () => new Promise((resolve) => broker.aedes.once('subscribe', () => resolve())),
    comeBack: () => broker.comeBack(),
  };
};

export const keepingBrokers: readonly {
  readonly name: string;
  readonly start: () => Promise<KeepingBroker>;
}[] = [
  { name: 'aedes', start: startAedes },
  ...(hasMosquitto ? [{ name: 'mosquitto', start: () => startMosquitto({ keeps: true }) }] : []),
];

/** Publishes one after the other at QoS 1, as another client. */
export const publishTo = async (url: string, topic: string, payloads: readonly string[]): Promise<void> => {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
  for (const payload of payloads) await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
};
