/** The kinds of values that sections of the settings share; each says what it needs. */
import { type Duration, type Energy, Watts, wattHours } from '@daisee/units';
import { z } from 'zod';
import { readDuration } from '../duration.ts';

export const text = (what: string) => z.string({ error: `needs ${what}` }).min(1, `needs ${what}`);
export const number = (what: string) => z.number({ error: `needs ${what}` });
export const truth = z.boolean({ error: 'needs true or false' });

export const port = number('a port number from 1 to 65535')
  .int()
  .min(1, 'needs a port number from 1 to 65535')
  .max(65535, 'needs a port number from 1 to 65535');

const HOST_NAME = 'needs names without port, like home.example';
const hostName = z
  .string({ error: HOST_NAME })
  .regex(/^[a-z\d_]([a-z\d_-]*[a-z\d])?(\.[a-z\d_]([a-z\d_-]*[a-z\d])?)*$/i, HOST_NAME);

/** Names that a server answers to besides its own: of a proxy in front of it. */
export const hosts = z.union([hostName.transform((one) => [one]), z.array(hostName).min(1, HOST_NAME)], {
  error: HOST_NAME,
});

const LENGTH = 'needs a length of time above zero: a number of seconds, or like 90s, 30m, 2h, 30d';

/** A number of seconds, or a text with a unit. */
export const seconds = z
  .union([z.number(), z.string()], { error: LENGTH })
  .transform((value, context): Duration => {
    const duration = readDuration(String(value));
    if (duration !== undefined) return duration;
    context.issues.push({ code: 'custom', message: LENGTH, input: value });
    return z.NEVER;
  });

/** More than a country uses in a day: what is above is a slip of the keyboard, and no amount of µWh. */
const MOST_WATT_HOURS = 1e12;

export const energy = number('an amount of energy in Wh')
  .positive('needs an amount of energy in Wh above zero')
  .max(MOST_WATT_HOURS, 'needs an amount of energy in Wh below 1,000,000,000,000')
  .transform((value): Energy => wattHours(value));

export const watts = number('a power in watts')
  .positive('needs a power in watts above zero')
  .transform((value): Watts => Watts(value));

/** Where a broker is; what its driver takes. */
const brokerUrl = text('the address of a broker, like mqtt://192.168.0.10:1883').refine(
  (value) => /^(mqtts?|wss?|tcp|ssl):\/\//.test(value) && URL.canParse(value) && new URL(value).host !== '',
  'needs the address of a broker, like mqtt://192.168.0.10:1883 or mqtts://broker.lan',
);

/** Keys of every connection to a broker: login, and certificates for `mqtts:` and `wss:` (files in PEM). */
export const broker = {
  url: brokerUrl,
  username: text('the user at the broker').optional(),
  password: text('the password at the broker').optional(),
  passwordFile: text('a file with the password at the broker').optional(),
  ca: text("a file with the certificate of the broker's authority").optional(),
  cert: text('a file with the certificate of this client').optional(),
  key: text('a file with the key of this client').optional(),
  servername: text("the name in the broker's certificate").optional(),
};
