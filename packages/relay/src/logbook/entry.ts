/** What a logbook keeps of a board's events. */
import * as z from 'zod';
import type { BoardEvent, LoadSource } from '../board/types.ts';
import type { ChannelStates } from '../driver.ts';

const statesShape = z.record(z.string(), z.boolean()).describe('true = on, by channel');

export const entryShape = z.object({
  id: z.number().int().describe('Rises with each entry; resume an event stream after it'),
  at: z.number().describe('Unix milliseconds'),
  type: z.enum(['switched', 'rested', 'fault', 'restFailed']),
  reason: z.string().optional().describe('As whoever ordered it said; why it went to rest'),
  by: z.string().optional().describe('A token or an address'),
  changes: statesShape.optional().describe('What was ordered'),
  channels: statesShape.optional().describe('What all showed afterwards'),
  sources: z
    .record(z.string(), z.string().nullable())
    .optional()
    .describe('What fed each load afterwards: own, a seller, or nothing'),
  code: z.string().optional().describe('Of the fault'),
  message: z.string().optional(),
});
export type Entry = z.infer<typeof entryShape>;

export const statesOf = (states: ChannelStates): Record<string, boolean> => Object.fromEntries(states);

const sourcesOf = (sources: readonly LoadSource[]): Record<string, string | null> =>
  Object.fromEntries(sources.map(({ load, source }) => [load, source?.name ?? null]));

/** The entry of an event. */
export const entryOf = (event: BoardEvent, id: number): Entry => {
  const base = { id, at: event.at };
  switch (event.type) {
    case 'switched':
    case 'rested':
      return {
        ...base,
        type: event.type,
        ...(event.reason === undefined ? {} : { reason: event.reason }),
        ...(event.by === undefined ? {} : { by: event.by }),
        ...(event.type === 'switched' ? { changes: statesOf(event.changes) } : {}),
        channels: statesOf(event.states),
        sources: sourcesOf(event.sources),
      };
    default:
      return {
        ...base,
        type: event.type,
        ...(event.type === 'restFailed' ? { reason: event.reason } : {}),
        code: event.error.code,
        message: event.error.message,
      };
  }
};
