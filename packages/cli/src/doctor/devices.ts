/** Checks of relays that live on devices: Shelly, Tasmota, ESPHome. Nothing is switched and nothing is set. */
import { defaultWiring, type RelayDriver, type Wiring } from '@daisee/relay';
import { deviceDrivers, placesOf } from '../parts/relay-driver.ts';
import type { DeviceSettings } from '../settings/relay.ts';
import type { Settings } from '../settings/schema.ts';
import { wiringOf } from '../settings/translate.ts';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

const nameOf = (device: DeviceSettings): string =>
  `${device.driver} ${device.driver === 'shelly' ? device.host : device.topic}`;

/** Looks at its settings, reads its contacts and lets go of it. The board may hold it at the same time. */
const look = async (device: DeviceSettings, make: () => RelayDriver): Promise<Finding> => {
  const driver = make();
  try {
    // Where `open` sets something there is a way to look; that of the others only looks.
    const unset = (await driver.openToLook?.()) ?? [];
    if (!driver.openToLook) await driver.open();
    const shown = await driver.read();
    const missing = [...shown.keys()].filter((channel) => shown[channel] === undefined);
    if (missing.length > 0)
      return failed(
        `output ${missing.join(', ')} of ${nameOf(device)} gives no answer`,
        'correct its outputs',
      );
    const text = `${nameOf(device)} answers; ${shown.map((on) => (on ? 'on' : 'off')).join(', ')}`;
    return unset.length > 0
      ? warning(`${text}; ${unset.join(', ')}`, 'start the relay anew: it sets this when it starts')
      : ok(text);
  } finally {
    await driver.close();
  }
};

/**
 * Whether own source and sellers of a load fall together. An own source whose device alone loses its power closes at once,
 * and the seller's contact stays closed beside it until the board has seen that.
 */
const apart = (places: readonly (DeviceSettings | undefined)[], { loads }: Wiring): readonly Finding[] =>
  loads.flatMap(({ name, own, sellers }) =>
    sellers.flatMap((seller) => {
      const placed = (channels: readonly number[]) => [
        ...new Set(channels.map((channel) => places[channel])),
      ];
      const [at, other] = [placed(own), placed(seller.channels)];
      if (new Set([...at, ...other]).size < 2) return [];
      const named = (devices: typeof at) =>
        devices.map((device) => (device ? nameOf(device) : 'the pins')).join(', ');
      return warning(
        `${name} has its own source on ${named(at)} and ${seller.name} on ${named(other)}: where one alone loses its power, both may feed it until that is seen`,
        'put the contacts of one load on one device',
      );
    }),
  );

/** One check for each device of the board that this machine serves. */
export const deviceChecks = (settings: Settings): readonly Check[] => {
  const { relay } = settings;
  if (!relay?.serve) return [];
  const { driver, channels, pins } = relay;
  const contacts = {
    ...(driver ? { driver } : {}),
    ...(channels === undefined ? {} : { channels }),
    ...(pins ? { pins } : {}),
    ...(relay.devices ? { devices: relay.devices } : {}),
  };
  const wiring = wiringOf(settings);
  const places = placesOf(contacts);
  return [
    ...deviceDrivers(contacts, wiring).map(({ device, make }) => ({
      name: 'relay device',
      look: () => look(device, make),
    })),
    { name: 'relay wiring', look: async () => apart(places, wiring ?? defaultWiring(places.length)) },
  ];
};
