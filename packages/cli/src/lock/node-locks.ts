/** One agent for a node, and one App: the second that is started is refused before it touches anything. */
import { join } from 'node:path';
import { DaiseeError, type Instant } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import { agentDirectory } from '../settings/places.ts';
import type { ContractSettings, NodeSettings } from '../settings/schema.ts';
import { type Holder, type Lock, lockFile } from './file-lock.ts';
import { lockName } from './name-lock.ts';

const of = (holder: Holder | undefined): string =>
  holder
    ? `process ${holder.pid}, since ${new Date(holder.since).toISOString()}${holder['data'] === undefined ? '' : `, with its books in ${holder['data']}`}`
    : 'another process';

/** The node's agent runs already. */
class AgentRuns extends DaiseeError {
  constructor(account: string, holder: Holder | undefined) {
    super({
      code: 'cli.agent-runs',
      message: `The agent of ${account} runs on this machine already (${of(holder)}). Two would buy and switch for one node: stop that one first ("sudo systemctl stop daisee" where it is the service). Nothing was started.`,
      retryable: true,
      values: { account, ...holder },
    });
  }
}

/** The node's folder is another agent's. */
class FolderInUse extends DaiseeError {
  constructor(directory: string, holder: Holder | undefined) {
    super({
      code: 'cli.folder-in-use',
      message: `The folder ${directory} is in use by another agent (${of(holder)}). Give this node a folder of its own (node.data), or stop that one first. Nothing was started, and the files are in order: leave them where they are.`,
      retryable: true,
      values: { directory, ...holder },
    });
  }
}

/** The node's App is served already. */
class AppRuns extends DaiseeError {
  constructor(directory: string, holder: Holder | undefined) {
    const where = holder?.['url'] === undefined ? '' : ` at ${holder['url']}`;
    super({
      code: 'cli.app-runs',
      message: `The App of this node is served already${where} (${of(holder)}). Open that one, or stop it first ("app: false" in the settings keeps "daisee up" from serving it).`,
      retryable: true,
      values: { directory, ...holder },
    });
  }
}

/** The name of a node's agent on its machine. */
const agentName = (
  node: Pick<NodeSettings, 'address'>,
  contracts: Pick<ContractSettings, 'daisee'>,
): string => `agent ${node.address} ${contracts.daisee}`.toLowerCase();

const held = (lifecycle: Lifecycle, name: string, lock: Lock): Lock => {
  lifecycle.started({ name, stop: async () => lock.release() });
  return lock;
};

/**
 * Takes what one agent of this node has alone, until the lifecycle ends: its account on this machine and its folder.
 * @throws AgentRuns, FolderInUse
 */
export const lockAgent = async (
  node: NodeSettings,
  contracts: Pick<ContractSettings, 'daisee'>,
  now: Instant,
  lifecycle: Lifecycle,
): Promise<void> => {
  const data = agentDirectory(node);
  const name = await lockName(agentName(node, contracts), now);
  if ('holder' in name) throw new AgentRuns(node.address, name.holder);
  held(lifecycle, "the node's name on this machine", name).tell({ data });
  const folder = lockFile(join(data, 'agent.lock'), now);
  if ('holder' in folder) throw new FolderInUse(data, folder.holder);
  held(lifecycle, "the lock of the node's folder", folder);
};

/** Takes what one App of this node has alone: its history and its outbox. @throws AppRuns */
export const lockApp = (node: NodeSettings, now: Instant, lifecycle: Lifecycle): Lock => {
  const data = agentDirectory(node);
  const lock = lockFile(join(data, 'app.lock'), now);
  if ('holder' in lock) throw new AppRuns(data, lock.holder);
  return held(lifecycle, 'the lock of the App', lock);
};
