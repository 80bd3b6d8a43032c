/** What the processes of an overloaded community are told. */
import type { Address, Hex } from '@daisee/chain';
import type { PacedClockOptions } from '@daisee/units';

/** The clock that all processes go by. */
type PacedTime = Pick<PacedClockOptions, 'real' | 'instant' | 'speed'>;

/** One node. A consumer is wired to one seller, by two contacts of the board set. */
export interface MemberPlan {
  readonly account: Address;
  readonly key: Hex;
  /** Of its meter at the monitor that all share. */
  readonly sensorId: number;
  /** A consumer's seller and its contacts: its own source's (normally closed), the seller's (normally open). */
  readonly seller?: { readonly account: Address; readonly own: number; readonly contact: number };
}

/** What every process of the community needs. */
export interface CommunityPlan {
  readonly time: PacedTime;
  readonly chain: string;
  readonly exchange: Address;
  readonly coin: Address;
  readonly deployedAt: number;
  readonly monitor: string;
  readonly login: string;
  readonly password: string;
  /** Where the board set answers, by the v0.2 protocol. */
  readonly relay: { readonly host: string; readonly port: number };
  /** When the books begin, Unix ms. */
  readonly since: number;
}

/** A process that hosts some of the agents. */
export interface WorkerPlan extends CommunityPlan {
  readonly members: readonly MemberPlan[];
  /** For the agents' files. */
  readonly directory: string;
}

/** What a worker tells at its end. */
export interface WorkerReport {
  /** Milliseconds on the community's clock between two looks of a consumer. */
  readonly looks: readonly number[];
  /** The same between two reports of a register to the ledger. */
  readonly reports: readonly number[];
  /** Ms from the decision to buy to the mined purchase. */
  readonly purchases: readonly number[];
  readonly switches: number;
  /** How often each trouble began, by its code. */
  readonly troubles: Readonly<Record<string, number>>;
  /** Ms that stopping took, on the machine's clock. */
  readonly stopping: number;
}

/** Between a worker and who started it. */
export type ToWorker =
  | { readonly type: 'begin'; readonly plan: WorkerPlan }
  /** What it tells counts from now on. */
  | { readonly type: 'measure' }
  | { readonly type: 'end' };
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'ended'; readonly report: WorkerReport };

/** Between the process of the boards and who started it. */
export type ToBoards = { readonly type: 'begin'; readonly time: PacedTime; readonly channels: number };
export type FromBoards =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'contacts'; readonly states: readonly boolean[] };
