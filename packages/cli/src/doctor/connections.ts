/** Checks of what the settings connect to: chain, monitor, relay. */
import { connectLedger, type Ledger } from '@daisee/chain';
import { createMonitorClient, MonitorUnreachable } from '@daisee/monitor';
import {
  createRelayClient,
  createRelayHttpClient,
  RELAY_PORT,
  RelayLoginRefused,
  RelayUnreachable,
} from '@daisee/relay';
import { type Clock, formatMicro, type Instant, messageOf, Seconds } from '@daisee/units';
import type { RelaySettings } from '../settings/relay.ts';
import type { ContractSettings, NodeSettings, Settings } from '../settings/schema.ts';
import { certificateFrom, monitorPassword, relayToken } from '../settings/secrets.ts';
import { withoutLogin } from '../settings/shown.ts';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

/** Of one answer; a check asks several things and has to end within its own time. */
const PATIENCE = Seconds(4);
/** Differences between two clocks that do no harm. */
const CLOSE = 10_000;
/** A chain with blocks every few seconds that has none for so long has stopped. */
const STALE_BLOCK = 10 * 60_000;
const STALE_SAMPLE = 5 * 60_000;

const age = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
};

export const judgeBlock = (number: number, at: Instant, now: Instant): Finding => {
  const old = now - at;
  if (old < -CLOSE)
    return failed(
      `this machine's clock is ${age(-old)} behind the chain's latest block`,
      'set the clock: sudo timedatectl set-ntp true',
    );
  if (old > STALE_BLOCK)
    return warning(
      `the latest block, ${number}, is ${age(old)} old: the chain has stopped, or this clock is ahead`,
      'look at the chain and at this clock',
    );
  return ok(`block ${number}, ${age(Math.max(0, old))} old`);
};

/** Gas of the dearest thing that a node sends, a purchase by one call. */
const GAS = 150_000n;
const FEW = 1000n;

/** Whether an account can pay for what a node sends; wei, and wei a unit of gas. */
export const judgeGas = (
  { balance, price }: { readonly balance: bigint; readonly price: bigint },
  account: string,
): Finding => {
  if (price === 0n) return ok('transactions cost nothing on this chain');
  const left = balance / (price * GAS);
  const text = `${formatUnits(balance)} ether pay for ${left < FEW ? `${left}` : `${FEW} and more`} transactions at today's price`;
  const mend = `send some ether to ${account}`;
  if (left === 0n) return failed(text, mend);
  return left < FEW ? warning(text, mend) : ok(text);
};

/** Wei as ether with 6 decimals, rounded down. */
const formatUnits = (wei: bigint): string => formatMicro(wei / 10n ** 12n);

const accountFindings = async (ledger: Ledger, node: NodeSettings): Promise<readonly Finding[]> => {
  const registered = await ledger.node(node.address);
  const wanted = node.type === 'C' ? 'consumer' : 'producer';
  const findings: Finding[] = [];
  if (!registered.active)
    findings.push(
      failed(
        `${node.address} is not registered as a node`,
        `the community's admin runs "daisee node register --node ${node.address} --kind ${wanted}"`,
      ),
    );
  else if (registered.kind !== wanted && registered.kind !== 'prosumer')
    findings.push(
      failed(
        `${node.address} is registered as a ${registered.kind} and the settings call it a ${wanted}`,
        `correct node.type, or have it registered as a ${wanted}`,
      ),
    );
  else findings.push(ok(`${node.address} is registered as ${registered.kind}`));
  if (node.type === 'C') {
    const [balance, allowance] = await Promise.all([
      ledger.balance(node.address),
      ledger.coinAllowance(node.address),
    ]);
    const text = `${formatMicro(balance)} coins, ${formatMicro(allowance)} of them approved for the exchange`;
    findings.push(
      balance === 0n
        ? warning(text, `without coins it cannot buy: "daisee token transfer" or "mint" to ${node.address}`)
        : ok(text),
    );
  }
  findings.push(judgeGas(await ledger.gas(node.address), node.address));
  return findings;
};

export const chainCheck = (contracts: ContractSettings, settings: Settings, clock: Clock): Check => ({
  name: 'chain',
  look: async (signal) => {
    let waits = '';
    const ledger = connectLedger({
      url: contracts.node,
      exchange: contracts.daisee,
      coin: contracts.token,
      clock,
      timeout: PATIENCE,
      settles: false,
      ...(contracts.chainId ? { chainId: contracts.chainId } : {}),
      onEvent: (notice) => {
        // A node would wait for it; who asks now wants to hear it now.
        if (notice.type === 'waiting') {
          waits = notice.message;
          giveUp.abort();
        }
      },
    });
    const giveUp = new AbortController();
    try {
      await ledger.start(AbortSignal.any([signal, giveUp.signal]));
      const block = await ledger.block();
      return [
        ok(
          `${withoutLogin(contracts.node)} is chain ${ledger.chainId} with the contracts ${ledger.exchange} and ${ledger.coin}`,
        ),
        judgeBlock(block.number, block.at, clock.now()),
        ...(settings.node ? await accountFindings(ledger, settings.node) : []),
      ];
    } catch (error) {
      if (waits !== '' && !signal.aborted)
        return isOwn(contracts.node, settings.chain !== undefined)
          ? warning(
              `${withoutLogin(contracts.node)} does not answer: the chain of this machine does not run`,
              START,
            )
          : failed(
              waits.replace(/ Trying again\.$/, ''),
              'check contracts.node, the network, and that the client runs',
            );
      throw error;
    } finally {
      await ledger.stop();
    }
  },
});

