/** An agent's status as JSON. */
import { Duration, Instant, Percent } from '@daisee/units';
import * as z from 'zod';
import type { AgentStatus, SourceTurn } from './status.ts';

export const statusText = ({ contacts, ...status }: AgentStatus): string =>
  JSON.stringify({ ...status, contacts: contacts && { ...contacts, states: [...contacts.states] } });

export const sourcesText = (sources: readonly SourceTurn[]): string => JSON.stringify({ sources });

const address = z.custom<`0x${string}`>(
  (value) => typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value),
);
const instant = z.number().transform((value) => Instant(value));
const duration = z.number().transform((value) => Duration(value));
/** Words of this version or a later one: shown, never acted on. */
const word = <T extends string>() => z.string().transform((value) => value as T);

const statusShape = z.object({
  role: z.enum(['consumer', 'producer']),
  account: address,
  pid: z.number().int(),
  startedAt: instant,
  now: instant,
  period: duration,
  sinceLook: duration,
  measuredAt: instant.optional(),
  stateOfCharge: z
    .number()
    .transform((value) => Percent(value))
    .optional(),
  contacts: z
    .object({
      age: duration,
      feed: z.union([z.enum(['own', 'disordered', 'unknown']), address]),
      states: z
        .array(z.tuple([z.number().int(), z.boolean()]))
        .transform((states): ReadonlyMap<number, boolean> => new Map(states)),
    })
    .optional(),
  lastSwitch: z
    .object({
      at: instant,
      why: word<NonNullable<NonNullable<AgentStatus['lastSwitch']>['why']>>().optional(),
    })
    .optional(),
  troubles: z.array(
    z.object({
      area: word<AgentStatus['troubles'][number]['area']>(),
      code: z.string(),
      message: z.string(),
      retryable: z.boolean(),
      since: instant,
      values: z.record(z.string(), z.union([z.string(), z.number()])),
    }),
  ),
});
const sourcesShape = z.object({ sources: z.array(z.object({ at: instant, origin: address })) });

/** @throws ZodError, SyntaxError */
export const readStatus = (text: string): AgentStatus => statusShape.parse(JSON.parse(text)) as AgentStatus;

/** @throws ZodError, SyntaxError */
export const readSources = (text: string): readonly SourceTurn[] =>
  sourcesShape.parse(JSON.parse(text)).sources;
