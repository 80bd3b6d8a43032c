import type { Address } from '@daisee/chain';
import type { Coin, Energy, Instant, Percent, Price, Register } from '@daisee/units';
import type { ChannelStates, Feed, Source } from './feed.ts';
import type { SwitchReason } from './situation.ts';

/**
 * Where a trouble is; one at a time in each place. `monitor`: it does not answer; `samples`: it answers and has none;
 * `charge`: no state of charge; `gauge`: it cannot be read; `relay`: it does not answer; `order`: it does not do as
 * ordered; `ledger`: it does not answer; `report`, `purchase`, `price`: it refused one; `market`: nothing can be
 * bought; `debt`: it owes and cannot pay; `wear`: the relay has switched as often as it may; `books`: ledger and file disagree; `store`: the file; `period`, `stop`: anything else there.
 */
export type Area =
  | 'monitor'
  | 'samples'
  | 'charge'
  | 'gauge'
  | 'relay'
  | 'order'
  | 'ledger'
  | 'report'
  | 'purchase'
  | 'price'
  | 'market'
  | 'debt'
  | 'wear'
  | 'books'
  | 'store'
  | 'period'
  | 'stop';

/** What an agent tells while it works. `at` is the instant on the monitor's clock that the event belongs to. */
export type AgentEvent =
  /** A new reading of the state of charge. */
  | { readonly type: 'soc'; readonly at: Instant; readonly stateOfCharge: Percent }
  /** Measured and kept on disk, not yet reported: energy added to the register of `origin`, up to `at`. */
  | {
      readonly type: 'consumed-locally';
      readonly at: Instant;
      readonly origin: Address;
      readonly energy: Energy;
      readonly register: Register;
    }
  /** The same of a producer. */
  | {
      readonly type: 'produced-locally';
      readonly at: Instant;
      readonly energy: Energy;
      readonly register: Register;
    }
  /** Nothing is known of the energy between the two instants. */
  | { readonly type: 'gap'; readonly at: Instant; readonly from: Instant; readonly to: Instant }
  | {
      readonly type: 'buying';
      readonly at: Instant;
      readonly seller: Address;
      readonly energy: Energy;
      readonly cost: Coin;
    }
  | {
      readonly type: 'bought';
      readonly at: Instant;
      readonly seller: Address;
      readonly energy: Energy;
      readonly cost: Coin;
      readonly block: number;
      readonly hash: string;
    }
  /** Energy that was used and not bought is paid for. */
  | {
      readonly type: 'settled';
      readonly at: Instant;
      readonly seller: Address;
      readonly energy: Energy;
      readonly cost: Coin;
      readonly block: number;
      readonly hash: string;
    }
  /** The node's source changed; `observed`: not by an order of this agent. */
  | {
      readonly type: 'switched';
      readonly at: Instant;
      readonly from: Feed;
      readonly to: Source;
      readonly channels: ChannelStates;
      readonly why: SwitchReason | 'observed' | 'stopping';
    }
  /** A register is on the ledger. `origin` not given: production. */
  | {
      readonly type: 'reported';
      readonly at: Instant;
      readonly origin?: Address;
      readonly register: Register;
      readonly block: number;
      readonly hash: string;
    }
  /** The price is on the ledger. */
  | {
      readonly type: 'priced';
      readonly at: Instant;
      readonly price: Price;
      readonly block: number;
      readonly hash: string;
    }
  /** A new file took the ledger's register as its base; `origin` not given: production. */
  | {
      readonly type: 'continued';
      readonly at: Instant;
      readonly origin?: Address;
      readonly register: Register;
    }
  | {
      readonly type: 'trouble';
      readonly at: Instant;
      readonly area: Area;
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
    }
  | { readonly type: 'recovered'; readonly at: Instant; readonly area: Area; readonly code: string };
