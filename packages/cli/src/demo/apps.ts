/** An App for each node of the lab, on loopback. */
import { AppListen, type AppOptions, builtPage, type Front } from '@daisee/app';
import type { Lifecycle } from '../lifecycle.ts';
import { startApp, startFront } from '../parts/app.ts';
import type { LabDirectory } from './directory.ts';
import type { Lab } from './lab.ts';

/** The addresses of the lab's Apps, and who acts there. */
export interface LabFronts {
  readonly node1: Front;
  readonly node2: Front;
  /** Who acts in the Apps logs in with it. */
  readonly password: string;
}

export interface LabFrontsOptions {
  readonly directory: LabDirectory;
  /** Of Node 1's App; Node 2's is the next one. Where it is taken, any free one. */
  readonly port: number;
  readonly hosts?: readonly string[] | undefined;
  readonly lifecycle: Lifecycle;
}

/** Opens the addresses before there is a lab, and has the page built meanwhile where it is not yet. */
export const openLabFronts = async ({
  directory,
  port,
  hosts,
  lifecycle,
}: LabFrontsOptions): Promise<LabFronts> => {
  // What fails here fails again when the Apps start, and is told then.
  builtPage().catch(() => undefined);
  const open = async (wanted: number): Promise<Front> => {
    try {
      return await startFront({ port: wanted, hosts, lifecycle });
    } catch (error) {
      if (!(error instanceof AppListen && error.retryable)) throw error;
      return await startFront({ port: 0, hosts, lifecycle });
    }
  };
  const node1 = await open(port);
  const node2 = await open(port === 0 ? 0 : port + 1);
  for (const front of [node1, node2])
    front.awaits(
      'The lab is being set up: two nodes with batteries, a relay between them, a chain for the books.',
    );
  return { node1, node2, password: directory.password('app') };
};

export interface LabAppsOptions {
  readonly lab: Lab;
  readonly fronts: LabFronts;
  readonly directory: LabDirectory;
  readonly names: ReadonlyMap<string, string>;
  readonly speed: number;
  readonly lifecycle: Lifecycle;
  readonly onTrouble: (text: string) => void;
}

export const startLabApps = async (options: LabAppsOptions): Promise<void> => {
  const { lab, fronts, directory, names, speed, lifecycle, onTrouble } = options;
  const [one, two] = lab.nodes;
  const start = async (
    given: Pick<AppOptions, 'kind' | 'account' | 'ledger' | 'monitor' | 'agent' | 'relay'>,
    folder: string,
    front: Front,
  ): Promise<void> => {
    await startApp({
      ...given,
      front,
      clock: lab.clock,
      speed,
      name: names.get(given.account) ?? given.account,
      names: Object.fromEntries(names),
      password: fronts.password,
      // The lab is there to be looked at.
      view: true,
      historyFile: directory.file(folder, 'history.sqlite'),
      lifecycle,
      onTrouble,
    });
  };
  await start(
    {
      kind: 'consumer',
      account: one.account,
      ledger: one.ledger,
      monitor: one.client,
      agent: one.seen,
      relay: {
        contacts: lab.contacts,
        sources: [
          { source: 'own', name: 'own', channels: [0, 1] },
          { source: two.account, name: names.get(two.account) ?? 'seller', channels: [2, 3] },
        ],
      },
    },
    'node1',
    fronts.node1,
  );
  await start(
    { kind: 'producer', account: two.account, ledger: two.ledger, monitor: two.client, agent: two.seen },
    'node2',
    fronts.node2,
  );
};
