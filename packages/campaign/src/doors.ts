/**
 * What the parts of the campaign are to each other: the stage (the lab as processes), its faults, and the checker of
 * its laws. Types only.
 */
import type { Address, Ledger } from '@daisee/chain';
import type { Twin } from '@daisee/sim';
import type { Clock, Coin, Duration, Instant, Price } from '@daisee/units';

/** A process of the lab. */
export type PartName = 'chain' | 'monitor1' | 'monitor2' | 'relay' | 'agent1' | 'agent2' | 'app';
/** A connection of the lab that leads through a proxy. */
export type LinkName =
  | 'agent1-chain'
  | 'agent2-chain'
  | 'app-chain'
  | 'agent1-monitor1'
  | 'agent2-monitor2'
  | 'app-monitor1'
  | 'app-relay'
  | 'agent1-relay'
  | 'relay-board'
  | 'meter1-monitor1'
  | 'meter2-monitor2';

/** One process of the lab. */
export interface Part {
  readonly name: PartName;
  /** Of the Node process itself; undefined while it does not run. */
  readonly pid: number | undefined;
  readonly running: boolean;
  /** Between `pause` and `resume`. */
  readonly paused: boolean;
  /** Pids of its living children (anvil under the chain, the guard under the relay). */
  children(): readonly number[];
  /** SIGKILL to it and all its children; resolves when they are gone. */
  kill(): Promise<void>;
  /** SIGKILL to one process of it alone (default: itself, not its children); resolves when that is gone. */
  killOnly(pid?: number): Promise<void>;
  /** SIGTERM, as a person ends it; resolves when it is gone. @throws PartFailed when it does not end */
  stop(): Promise<void>;
  /**
   * Starts it (again) and resolves when it answers. `fileLimit`: it may write no file longer than this (RLIMIT_FSIZE),
   * bytes. `more`: further words of its command line, for this start alone. @throws PartFailed when it does not
   */
  start(options?: {
    readonly fileLimit?: number;
    readonly more?: readonly string[];
    readonly signal?: AbortSignal;
  }): Promise<void>;
  /** SIGSTOP to it and its children. */
  pause(): void;
  /** SIGCONT to it and its children. */
  resume(): void;
  /** Its clock alone steps by this (on the stage's clock; negative: back). */
  stepClock(by: Duration): void;
  /** The latest lines of its output. */
  readonly lastLines: readonly string[];
}

/** One proxied connection; faults nest: each returns its own end. */
export interface Link {
  readonly name: LinkName;
  readonly address: { readonly host: string; readonly port: number };
  /** A fault of its own is on. */
  readonly disturbed: boolean;
  /** Rises with all that was handed to its target, whoever made it: while it stands still, nothing new is heard there. */
  readonly carried: number;
  /** Open connections are closed, new ones refused. */
  cut(): () => void;
  /** RST to every open connection, once. */
  reset(): void;
  /** Both ways, in real time. */
  delay(real: Duration): () => void;
  /** Bytes are held back, connections stay. */
  stall(): () => void;
  garble(change: (chunk: Uint8Array, way: 'there' | 'back') => Uint8Array | 'cut' | 'hold'): () => void;
  /** For JSON-RPC and HTTP links: sees whole requests, may answer itself. */
  answer?(instead: (request: HttpSeen) => HttpInstead | Promise<HttpInstead>): () => void;
}

/** A whole HTTP request as a link saw it. */
export interface HttpSeen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Asks the target itself, past every fault (with another body, if one is given): to change its answer on its way. */
  pass(body?: string): Promise<HttpAnswer>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Only so many bytes of the body are sent, then the connection is closed. */
  readonly cutAfter?: number;
}

/** What a link does with a request: an answer of its own, never an answer, or (undefined) it passes it on. */
export type HttpInstead = HttpAnswer | 'silence' | undefined;

/** The device with the relays (a Shelly) whose contacts are the twin's. Each fault returns its own end. */
export interface BoardDevice {
  readonly address: { readonly host: string; readonly port: number };
  /** The contacts now, true = on (pulled). */
  readonly contacts: readonly boolean[];
  /** A fault of its own is on. */
  readonly disturbed: boolean;
  /** When it last carried an order out, and whether anything was on after it; undefined before the first. */
  readonly told: { readonly at: Instant; readonly isOn: boolean } | undefined;
  /** Orders are answered with an error and carry nothing out. */
  refuse(): () => void;
  /** Nothing is answered; its own leases go on. */
  freeze(): () => void;
  /** Each order is carried out but its answer is cut in the middle. */
  half(): () => void;
}

