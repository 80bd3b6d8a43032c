/** What a lab tells while it runs: the story in lines for people, the same as records for programs. */
import { styleText } from 'node:util';
import type { Address, LedgerEvent } from '@daisee/chain';
import { type Duration, formatMicro, type Instant, Seconds, toWattHours } from '@daisee/units';
import type { Output } from '../output.ts';

export interface StoryOptions {
  readonly output: Output;
  readonly node1: Address;
  readonly node2: Address;
  readonly names: ReadonlyMap<string, string>;
  /** What Node 1 had bought of each seller before, µWh. */
  readonly purchased?: ReadonlyMap<string, bigint>;
}

const iso = (at: Instant): string => new Date(at).toISOString();
const clockTime = (at: Instant): string => iso(at).slice(11, 19);
const wh = (energy: bigint): string => toWattHours(energy).toFixed(3);

/** Key under which production is gathered, beside the origins of consumption. */
const PRODUCED = 'produced';

const paint = (style: 'dim' | 'green' | 'yellow' | 'red', text: string): string =>
  process.stdout.isTTY ? styleText(style, text) : text;

/** Lab time between two lines about plain consumption and production. */
const QUIET: Duration = Seconds(60);

export type Story = ReturnType<typeof createStory>;

/** Tells events with their block; people get the consumption of a while in one line, programs every report. */
export const createStory = (options: StoryOptions) => {
  const { output, names } = options;
  const name = (address: string): string => names.get(address) ?? `${address.slice(0, 8)}…`;
  const purchased = new Map<string, bigint>(options.purchased);
  let block = 0;
  let soc: number | undefined;
  const since = new Map<string, { energy: bigint; register: bigint; at: Instant }>();
  let lastQuiet = 0;

  const line = (at: Instant, text: string, style?: 'green' | 'yellow' | 'red') =>
    output.line(
      `${paint('dim', `#${String(block).padStart(5)}  ${clockTime(at)}`)}  ${style ? paint(style, text) : text}`,
    );
  const charge = () => (soc === undefined ? '' : `  [battery ${soc.toFixed(1)} %]`);

  const told = (origin: string, energy: bigint, register: bigint): string => {
    if (origin === PRODUCED)
      return `${name(options.node2)} produced ${wh(energy)} Wh (${wh(register)} in all)`;
    if (origin === options.node1)
      return `${name(options.node1)} consumed ${wh(energy)} Wh of its own energy (${wh(register)} in all)${charge()}`;
    const left = (purchased.get(origin) ?? 0n) - register;
    return `${name(options.node1)} consumed ${wh(energy)} Wh bought from ${name(origin)} (${wh(register)} in all, ${wh(left)} left)${charge()}`;
  };
  const flush = (at: Instant) => {
    for (const [origin, { energy, register }] of since) line(at, told(origin, energy, register));
    since.clear();
    lastQuiet = at;
  };
  const gather = (key: string, energy: bigint, register: bigint, at: Instant) => {
    since.set(key, { energy: (since.get(key)?.energy ?? 0n) + energy, register, at });
  };

  return {
    flush,
    event(event: LedgerEvent): void {
      if (event.type !== 'reverted') block = Math.max(block, event.block);
      switch (event.type) {
        case 'consumed':
          output.record({
            type: 'consumed',
            block: event.block,
            node: event.consumer,
            origin: event.origin,
            energyWh: formatMicro(event.energy),
            registerWh: formatMicro(event.register),
            time: iso(event.at),
          });
          gather(event.origin, event.energy, event.register, event.at);
          break;
        case 'produced':
          output.record({
            type: 'produced',
            block: event.block,
            node: event.node,
            energyWh: formatMicro(event.energy),
            registerWh: formatMicro(event.register),
            time: iso(event.at),
          });
          gather(PRODUCED, event.energy, event.register, event.at);
          break;
        case 'bought':
          flush(event.at);
          purchased.set(event.seller, (purchased.get(event.seller) ?? 0n) + event.energy);
          output.record({
            type: 'bought',
            block: event.block,
            buyer: event.buyer,
            seller: event.seller,
            energyWh: formatMicro(event.energy),
            cost: formatMicro(event.cost),
            time: iso(event.at),
          });
          line(
            event.at,
            `${name(event.buyer)} bought ${wh(event.energy)} Wh from ${name(event.seller)} for ${wh(event.cost)} coins`,
            'green',
          );
          break;
        case 'overdrawn':
          output.record({
            type: 'overdrawn',
            block: event.block,
            node: event.consumer,
            origin: event.origin,
            energyWh: formatMicro(event.energy),
            time: iso(event.at),
          });
          line(
            event.at,
            `${name(event.consumer)} drew ${wh(event.energy)} Wh more from ${name(event.origin)} than it had bought; the next purchase covers it`,
            'red',
          );
          break;
        default:
          break;
      }
      if (event.type !== 'reverted' && event.at - lastQuiet >= QUIET) flush(event.at);
    },
    soc(at: Instant, percent: number): void {
      soc = percent;
      output.record({ type: 'soc', block, node: options.node1, percent, time: iso(at) });
    },
    switched(at: Instant, channels: ReadonlyMap<number, boolean>, source: Address): void {
      flush(at);
      output.record({
        type: 'switched',
        block,
        node: options.node1,
        channels: Object.fromEntries(channels),
        source,
        time: iso(at),
      });
      const contacts = [...channels]
        .toSorted(([a], [b]) => a - b)
        .map(([channel, on]) => `${channel} ${on ? 'on' : 'off'}`)
        .join(', ');
      line(
        at,
        source === options.node1
          ? `the relay puts ${name(options.node1)} back on its own battery (contacts ${contacts})${charge()}`
          : `the relay puts ${name(options.node1)} on ${name(source)}'s source (contacts ${contacts})${charge()}`,
        'yellow',
      );
    },
    trouble(at: Instant, text: string): void {
      output.record({ type: 'trouble', block, message: text, time: iso(at) });
      line(at, text, 'red');
    },
    reached(number: number): void {
      block = Math.max(block, number);
    },
  };
};
