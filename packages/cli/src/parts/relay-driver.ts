/** What carries the contacts of a board: simulated ones or pins, and devices of their own after them. */
import {
  createCompositeDriver,
  createEsphomeDriver,
  createGpioDriver,
  createShellyDriver,
  createSimulatedDriver,
  createTasmotaDriver,
  defaultWiring,
  ownLease,
  type RelayDriver,
  type Wiring,
} from '@daisee/relay';
import { type Duration, Seconds } from '@daisee/units';
import type { DeviceSettings } from '../settings/relay.ts';
import { brokerPassword, certificates, shellyPassword } from '../settings/secrets.ts';

export interface DriverOptions {
  /** `simulated` by default, unless there are devices: then none. */
  readonly driver?: 'simulated' | 'gpio';
  readonly channels?: number;
  readonly pins?: readonly number[];
  readonly chip?: string;
  readonly activeLow?: boolean;
  readonly devices?: readonly DeviceSettings[];
  readonly breakTime?: Duration;
}

const CHANNELS = 4;
const LEASE = Seconds(60);
const TIMEOUT = Seconds(2);

const outputCount = (device: DeviceSettings): number => device.outputs?.length ?? 1;

type Contacts = Pick<DriverOptions, 'driver' | 'channels' | 'pins' | 'devices'>;

const carrier = ({ driver, devices }: Contacts) => driver ?? (devices ? undefined : 'simulated');

/** Channels before those of the devices: pins, simulated ones. */
const localCount = (options: Contacts): number => {
  const { pins, channels = CHANNELS } = options;
  const driver = carrier(options);
  return driver === 'gpio' ? (pins?.length ?? CHANNELS) : driver ? channels : 0;
};

/** Contacts of own sources: those of the wiring, or the board's own choice where nobody says. */
const ownContacts = (options: Contacts, wiring: Wiring | undefined): ReadonlySet<number> => {
  const { devices = [] } = options;
  const count = localCount(options) + devices.reduce((sum, device) => sum + outputCount(device), 0);
  const { loads } = wiring ?? defaultWiring(count);
  return new Set(loads.flatMap((load) => load.own));
};

/** Those of them that are on pins. Whoever brings pins to rest alone must know them: they close last. */
export const ownPins = (options: Contacts, wiring: Wiring | undefined): readonly number[] =>
  [...ownContacts(options, wiring)].filter((channel) => channel < (options.pins?.length ?? CHANNELS));

/** A device's driver. Own sources close last when everything is lost: their lease is the longer one. */
const deviceDriver = (device: DeviceSettings, isOwn: (channel: number) => boolean): RelayDriver => {
  const sellers = device.lease ?? LEASE;
  const leaseOf = (channel: number): Duration => (isOwn(channel) ? ownLease(sellers, TIMEOUT) : sellers);
  if (device.driver === 'shelly') {
    const password = shellyPassword(device);
    return createShellyDriver({
      host: device.host,
      timeout: TIMEOUT,
      ...(password === undefined ? {} : { password }),
      outputs: (device.outputs ?? [0]).map((id, channel) => ({ id, lease: leaseOf(channel) })),
    });
  }
  const password = brokerPassword(device);
  const common = {
    url: device.url,
    topic: device.topic,
    timeout: TIMEOUT,
    ...(device.username === undefined ? {} : { user: device.username }),
    ...(password === undefined ? {} : { password }),
    ...certificates(device),
  };
  if (device.driver === 'tasmota')
    return createTasmotaDriver({
      ...common,
      ...(device.fullTopic === undefined ? {} : { fullTopic: device.fullTopic }),
      outputs: (device.outputs ?? [1]).map((number, channel) => ({ number, lease: leaseOf(channel) })),
    });
  return createEsphomeDriver({
    ...common,
    // Its own configuration has to keep the lease, so only one that is named is there.
    outputs: device.outputs.map((name, channel) => ({
      name,
      ...(device.lease === undefined ? {} : { lease: leaseOf(channel) }),
    })),
  });
};

/** How to make the driver of each device, with the leases that its contacts have on this board. */
export const deviceDrivers = (
  options: Contacts,
  wiring: Wiring | undefined,
): readonly { readonly device: DeviceSettings; readonly make: () => RelayDriver }[] => {
  const own = ownContacts(options, wiring);
  let first = localCount(options);
  return (options.devices ?? []).map((device) => {
    const start = first;
    const outputs = outputCount(device);
    first += outputs;
    return {
      device,
      make: () => deviceDriver(device, (channel) => channel < outputs && own.has(start + channel)),
    };
  });
};

/** What carries each channel: a device, or undefined for this machine's own pins. */
export const placesOf = (options: Contacts): readonly (DeviceSettings | undefined)[] => [
  ...Array.from<undefined>({ length: localCount(options) }),
  ...(options.devices ?? []).flatMap((device) =>
    Array.from<DeviceSettings>({ length: outputCount(device) }).fill(device),
  ),
];

/** How the contacts are called in a line for people: `simulated, 4 channels`. */
export interface NamedDriver {
  readonly driver: RelayDriver;
  readonly name: string;
}

export const relayDriver = (options: DriverOptions, wiring: Wiring | undefined): NamedDriver => {
  const { pins, chip, activeLow, devices = [] } = options;
  const driver = carrier(options);
  const drivers: RelayDriver[] = [];
  if (driver === 'simulated') drivers.push(createSimulatedDriver({ channels: options.channels ?? CHANNELS }));
  if (driver === 'gpio')
    drivers.push(
      createGpioDriver({
        ...(pins ? { pins } : {}),
        ...(chip === undefined ? {} : { chip }),
        ...(activeLow === undefined ? {} : { activeLow }),
        ...(options.breakTime === undefined ? {} : { breakTime: options.breakTime }),
        own: ownPins(options, wiring),
      }),
    );
  drivers.push(...deviceDrivers(options, wiring).map(({ make }) => make()));
  const names = [...(driver ? [driver] : []), ...devices.map((device) => device.driver)];
  const [only] = drivers;
  const joined = only && drivers.length === 1 ? only : createCompositeDriver(drivers);
  return { driver: joined, name: `${names.join(' and ')}, ${joined.channels} channels` };
};
