/**
 * What `parameters.yml` may say. The form of the v0.2 page is accepted as it is, in both of its spellings
 * (`read.ts` brings them to the one here); every key that v0.2 did not have is optional.
 */
import { type Address, BadAddress, toAddress } from '@daisee/chain';
import { type Coin, Percent, type Price, parseMicro } from '@daisee/units';
import { z } from 'zod';
import { app } from './app.ts';
import { energy, hosts, number, port, seconds, text, truth } from './fields.ts';
import { homeAssistant, monitor } from './monitor.ts';
import { relay } from './relay.ts';

const address = z
  .string({ error: 'needs an Ethereum address in quotes' })
  .transform((value, context): Address => {
    try {
      return toAddress(value);
    } catch (error) {
      if (!(error instanceof BadAddress)) throw error;
      const message = /^0x[0-9a-fA-F]{40}$/.test(value)
        ? 'has a wrong checksum: a letter was mistyped, or its case changed'
        : 'needs an Ethereum address: 0x and 40 hexadecimal digits, in quotes';
      context.issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    }
  });

const percent = number('a percentage from 0 to 100')
  .min(0, 'needs a percentage from 0 to 100')
  .max(100, 'needs a percentage from 0 to 100')
  .transform((value) => Percent(value));
const amount = (what: string) =>
  z
    .union([z.number(), z.string()], { error: `needs ${what}` })
    .refine((value) => /^\d+(\.\d{1,6})?$/.test(String(value)), `needs ${what} with at most 6 decimals`)
    .transform((value) => parseMicro(String(value)));
const price = amount('a price in coin per Wh').transform((value) => value as Price);
const coins = amount('an amount of coin').transform((value) => value as Coin);

const channel = number('a relay channel (0, 1, 2 …)')
  .int('needs a whole channel number')
  .min(0, 'needs a channel from 0')
  .max(63, 'needs a channel up to 63');
const channels = z.union([channel.transform((one) => [one]), z.array(channel).min(1)], {
  error: 'needs a relay channel or a list of them, like 0 or [0, 1]',
});

/** A bare host means v0.2's default port of the Ethereum client. */
const rpc = text('the url of an Ethereum client').transform((value, context) => {
  const url = /^https?:\/\//.test(value) ? value : `http://${/:\d+$/.test(value) ? value : `${value}:8545`}`;
  if (URL.canParse(url)) return url;
  context.issues.push({
    code: 'custom',
    message: 'needs the url of an Ethereum client, like http://192.168.0.10:8545',
    input: value,
  });
  return z.NEVER;
});
const url = text('a url')
  .refine(
    (value) => /^https?:\/\//.test(value) && URL.canParse(value),
    'needs a url, like http://192.168.0.10:8080',
  )
  .refine(
    (value) => !URL.canParse(value) || (new URL(value).username === '' && new URL(value).password === ''),
    'needs a url without login and password: these are node.login and node.passwordFile',
  );

const contracts = z.strictObject({
  daisee: address,
  token: address,
  node: rpc,
  chainId: number('a chain id').int().positive().optional(),
  gasPrice: number('a gas price in gwei').min(0).optional(),
  maxFee: number('a fee per gas in gwei').min(0).optional(),
  tip: number('a tip per gas in gwei').min(0).optional(),
});

const SWITCHES = 'a number of switches an hour';
/** There and back are two. */
const SWITCHES_NEEDED = `needs ${SWITCHES}, from 2 to 3600`;

const node = z.strictObject({
  address,
  type: z.enum(['C', 'P'], { error: "needs 'C' (consumer) or 'P' (producer)" }),
  name: text('a name').optional(),
  accountpswd: text('the password of the account').optional(),
  accountpswdFile: text('a file with the password of the account').optional(),
  keystore: text('a key file or a directory of key files').optional(),
  data: text('a directory').optional(),
  url,
  id: number('the number of the sensor').int().positive(),
  login: text('the login of the monitor'),
  password: text('the password of the monitor').optional(),
  passwordFile: text('a file with the password of the monitor').optional(),
  limit: number('a threshold').min(0, 'needs a threshold of zero or more').optional(),
  delta: energy.optional(),
  resume: percent.optional(),
  channel: channels.optional(),
  fuelgauge: truth.optional(),
  gauge: text('the file that the fuel gauge is written to').optional(),
  period: seconds.optional(),
  report: seconds.optional(),
  dwell: seconds.optional(),
  minStay: seconds.optional(),
  minPurchase: energy.optional(),
  maxSwitches: number(SWITCHES)
    .int(SWITCHES_NEEDED)
    .min(2, SWITCHES_NEEDED)
    .max(3600, SWITCHES_NEEDED)
    .optional(),
  maxGap: seconds.optional(),
  price: price.optional(),
  priceCap: price.optional(),
  budget: coins.optional(),
});

const seller = z.strictObject({ account: address, channel: channels });

const chain = z.strictObject({
  port: port.optional(),
  hosts: hosts.optional(),
  data: text('a directory').optional(),
  blockTime: seconds.optional(),
});

export const settingsSchema = z.strictObject({
  contracts: contracts.optional(),
  node: node.optional(),
  sellers: z.record(z.string(), seller).optional(),
  relay: relay.optional(),
  monitor: monitor.optional(),
  homeAssistant: homeAssistant.optional(),
  chain: chain.optional(),
  app: app.optional(),
});

export type Settings = z.output<typeof settingsSchema>;
export type NodeSettings = NonNullable<Settings['node']>;
export type ContractSettings = NonNullable<Settings['contracts']>;
