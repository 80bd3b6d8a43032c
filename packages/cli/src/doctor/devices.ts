/** Checks of relays that live on devices: Shelly, Tasmota, ESPHome. Nothing is switched. */
import { deviceDriver } from '../parts/relay-driver.ts';
import type { DeviceSettings } from '../settings/relay.ts';
import type { Settings } from '../settings/schema.ts';
import { type Check, type Finding, failed, ok } from './check.ts';

const nameOf = (device: DeviceSettings): string =>
  `${device.driver} ${device.driver === 'shelly' ? device.host : device.topic}`;

/** Opens it as the board does, which looks at its settings, reads its contacts and lets go of it. */
const look = async (device: DeviceSettings): Promise<Finding> => {
  const driver = deviceDriver(device, () => false);
  try {
    await driver.open();
    const shown = await driver.read();
    const missing = [...shown.keys()].filter((channel) => shown[channel] === undefined);
    return missing.length > 0
      ? failed(`output ${missing.join(', ')} of ${nameOf(device)} gives no answer`, 'correct its outputs')
      : ok(`${nameOf(device)} answers; ${shown.map((on) => (on ? 'on' : 'off')).join(', ')}`);
  } finally {
    await driver.close();
  }
};

/** One check for each device of the board that this machine serves. */
export const deviceChecks = ({ relay }: Settings): readonly Check[] =>
  relay?.serve
    ? (relay.devices ?? []).map((device) => ({ name: 'relay device', look: () => look(device) }))
    : [];
