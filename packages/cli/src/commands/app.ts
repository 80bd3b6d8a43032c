import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AppOptions } from '@daisee/app';
import { createMonitorClient } from '@daisee/monitor';
import { systemClock } from '@daisee/units';
import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { lockApp } from '../lock/node-locks.ts';
import { hostNames, port } from '../options.ts';
import type { Output } from '../output.ts';
import { agentFiles, changeable, nodeLedger } from '../parts/agent.ts';
import { agentContacts, createAppAgent, type KnownAgent, remoteAgent } from '../parts/app-agent.ts';
import { openAppDoor, sourcesOf, startNodeApp } from '../parts/node-app.ts';
import { relayClient } from '../parts/relay-client.ts';
import { openWishes } from '../parts/wishes.ts';
import { readSettings } from '../settings/read.ts';
import type { NodeSettings, Settings } from '../settings/schema.ts';
import { accountPasswordIfAny, monitorPasswordNow, passwordInForce } from '../settings/secrets.ts';
import { need } from '../settings/translate.ts';
import { defaultKeystore, unlockAt } from './connect.ts';
import { type CommonOptions, service } from './run.ts';

interface AppCommandOptions extends CommonOptions {
  readonly config: string;
  readonly host?: string;
  readonly port?: number;
  readonly hosts?: readonly string[];
  readonly passwordFile?: string;
  readonly view?: boolean;
}

/**
 * The contacts of a consumer whose agent runs in another process. Over HTTP the relay is asked, which renews nothing. Over
 * the v0.2 protocol a reading may renew the lease of a dead agent's load, so they are what the agent read last.
 */
const relayOf = (
  node: NodeSettings,
  settings: Settings,
  agent: KnownAgent,
  { output, lifecycle }: { readonly output: Output; readonly lifecycle: Lifecycle },
): Pick<AppOptions, 'relay'> => {
  const sources = sourcesOf(node, settings.sellers);
  if (!settings.relay || sources.length === 0) return {};
  if (settings.relay.url !== undefined)
    return { relay: { contacts: relayClient(settings.relay, { output, lifecycle }).relay, sources } };
  return { relay: { contacts: agentContacts(agent), sources } };
};

export const appCommand = (): Command =>
  new Command('app')
    .description("Serve a node's App alone, for an agent that runs in another process of this machine.")
    .option('-c, --config <file>', 'settings of the node', 'parameters.yml')
    .option('--host <address>', 'address to listen on (app.host, else 127.0.0.1)')
    .option('--port <number>', 'port (app.port, else 8000 or a free one)', port)
    .option(
      '--hosts <names>',
      'names to answer to besides its own: of a proxy in front of it (app.hosts)',
      hostNames,
    )
    .option('--password-file <file>', 'file with the password of the App (else app.passwordFile)')
    .option('--view', 'let everybody look without a login; acting always needs one')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee app -c parameters.yml --port 8000')
    .action(
      service<AppCommandOptions>(async (options, output, lifecycle) => {
        const file = options.config;
        const settings = readSettings(file);
        const node = need(settings, file, 'node', 'it says whose App this is');
        const contracts = need(settings, file, 'contracts', 'it says where the chain and the contracts are');
        const clock = commandClock();
        // Before anything is opened: its history and its outbox have one writer.
        const lock = lockApp(node, systemClock.now(), lifecycle);
        const { directory, socket, wishes } = agentFiles(node);
        const password = accountPasswordIfAny(node);
        const signer =
          password === undefined
            ? undefined
            : await unlockAt(node.keystore ?? defaultKeystore(), node.address, password);
        const common = { settings, node, output, lifecycle };
        const door = await openAppDoor(common, {
          ...(options.host === undefined ? {} : { host: options.host }),
          ...(options.port === undefined ? {} : { port: options.port }),
          hosts: options.hosts,
          ...(options.passwordFile === undefined
            ? {}
            : { password: passwordInForce(options.passwordFile, output.note) }),
        });
        lock.tell({ url: door.front.url });
        if (!signer) output.note("Without the account's password the App can show, but not sign.");
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        const ledger = nodeLedger(contracts, {
          clock,
          // The agent has an outbox of its own: each follows what it sent.
          ...(signer ? { signer, outbox: join(directory, 'app-outbox.sqlite') } : {}),
          onEvent: (event) => output.note(event.message),
        });
        lifecycle.started({ name: 'the connection to the chain', stop: () => ledger.stop() });
        await ledger.start(lifecycle.signal);
        const known = await remoteAgent(socket, lifecycle);
        const agent = createAppAgent({
          clock,
          agent: known,
          wishes: openWishes(wishes),
          settings: await changeable(node, settings, file, ledger),
        });
        await startNodeApp(common, options.view ? { ...door, view: true } : door, {
          clock,
          ledger,
          agent,
          monitor: createMonitorClient({
            url: node.url,
            login: node.login,
            password: monitorPasswordNow(node, output.note),
            sensorId: node.id,
          }),
          ...relayOf(node, settings, known, common),
        });
        output.result(`App of ${node.address} on chain ${ledger.chainId}.`, {
          type: 'started',
          node: node.address,
          chainId: ledger.chainId,
          signs: signer !== undefined,
        });
      }),
    );
