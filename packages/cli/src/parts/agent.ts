/** The agent of a real node, as its settings describe it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Agent,
  type AgentEvent,
  consumerRules,
  createConsumer,
  createProducer,
  createStatusServer,
} from '@daisee/agent';
import type { NodeSettings as Changeable } from '@daisee/app';
import { connectLedger, type Ledger, type LedgerOptions, type Signer } from '@daisee/chain';
import { createMonitorClient } from '@daisee/monitor';
import { type Clock, DaiseeError, formatMicro, type Instant } from '@daisee/units';
import { defaultKeystore, unlockAt } from '../commands/connect.ts';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';
import { unsaidReport, writtenFolders } from '../settings/card.ts';
import { agentDirectory } from '../settings/places.ts';
import { SettingsError } from '../settings/problems.ts';
import type { ContractSettings, NodeSettings, Settings } from '../settings/schema.ts';
import { accountPassword, monitorPasswordNow } from '../settings/secrets.ts';
import { need } from '../settings/translate.ts';
import { agentContacts, createAppAgent, localAgent, steadyWishes } from './app-agent.ts';
import { createGauge } from './gauge.ts';
import { type NodeParts, sourcesOf } from './node-app.ts';
import { relayClient } from './relay-client.ts';
import { consumerWishes, openWishes, producerWishes } from './wishes.ts';

const GWEI = 1e9;
const inWei = (gwei: number): bigint => BigInt(Math.round(gwei * GWEI));

const feesOf = ({ gasPrice, maxFee, tip }: ContractSettings): Pick<LedgerOptions, 'fees'> => {
  if (gasPrice !== undefined) return { fees: { gasPrice: inWei(gasPrice) } };
  return maxFee === undefined ? {} : { fees: { maxFee: inWei(maxFee), tip: inWei(tip ?? 0) } };
};

const wh = (energy: bigint): string => `${formatMicro(energy)} Wh`;

/** An event of the agent in one line, or undefined when people need not hear of it. */
const lineOf = (event: AgentEvent, name: (address: string) => string): string | undefined => {
  switch (event.type) {
    case 'bought':
      return `block ${event.block}: bought ${wh(event.energy)} from ${name(event.seller)} for ${formatMicro(event.cost)} coins`;
    case 'settled':
      return `block ${event.block}: paid ${formatMicro(event.cost)} coins for ${wh(event.energy)} that it had used of ${name(event.seller)} and not bought`;
    case 'switched':
      return event.to === 'own'
        ? `back on its own source (${event.why})`
        : `now on the source of ${name(event.to)} (${event.why})`;
    case 'reported':
      return `block ${event.block}: register of ${event.origin ? `energy from ${name(event.origin)}` : 'production'} is ${wh(event.register)}`;
    case 'priced':
      return `block ${event.block}: sells at ${formatMicro(event.price)} coins per Wh`;
    case 'continued':
      return `goes on from the ledger's register of ${event.origin ? `energy from ${name(event.origin)}` : 'production'}, ${wh(event.register)}`;
    case 'gap':
      return `no samples from ${iso(event.from)} to ${iso(event.to)}: a gap, no energy`;
    case 'trouble':
      return event.message;
    case 'recovered':
      return `${event.area}: works again`;
    default:
      return undefined;
  }
};

const iso = (at: Instant): string => new Date(at).toISOString();

const record = (event: AgentEvent, node: string): Record<string, unknown> => {
  const { at, ...rest } = event;
  const values = Object.entries(rest).map(([key, value]) => [
    key,
    typeof value === 'bigint' ? formatMicro(value) : value instanceof Map ? Object.fromEntries(value) : value,
  ]);
  return { ...Object.fromEntries(values), node, time: iso(at) };
};

export interface AgentPartOptions {
  readonly settings: Settings;
  readonly file: string;
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
}

/** What a consumer's settings must say; `read.ts` has checked it. @throws SettingsError */
const consumerSettings = (node: NodeSettings, settings: Settings, file: string) => {
  const { limit, delta, channel } = node;
  const sellers = need(settings, file, 'sellers', 'a consumer needs at least one seller');
  if (limit === undefined || delta === undefined || !channel)
    throw new SettingsError(file, ['node: needs limit, delta and channel for a consumer']);
  return {
    limit,
    delta,
    channels: channel,
    fuelgauge: node.fuelgauge ?? true,
    sellers: Object.entries(sellers).map(([name, seller]) => ({
      name,
      account: seller.account,
      channels: seller.channel,
    })),
    ...(node.period ? { period: node.period } : {}),
    ...(node.report ? { report: node.report } : {}),
    ...(node.resume === undefined ? {} : { resume: node.resume }),
    ...(node.dwell ? { dwell: node.dwell } : {}),
    minStay: node.minStay,
    minPurchase: node.minPurchase,
    maxSwitches: node.maxSwitches,
    ...(node.priceCap === undefined ? {} : { priceCap: node.priceCap }),
    ...(node.budget === undefined ? {} : { budgetPerDay: node.budget }),
    ...(node.maxGap ? { maxGap: node.maxGap } : {}),
  };
};

/** What of the settings a person may change while the agent runs; a producer's price may be only on the ledger. */
export const changeable = async (
  node: NodeSettings,
  settings: Settings,
  file: string,
  ledger: Pick<Ledger, 'node'>,
): Promise<Changeable> => {
  if (node.type === 'P') return { price: formatMicro(node.price ?? (await ledger.node(node.address)).price) };
  const rules = consumerRules(consumerSettings(node, settings, file));
  return {
    limit: rules.limit,
    delta: formatMicro(rules.delta),
    // Without a gauge it does not return by its state of charge.
    ...(rules.fuelgauge ? { resume: rules.resume } : {}),
    priceCap: rules.priceCap === undefined ? null : formatMicro(rules.priceCap),
    budget: rules.budgetPerDay === undefined ? null : formatMicro(rules.budgetPerDay),
  };
};

