/**
 * The process that is measured: a monitor over a store, nothing else. Its first argument says which store, as JSON;
 * it tells its address to the benchmark, then answers what it is asked of itself, and ends when the benchmark does.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '@daisee/units';
import { createMonitor } from '../src/monitor.ts';
import type { Directory } from '../src/store/directory.ts';
import { openDirectory } from '../src/store/directory.ts';
import { openPostgresDirectory } from '../src/store/postgres/directory.ts';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { openStore } from '../src/store/sqlite-store.ts';
import type { SampleStore } from '../src/store/store.ts';
import type { Place, Usage } from './service.ts';

const place = JSON.parse(process.argv[2] ?? '') as Place & {
  readonly login: string;
  readonly password: string;
};

const opened = async (): Promise<readonly [SampleStore, Directory]> =>
  place.kind === 'sqlite'
    ? [openStore(place), openDirectory(place)]
    : [await openPostgresStore(place), await openPostgresDirectory(place)];

const [store, directory] = await opened();
const monitor = createMonitor({
  store,
  directory,
  clock: systemClock,
  port: 0,
  login: place.login,
  password: place.password,
  onWarning: ({ message }) => process.stderr.write(`${message}\n`),
});
await monitor.start();

// Every 5 ms it looks how late it is called: the longest is how long nothing else was done.
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let before = process.cpuUsage();

/**
 * The most resident bytes since it was asked before. Not `maxRSS` where there is better: a process begins as a copy of
 * the one that makes it, and the kernel counts what the benchmark had then as the monitor's (getrusage(2)).
 */
const peakMemory = (): number => {
  const status = '/proc/self/status';
  if (!existsSync(status)) return process.resourceUsage().maxRSS * 1024;
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]) * 1024;
  // 5: from now on (proc_pid_clear_refs(5)).
  writeFileSync('/proc/self/clear_refs', '5');
  return peak;
};

process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  const usage: Usage = {
    cpu: (user + system) / 1000,
    stall: Math.max(0, delay.max / 1e6 - 5),
    memory: process.memoryUsage.rss(),
    peak: peakMemory(),
  };
  process.send?.(usage);
  delay.reset();
  before = process.cpuUsage();
});
process.on('disconnect', () => {
  void (async () => {
    await monitor.stop();
    await directory.close();
    await store.close();
  })();
});
process.send?.({ url: monitor.url });
