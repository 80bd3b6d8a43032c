/** `npm run bench:monitor`: how fast the monitor is, v0.2's numbers beside ours. */
import { messageOf } from '@daisee/units';
import { measure, type Result } from './measure.ts';
import { HELP, optionsOf } from './options.ts';
import { machineLine, report } from './report.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

try {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else {
    const results: Result[] = [];
    for (const kind of options.kinds)
      results.push(
        ...(await measure(kind, {
          options,
          signal: stop.signal,
          onProgress: (what) => process.stderr.write(`${kind}: ${what}\n`),
        })),
      );
    const now = new Date();
    process.stdout.write(
      options.output === 'json'
        ? `${JSON.stringify({ machine: machineLine(now), results }, undefined, 2)}\n`
        : report(results, options.output === 'markdown', now),
    );
  }
} catch (error) {
  process.stderr.write(stop.signal.aborted ? 'Stopped.\n' : `${messageOf(error)}\n`);
  process.exitCode = 1;
}
