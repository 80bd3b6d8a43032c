/** What the App needs of the other rooms: their clients and connections fit as they are. */
import type { Address as ChainAddress, History, Ledger } from '@daisee/chain';
import type { MonitorClient } from '@daisee/monitor';
import type { Instant } from '@daisee/units';
import type { NodeSettings, OwnSourceState, Said, SwitchReason } from '../api.ts';

/** A part that works, or what is wrong with it and since when (the community's clock). */
export interface Trouble extends Said {
  readonly since: Instant;
}

/** The ledger as the App reads it and, with a key, writes it. */
export type AppLedger = Ledger;

/** The history's questions; the App's own one is told of its changes through `onChange`. */
export type AppHistory = Pick<History, 'page' | 'count' | 'flows' | 'produced' | 'nextBlock'>;

/** The meter's measurements. */
export type AppMonitor = Pick<MonitorClient, 'latest' | 'powerBySteps' | 'energyBySteps'>;

/** The contacts of the relay, by channel; true = on. */
export interface AppRelay {
  read(channels: readonly number[]): Promise<ReadonlyMap<number, boolean>>;
}

/** One source that can feed this node's load, and the contacts it comes through. */
export interface SourceWires {
  readonly source: 'own' | ChainAddress;
  readonly name: string;
  /** Own: normally closed (off feeds). A seller's: normally open (on feeds). */
  readonly channels: readonly number[];
}

/** From `at` on it feeds the load. */
interface SourceChange {
  readonly at: Instant;
  readonly source: 'own' | ChainAddress;
}

/** The node's agent, where it can be told something. */
export interface AppAgent {
  /** What is wrong now; empty when all is well. */
  troubles(): readonly Trouble[];
  settings(): NodeSettings;
  /** Takes effect at its next look and outlives a restart. @throws DaiseeError for what cannot be */
  change(changes: NodeSettings): Promise<NodeSettings>;
  /** Back on its own source at once, and kept there for so long; 0 ends it. */
  ownSource(minutes: number): Promise<OwnSourceState>;
  /** Until when it is kept on its own source. */
  held(): OwnSourceState;
  /** Which source fed the load from when on: the one in force at `from` first. Empty when it is not known. */
  sources(from: Instant, to: Instant): readonly SourceChange[] | Promise<readonly SourceChange[]>;
  /** The last switch, with its reason where that is known. */
  lastSwitch(): { readonly at: Instant; readonly why?: SwitchReason } | undefined;
}
