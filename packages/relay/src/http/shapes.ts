/** What the HTTP API takes and gives. Instants and durations are in milliseconds. */
import type { DaiseeError } from '@daisee/units';
import * as z from 'zod';
import type { BoardReport, LoadReport } from '../board/types.ts';
import { statesOf } from '../logbook/entry.ts';

const instant = z.number().describe('Unix milliseconds');

const loadShape = z.object({
  name: z.string(),
  channels: z.array(z.number().int()),
  source: z.string().nullable().describe('own, the name of a seller, or null for none (or not known)'),
  since: instant.nullable(),
  reason: z.string().optional(),
  by: z.string().optional(),
  leaseUntil: instant.nullable().describe('Goes to rest then, unless renewed'),
});

const faultShape = z.object({
  at: instant,
  code: z.string(),
  message: z.string(),
  over: z.boolean().describe('Rest was confirmed since'),
});

export const stateShape = z.object({
  now: instant,
  channels: z
    .record(z.string(), z.boolean())
    .nullable()
    .describe('As last read back, true = on; null while that is not known'),
  atRest: z.boolean().describe('Everything is off, every load on its own source, read back'),
  loads: z.array(loadShape),
  others: z.array(loadShape).describe('Channels that no load is wired to'),
  operations: z.array(z.number().int()).describe('How often each contact moved, from channel 0 on'),
  fault: faultShape.nullable().describe('The last one since the start'),
  faults: z.number().int(),
});

export const healthShape = z.object({
  status: z.enum(['ok', 'fault']),
  api: z.literal('v1'),
  now: instant,
  atRest: z.boolean(),
  message: z.string().optional(),
});

const LEASE_LONGEST = 86_400_000;

const reasonShape = z
  .string({ error: 'needs a text that says why' })
  .trim()
  .min(1, 'needs a text that says why')
  .max(200, 'needs at most 200 characters');

const leaseShape = z
  .number({ error: 'needs milliseconds' })
  .min(100, 'needs 100 milliseconds or more')
  .max(LEASE_LONGEST, 'needs at most a day in milliseconds')
  .optional()
  .describe('Milliseconds until it goes to rest unless renewed; 60000 if absent');

const channelKey = z.string().regex(/^(0|[1-9]\d{0,3})$/, 'needs the number of a channel');

export const switchShape = z.union(
  [
    z.strictObject({
      reason: reasonShape,
      channels: z.record(channelKey, z.boolean()).describe('true = on, by channel'),
      lease: leaseShape,
    }),
    z.strictObject({
      reason: reasonShape,
      load: z.string(),
      seller: z.string().nullable().describe('Its name in the wiring; null for the own source'),
      lease: leaseShape,
    }),
  ],
  { error: 'needs reason, and channels like {"0": true} or load and seller' },
);
export type SwitchBody = z.infer<typeof switchShape>;

export const renewShape = z.union(
  [
    z.strictObject({ channels: z.array(z.number().int().min(0)).min(1) }),
    z.strictObject({ load: z.string() }),
  ],
  { error: 'needs channels like [0, 1], or load' },
);

export const leasesShape = z.object({
  leases: z
    .array(z.object({ load: z.string(), until: instant }))
    .describe('Of the loads named that have one; none at rest'),
});

export const restShape = z.strictObject({
  reason: reasonShape,
  load: z.string().optional().describe('The whole board if absent'),
});

export const historyQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.coerce.number().optional().describe('Entries with a smaller id'),
});

const loadAnswer = (load: LoadReport): z.infer<typeof loadShape> => ({
  name: load.name,
  channels: [...load.channels],
  source: load.source?.name ?? null,
  since: load.since ?? null,
  ...(load.reason === undefined ? {} : { reason: load.reason }),
  ...(load.by === undefined ? {} : { by: load.by }),
  leaseUntil: load.leaseUntil ?? null,
});

const faultAnswer = (error: DaiseeError) => ({ code: error.code, message: error.message });

export const stateAnswer = (report: BoardReport, now: number): z.infer<typeof stateShape> => ({
  now,
  channels: report.states ? statesOf(report.states) : null,
  atRest: report.isAtRest,
  loads: report.loads.filter((load) => load.isWired).map(loadAnswer),
  others: report.loads.filter((load) => !load.isWired).map(loadAnswer),
  operations: [...report.operations],
  fault: report.fault
    ? { at: report.fault.at, ...faultAnswer(report.fault.error), over: report.fault.isOver }
    : null,
  faults: report.faults,
});

/** Anything that is not as it should be now. */
export const healthAnswer = (report: BoardReport, now: number): z.infer<typeof healthShape> => {
  const { fault } = report;
  const isWell = report.isRunning && report.states !== undefined && (!fault || fault.isOver);
  return {
    status: isWell ? 'ok' : 'fault',
    api: 'v1',
    now,
    atRest: report.isAtRest,
    ...(isWell ? {} : { message: fault?.error.message ?? 'The board is not running.' }),
  };
};
