/** Troubles that last: each is said once when it starts and once when it is over. */
import { DaiseeError, type Instant, messageOf } from '@daisee/units';
import type { AgentEvent, Area } from './events.ts';

/** A trouble that lasts. */
export interface PresentTrouble {
  readonly area: Area;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** On the monitor's clock. */
  readonly since: Instant;
  /** What its sentence names. */
  readonly values: Readonly<Record<string, string | number>>;
}

const valuesOf = (error: unknown): PresentTrouble['values'] =>
  Object.fromEntries(
    Object.entries(error instanceof DaiseeError ? error.values : {}).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );

export interface Troubles {
  /** Something failed: an event unless it is the same trouble as before. */
  readonly begin: (area: Area, error: unknown) => void;
  /** It works (again): an event when there was trouble. */
  readonly end: (area: Area) => void;
  /** Those that last, the oldest first. */
  readonly present: () => readonly PresentTrouble[];
}

const codeOf = (error: unknown): string => (error instanceof DaiseeError ? error.code : 'agent.unexpected');

export const createTroubles = (now: () => Instant, emit: (event: AgentEvent) => void): Troubles => {
  const present = new Map<Area, PresentTrouble>();
  return {
    begin: (area, error) => {
      const code = codeOf(error);
      if (present.get(area)?.code === code) return;
      const retryable = error instanceof DaiseeError ? error.retryable : false;
      const trouble = { area, code, message: messageOf(error), retryable };
      const since = now();
      // In the order in which they began.
      present.delete(area);
      present.set(area, { ...trouble, since, values: valuesOf(error) });
      emit({ type: 'trouble', at: since, ...trouble });
    },
    end: (area) => {
      const code = present.get(area)?.code;
      if (code === undefined) return;
      present.delete(area);
      emit({ type: 'recovered', at: now(), area, code });
    },
    present: () => [...present.values()],
  };
};
