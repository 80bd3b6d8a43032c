/** `/metrics` for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats). */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Board } from '../board/types.ts';

/** The board as text; everything is read when asked for. */
export const createMetrics = (
  board: Pick<Board, 'report'>,
): { type: string; text: () => Promise<string> } => {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Counter({
    name: 'daisee_relay_operations_total',
    help: 'How often each contact moved, over restarts where a logbook is kept.',
    labelNames: ['channel'],
    registers,
  });
  const state = new Gauge({
    name: 'daisee_relay_channel_on',
    help: 'Whether a channel is on, as read back; missing while that is not known.',
    labelNames: ['channel'],
    registers,
  });
  const source = new Gauge({
    name: 'daisee_relay_source',
    help: '1 for the source that feeds each load.',
    labelNames: ['load', 'source'],
    registers,
  });
  const lease = new Gauge({
    name: 'daisee_relay_lease_until_seconds',
    help: 'When each load goes to rest unless renewed.',
    labelNames: ['load'],
    registers,
  });
  const faults = new Counter({
    name: 'daisee_relay_faults_total',
    help: 'Faults since the start: a driver that failed, a read-back that differed.',
    registers,
  });
  const fault = new Gauge({
    name: 'daisee_relay_fault',
    help: '1 while rest is not confirmed after a fault.',
    registers,
  });
  const rest = new Gauge({
    name: 'daisee_relay_at_rest',
    help: '1 while every channel is off, as read back.',
    registers,
  });
  const memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
  });
  const all = [operations, state, source, lease, faults];

  return {
    type: registry.contentType,
    text: async () => {
      const report = board.report();
      for (const metric of all) metric.reset();
      for (const [channel, count] of report.operations.entries()) operations.inc({ channel }, count);
      for (const [channel, on] of report.states ?? []) state.set({ channel }, on ? 1 : 0);
      for (const load of report.loads) {
        if (load.isWired && load.source) source.set({ load: load.name, source: load.source.name }, 1);
        if (load.leaseUntil !== undefined) lease.set({ load: load.name }, load.leaseUntil / 1000);
      }
      faults.inc(report.faults);
      fault.set(report.fault && !report.fault.isOver ? 1 : 0);
      rest.set(report.isAtRest ? 1 : 0);
      memory.set(process.memoryUsage.rss());
      return await registry.metrics();
    },
  };
};
