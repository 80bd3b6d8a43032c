/** What settings say of the monitor and of publishing to Home Assistant. */
import { z } from 'zod';
import { broker, hosts, port, seconds, text } from './fields.ts';
import { meter } from './meters.ts';

export const monitor = z.strictObject({
  host: text('a host to listen on').optional(),
  port: port.optional(),
  hosts: hosts.optional(),
  data: text('a directory').optional(),
  /** Instead of `data`. */
  database: text('the address of a PostgreSQL database')
    .refine(
      (value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value),
      'needs the address of a PostgreSQL database, like postgres://daisee@db.lan/daisee',
    )
    .optional(),
  databasePassword: text('the password of the database').optional(),
  databasePasswordFile: text('a file with the password of the database').optional(),
  /** What clients log in with; `node.login` and its password unless they are here. */
  login: text('the login of the monitor').optional(),
  password: text('the password of the monitor').optional(),
  passwordFile: text('a file with the password of the monitor').optional(),
  name: text('the name of the sensor').optional(),
  meter: meter.optional(),
  meters: z.array(meter, { error: 'needs a list of meters' }).min(1, 'needs at least one meter').optional(),
  maxGap: seconds.optional(),
  /** How long samples of its meters may be in memory only; false: each is written by itself. */
  holdFor: z.union([z.literal(false), seconds]).optional(),
  retention: z
    .strictObject({
      /** Samples older than this become one a minute. */
      minutes: seconds.optional(),
      /** Samples older than this become one a quarter of an hour. */
      quarters: seconds.optional(),
    })
    .optional(),
});

const prefix = text('a topic').refine(
  (value) => /^[^\s+#/]+(\/[^\s+#/]+)*$/.test(value),
  'needs a topic like homeassistant, without +, # and spaces',
);

export const homeAssistant = z.strictObject({
  ...broker,
  id: text('an identity')
    .refine((value) => /^[a-zA-Z0-9_-]{1,64}$/.test(value), 'needs up to 64 letters, digits, _ and -')
    .optional(),
  discoveryPrefix: prefix.optional(),
  statePrefix: prefix.optional(),
});

export type MonitorSettings = z.output<typeof monitor>;
export type HomeAssistantSettings = z.output<typeof homeAssistant>;