/** The gateway of a meter: pushes samples to its monitor and keeps them until they are acknowledged. */
export interface MeterGateway {
  /** It takes no samples for this long: a gap. */
  drop(duration: Duration): void;
  /** Sends everything twice until ended. */
  twice(): () => void;
  /** It sends nothing for this long and everything afterwards. */
  late(duration: Duration): void;
  /** Sends what it holds in a random order until ended (holds a few samples together). */
  shuffled(): () => void;
  /** Samples not yet acknowledged. */
  readonly waiting: number;
}

/** What the community's admin and the neighbours do on the chain, past every link. */
export interface Community {
  readonly node1: Address;
  readonly node2: Address;
  /** Node 2 (its own key) offers another price. */
  setPrice(price: Price): Promise<void>;
  removeSeller(): Promise<void>;
  registerSeller(price: Price): Promise<void>;
  mint(amount: Coin): Promise<void>;
  /** Node 1's coins but for `left` are moved to the treasury (by its own key, as its owner does). Returns how many. */
  takeCoins(left: Coin): Promise<Coin>;
  /** Node 1's allowance to the exchange is set to zero (its own key). */
  revokeAllowance(): Promise<void>;
  /** A transaction of node 1's own key outside of its agent: takes the nonce that its agent would take next. */
  takeNonce(): Promise<void>;
  /** The whole exchange stands still: no report and no purchase. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
}

export interface Stage {
  /** Lab time: `speed` times as fast as the machine's. */
  readonly clock: Clock;
  readonly speed: number;
  /** How agent 1 reaches the relay. */
  readonly relay: 'v02' | 'http';
  readonly twin: Twin;
  readonly board: BoardDevice;
  readonly parts: Readonly<Record<PartName, Part>>;
  readonly links: Readonly<Record<LinkName, Link>>;
  readonly meters: { readonly 1: MeterGateway; readonly 2: MeterGateway };
  /** A reader's connection, past every link. */
  readonly ledger: Ledger;
  readonly community: Community;
  readonly directory: (part: PartName) => string;
  note(text: string): void;
}

/** Seeded randomness: each fault has its own. */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

export type Law = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface Fault {
  readonly name: string;
  readonly tries: readonly Law[];
  /** Relative frequency. */
  readonly weight: number;
  /** Never beside another one: it needs the lab's parts, or the community's keys, for itself. */
  readonly alone?: boolean;
  /** Strikes, waits as long as it lasts, undoes it. */
  strike(stage: Stage, chance: Chance, signal: AbortSignal): Promise<Sight>;
}

/** What was seen of a fault, in one line; `happened: false` when it found nothing to disturb. */
export type Sight = string | { readonly happened: boolean; readonly seen: string };

export interface Violation {
  readonly law: Law;
  /** The evidence: instants, values. */
  readonly what: string;
  readonly at: Instant;
}

/** How often the leases of the contacts were really tried: begun with contacts away from rest, and outlasted. */
export interface LeaseTries {
  /** The agent was away. */
  readonly agent: number;
  /** It ran, and the relay heard nothing of it. */
  readonly link: number;
  /** Nobody told the device anything. */
  readonly device: number;
}

export interface Checker {
  /** What can be checked at any instant (wires, coins, allowances, lease). Each violation is returned once. */
  look(): Promise<readonly Violation[]>;
  /**
   * True when the lab works again as without faults: parts answer, samples flow to the monitor, the agents' last period is
   * recent, the block's age is small, contacts are as the agent wants them.
   */
  recovered(): Promise<boolean>;
  /** What does not work yet; undefined when everything does. */
  missing(): Promise<string | undefined>;
  /** So far. */
  readonly tries: LeaseTries;
  /** At the end: everything is brought to its end (agents stopped with final samples), then exactly-once laws. */
  final(): Promise<readonly Violation[]>;
}

/** What opens the lab on its stage; `links` makes the proxies. */
export interface StageOptions {
  readonly seed: number;
  readonly speed: number;
  /** How agent 1 reaches the relay. */
  readonly relay: 'v02' | 'http';
  /** A proxy before `target`, listening already. */
  readonly link: (
    name: LinkName,
    kind: 'tcp' | 'http',
    target: { readonly host: string; readonly port: number },
  ) => Promise<Link & { close(): Promise<void> }>;
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** The stage with its end. */
export interface OpenStage extends Stage {
  /** Ends every process, proxy and server, and removes the folder; idempotent. */
  close(): Promise<void>;
}