/** The node's connection to its ledger. */
export const nodeLedger = (
  contracts: ContractSettings,
  options: Pick<LedgerOptions, 'clock' | 'onEvent'> & { readonly signer?: Signer; readonly outbox?: string },
): Ledger =>
  connectLedger({
    url: contracts.node,
    exchange: contracts.daisee,
    coin: contracts.token,
    settles: false,
    ...options,
    ...(contracts.chainId ? { chainId: contracts.chainId } : {}),
    ...feesOf(contracts),
  });

/** Files of an agent; wishes and socket are what an App in another process has of it. */
export const agentFiles = (node: NodeSettings) => {
  const directory = agentDirectory(node);
  return {
    directory,
    store: join(directory, 'agent.sqlite'),
    wishes: join(directory, 'wishes.json'),
    /** Where it answers those who ask how it is. */
    socket: join(directory, 'agent.sock'),
  };
};

/** The node as its settings have it, and where they leave its reports open, as often as what it writes to bears. */
const sparing = (node: NodeSettings, settings: Settings, output: Output): NodeSettings => {
  const report = node.report ?? unsaidReport(writtenFolders(node, settings));
  if (report !== undefined && node.report === undefined)
    output.line(
      `Reports each ${report / 60_000} min, because its data are on a memory card, which writing wears out; purchases and switches at once. (node.report sets it.)`,
    );
  return { ...node, ...(report ? { report } : {}) };
};

/**
 * Starts the agent of the node; it ends with the lifecycle, its relay at rest and its books complete.
 * @returns its connections, for the App of the node
 */
export const startAgent = async ({
  settings,
  file,
  clock,
  output,
  lifecycle,
}: AgentPartOptions): Promise<NodeParts> => {
  const node = sparing(need(settings, file, 'node', 'it says which node this is'), settings, output);
  const contracts = need(settings, file, 'contracts', 'it says where the chain and the contracts are');
  const { directory, store, wishes: wishesFile, socket } = agentFiles(node);
  const signer = await unlockAt(node.keystore ?? defaultKeystore(), node.address, accountPassword(node));
  mkdirSync(directory, { recursive: true, mode: 0o700 });

  const names = new Map(
    Object.entries(settings.sellers ?? {}).map(([name, { account }]) => [account as string, name]),
  );
  names.set(node.address, 'its own source');
  const name = (address: string) => names.get(address) ?? address;
  const ledger = nodeLedger(contracts, {
    clock,
    signer,
    outbox: join(directory, 'outbox.sqlite'),
    onEvent: (event) => output.note(event.message),
  });
  lifecycle.started({ name: 'the connection to the chain', stop: () => ledger.stop() });
  await ledger.start(lifecycle.signal);

  const monitor = createMonitorClient({
    url: node.url,
    login: node.login,
    password: monitorPasswordNow(node, output.note),
    sensorId: node.id,
  });
  const wishes = openWishes(wishesFile);
  const wished = steadyWishes(wishes, (error) => output.note(error.message));
  const mayChange = await changeable(node, settings, file, ledger);
  const common = {
    clock,
    ledger,
    monitor,
    store,
    onEvent: (event: AgentEvent) => {
      const line = lineOf(event, name);
      if (line) output.line(`${iso(event.at)} ${node.name ?? node.address.slice(0, 10)}: ${line}`);
      output.record(record(event, node.address));
    },
  };
  const relay =
    settings.relay &&
    relayClient(settings.relay, { output, lifecycle, ...(node.period ? { period: node.period } : {}) });
  const agent: Agent =
    node.type === 'C' && relay
      ? createConsumer({
          ...common,
          relay: relay.relay,
          wishes: () => consumerWishes(wished()),
          settings: consumerSettings(node, settings, file),
          ...(node.gauge ? { gauge: createGauge(node.gauge, clock) } : {}),
        })
      : createProducer({
          ...common,
          wishes: () => producerWishes(wished()),
          settings: {
            ...(node.price === undefined ? {} : { price: node.price }),
            ...(node.report ? { report: node.report } : {}),
            ...(node.maxGap ? { maxGap: node.maxGap } : {}),
          },
        });
  const status = createStatusServer(socket, agent);
  try {
    await status.start();
    lifecycle.started({ name: "the agent's socket", stop: () => status.stop() });
  } catch (error) {
    // It trades all the same; who asks at the socket is told that nobody answers.
    if (!(error instanceof DaiseeError)) throw error;
    output.note(error.message);
  }
  await agent.start();
  lifecycle.started({ name: 'the agent', stop: () => agent.stop() });
  output.result(
    `Agent of ${node.type === 'C' ? 'consumer' : 'producer'} ${node.address} on chain ${ledger.chainId}, monitor ${node.url}${relay ? `, relay ${relay.where}` : ''}.`,
    {
      type: 'started',
      node: node.address,
      kind: node.type,
      chainId: ledger.chainId,
    },
  );
  const sources = sourcesOf(node, settings.sellers);
  const known = localAgent(agent);
  return {
    clock,
    ledger,
    monitor,
    agent: createAppAgent({ clock, agent: known, wishes, settings: mayChange }),
    // The relay's HTTP is not asked beside the agent either: what the agent saw is what it acts by.
    ...(sources.length > 0 ? { relay: { contacts: agentContacts(known), sources } } : {}),
  };
};