const START = 'start it: "daisee up", or "sudo systemctl start daisee"';

/** Whether an address is of this machine, and of a part that the settings make it run. */
const isOwn = (url: string, runsHere: boolean): boolean =>
  runsHere && /^(localhost|127\.|\[?::1)/.test(new URL(url).hostname);

const judgeSample = (at: Instant | undefined, now: Instant, where: string): Finding => {
  if (at === undefined) return warning(`${where} has no samples yet`, 'look at its sensor');
  const old = now - at;
  if (old > STALE_SAMPLE)
    return warning(
      `the newest sample of ${where} is ${age(old)} old`,
      'look at the sensor and its cable or network',
    );
  return ok(`${where} answers; newest sample ${age(Math.max(0, old))} old`);
};

export const monitorCheck = (node: NodeSettings, settings: Settings, clock: Clock): Check => ({
  name: 'monitor',
  look: async () => {
    const client = createMonitorClient({
      url: node.url,
      login: node.login,
      password: monitorPassword(node),
      sensorId: node.id,
      timeout: PATIENCE,
    });
    try {
      const latest = await client.latest();
      const before = clock.now();
      const theirs = await client.time();
      const apart = Math.max(before - theirs, theirs - clock.now());
      return [
        judgeSample(latest?.at, clock.now(), `sensor ${node.id} of ${node.url}`),
        ...(apart > CLOSE
          ? [
              warning(
                `the clocks of the monitor and of this machine are ${age(apart)} apart`,
                'sudo timedatectl set-ntp true, on both',
              ),
            ]
          : []),
      ];
    } catch (error) {
      if (error instanceof MonitorUnreachable && isOwn(node.url, settings.monitor !== undefined))
        return warning(`${node.url} does not answer: the monitor of this machine does not run`, START);
      throw error;
    }
  },
});

const onOff = (states: ReadonlyMap<number, boolean>): string =>
  [...states].map(([channel, on]) => `${channel} ${on ? 'on' : 'off'}`).join(', ');

/** As the agent asks where `relay.url` is set: reads, and renews, which needs the right to switch and switches nothing. */
const overHttp = async (
  relay: RelaySettings,
  url: string,
  channels: readonly number[],
): Promise<readonly Finding[]> => {
  const token = relayToken(relay);
  const client = createRelayHttpClient({
    url,
    timeout: PATIENCE,
    ...(token === undefined ? {} : { token }),
    ...(relay.ca === undefined ? {} : { ca: certificateFrom(relay.ca) }),
  });
  try {
    const answers = ok(`${withoutLogin(url)} answers; contacts ${onOff(await client.read(channels))}`);
    try {
      await client.renew(channels);
      return [answers, ok('the token may switch')];
    } catch (error) {
      if (!(error instanceof RelayLoginRefused)) throw error;
      return [
        answers,
        failed(
          `the token may read and not switch: ${messageOf(error)}`,
          'on the relay\'s machine: "daisee relay token", with the scope switch',
        ),
      ];
    }
  } finally {
    client.close();
  }
};

/** By reading only, which switches nothing. */
export const relayCheck = (settings: Settings): Check => ({
  name: 'relay',
  look: async () => {
    const { relay, node, sellers } = settings;
    if (!relay) return [];
    const port = relay.port ?? RELAY_PORT;
    const client = createRelayClient({ host: relay.host, port, timeout: PATIENCE });
    const channels = [
      ...(node?.channel ?? [0]),
      ...Object.values(sellers ?? {}).flatMap((seller) => seller.channel),
    ];
    try {
      if (relay.url !== undefined) return await overHttp(relay, relay.url, channels);
      return ok(`${relay.host}:${port} answers; contacts ${onOff(await client.read(channels))}`);
    } catch (error) {
      if (error instanceof RelayUnreachable)
        return relay.serve
          ? warning(
              `${relay.url === undefined ? `${relay.host}:${port}` : withoutLogin(relay.url)} does not answer: the relay board of this machine does not run`,
              'start it: "daisee up", or "sudo systemctl start daisee-relay"',
            )
          : failed(
              messageOf(error),
              'check relay.host and relay.port, and that its allow list has this machine',
            );
      throw error;
    }
  },
});
