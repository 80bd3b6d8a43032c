/** What an agent tells of itself to whoever asks on its machine: that it lives, what it saw, what is wrong. */
import type { Address } from '@daisee/chain';
import type { Duration, Instant, Percent } from '@daisee/units';
import type { Feed } from '../feed.ts';
import type { SwitchReason } from '../situation.ts';
import type { PresentTrouble } from '../troubles.ts';

/** The contacts as the relay showed them when the agent last read it. */
export interface SeenContacts {
  /** How long ago that was. */
  readonly age: Duration;
  /** By channel; true = on. */
  readonly states: ReadonlyMap<number, boolean>;
  readonly feed: Feed;
}

/** Instants are on the agent's own clock, `now` says when it answered. */
export interface AgentStatus {
  readonly role: 'consumer' | 'producer';
  readonly account: Address;
  readonly pid: number;
  readonly startedAt: Instant;
  readonly now: Instant;
  /** Between two looks. */
  readonly period: Duration;
  /** For how long it has not looked, decided and acted (or run, before the first time): its heartbeat, whatever it reports. */
  readonly sinceLook: Duration;
  /** Instant of the newest sample that is booked, on the monitor's clock. */
  readonly measuredAt?: Instant | undefined;
  readonly stateOfCharge?: Percent | undefined;
  /** Of a consumer; undefined while the relay has never been read. */
  readonly contacts?: SeenContacts | undefined;
  /** Of this run; the reason is not kept beyond it. */
  readonly lastSwitch?:
    | { readonly at: Instant; readonly why?: SwitchReason | 'observed' | 'stopping' }
    | undefined;
  readonly troubles: readonly PresentTrouble[];
}

/** A change of source. */
export interface SourceTurn {
  readonly at: Instant;
  /** Whose source it is from then on; its own under its own account. */
  readonly origin: Address;
}

/** An agent as others see it: in the same process, or through its status socket. */
export interface AgentView {
  /** @throws AgentAway */
  status(): Promise<AgentStatus>;
  /** The source in force at `from` and every change before `to`, ascending. @throws AgentAway, AgentStoreError */
  sources(from: Instant, to: Instant): Promise<readonly SourceTurn[]>;
  /** It looks and decides now instead of at the end of its period. @throws AgentAway */
  wake(): Promise<void>;
}

/** A heartbeat that is older than three periods and a little is none. */
const MISSED = 3;
const MARGIN = 2000;

/** For how long it has not looked although it should have, ms; undefined while it does. */
export const silentFor = ({ period, sinceLook }: AgentStatus): Duration | undefined =>
  sinceLook > MISSED * period + MARGIN ? sinceLook : undefined;
