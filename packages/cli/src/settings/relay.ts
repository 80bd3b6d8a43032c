/** The section `relay`: where the board is, and what it consists of where this machine serves it. */
import { z } from 'zod';
import { broker, hosts, number, port, seconds, text, truth } from './fields.ts';

const list = <T extends z.ZodType>(shape: T, what: string) =>
  z.array(shape, { error: `needs a list of ${what}` }).min(1, `needs a list of ${what}`);

/** Channels that live on a device of their own, numbered after those of the board. */
const device = z.discriminatedUnion(
  'driver',
  [
    z.strictObject({
      driver: z.literal('shelly'),
      host: text('the address of the Shelly'),
      password: text('the password of its user admin').optional(),
      passwordFile: text('a file with the password of its user admin').optional(),
      outputs: list(
        number('the number of an output, from 0').int().min(0),
        'outputs, like [0, 1]',
      ).optional(),
      lease: seconds.optional(),
    }),
    z.strictObject({
      driver: z.literal('tasmota'),
      ...broker,
      topic: text('the Topic of the device'),
      fullTopic: text('the FullTopic of the device, like %prefix%/%topic%/').optional(),
      outputs: list(number('the number of a relay, from 1').int().min(1), 'relays, like [1, 2]').optional(),
      lease: seconds.optional(),
    }),
    z.strictObject({
      driver: z.literal('esphome'),
      ...broker,
      topic: text('the topic_prefix of the device'),
      outputs: list(text('the object id of a switch'), 'switches, like [relay_1]'),
      lease: seconds.optional(),
    }),
  ],
  { error: 'needs a driver: shelly, tasmota or esphome' },
);
export type DeviceSettings = z.output<typeof device>;

const channel = number('a relay channel (0, 1, 2 …)').int().min(0).max(63);
const channels = z.union([channel.transform((one) => [one]), z.array(channel).min(1)], {
  error: 'needs a relay channel or a list of them, like 0 or [0, 1]',
});
/** What hangs on the contacts, for a machine that serves the board of other nodes. */
const load = z.strictObject({
  own: channels,
  sellers: z.record(z.string(), channels, { error: 'needs sellers by name, like { neighbour: 1 }' }),
});

const http = z.strictObject({
  host: text('an address to listen on').optional(),
  port: port.optional(),
  hosts: hosts.optional(),
  tokens: text('a file that "daisee relay token" writes').optional(),
  cert: text('a file with the certificate (PEM)').optional(),
  key: text('a file with the key of the certificate (PEM)').optional(),
  lease: seconds.optional(),
});
export type RelayHttpSettings = z.output<typeof http>;

const shape = z.strictObject({
  /** With `url` its host, where it is not said. */
  host: text('the host of the relay').optional(),
  port: port.optional(),
  url: text('the url of the relay, like http://192.168.0.50:15556')
    .refine(
      (value) => /^https?:\/\//.test(value) && URL.canParse(value),
      'needs the url of the relay, like http://192.168.0.50:15556',
    )
    .optional(),
  token: text('a token of the relay').min(16, 'needs a token of 16 characters or more').optional(),
  tokenFile: text('a file with a token of the relay').optional(),
  ca: text("a file with the certificate of the relay's authority").optional(),
  /** The rest makes this machine serve the board, on the same port. */
  serve: truth.optional(),
  driver: z.enum(['simulated', 'gpio'], { error: "needs 'simulated' or 'gpio'" }).optional(),
  pins: list(number('a BCM pin').int().min(0).max(63), 'BCM pins, like [17, 18, 27, 22]').optional(),
  chip: text('the label or path of a GPIO chip').optional(),
  activeLow: truth.optional(),
  devices: list(device, 'devices').optional(),
  channels: number('a number of channels').int().min(1).max(64).optional(),
  allow: z.array(text('an address or a network, like 192.168.0.0/24')).optional(),
  breakTime: number('milliseconds').min(0).max(10_000).optional(),
  dwell: seconds.optional(),
  wiring: z.record(z.string(), load, { error: 'needs loads by name' }).optional(),
  lease: number('seconds (0: none)').min(0).optional(),
  data: text('a directory').optional(),
  http: http.optional(),
});

export const relay = shape.transform(({ host, ...rest }, context) => {
  const where = host ?? (rest.serve || rest.url === undefined ? undefined : new URL(rest.url).hostname);
  if (where !== undefined) return { ...rest, host: where };
  const message = rest.serve
    ? 'needs the address that the board is served on'
    : 'needs the host of the relay, or a url';
  context.issues.push({ code: 'custom', message, path: ['host'], input: host });
  return z.NEVER;
});
export type RelaySettings = z.output<typeof relay>;
