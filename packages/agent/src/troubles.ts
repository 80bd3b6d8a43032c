/** Troubles that last: each is said once when it starts and once when it is over. */
import { DaiseeError, type Instant, messageOf } from '@daisee/units';
import type { AgentEvent, Area } from './events.ts';

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
