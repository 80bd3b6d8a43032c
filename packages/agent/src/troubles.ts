/** Troubles that last: each is said once when it starts and once when it is over. */
import { DaiseeError, type Instant, messageOf } from '@daisee/units';
import type { AgentEvent } from './events.ts';

/**
 * Where a trouble is; one at a time in each place. `monitor`: it does not answer; `samples`: it answers and has none;
 * `charge`: no state of charge; `gauge`: it cannot be read; `relay`: it does not answer; `order`: it does not do as
 * ordered; `ledger`: it does not answer; `report`, `purchase`, `price`: it refused one; `market`: nothing can be
 * bought; `books`: ledger and file disagree; `store`: the file; `period`, `stop`: anything else there.
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
  | 'books'
  | 'store'
  | 'period'
  | 'stop';

export interface Troubles {
  /** Something failed: an event unless it is the same trouble as before. */
  readonly begin: (area: Area, error: unknown) => void;
  /** It works (again): an event when there was trouble. */
  readonly end: (area: Area) => void;
}

const codeOf = (error: unknown): string => (error instanceof DaiseeError ? error.code : 'agent.unexpected');

export const createTroubles = (now: () => Instant, emit: (event: AgentEvent) => void): Troubles => {
  const present = new Map<Area, string>();
  return {
    begin: (area, error) => {
      const code = codeOf(error);
      if (present.get(area) === code) return;
      present.set(area, code);
      const retryable = error instanceof DaiseeError ? error.retryable : false;
      emit({ type: 'trouble', at: now(), area, code, message: messageOf(error), retryable });
    },
    end: (area) => {
      const code = present.get(area);
      if (code === undefined) return;
      present.delete(area);
      emit({ type: 'recovered', at: now(), area, code });
    },
  };
};
