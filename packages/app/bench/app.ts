/**
 * What the App costs: `npm run bench:app [streams] [memory] [paint] [size]`, all of them by default. Prints tables; nothing here
 * passes or fails.
 */
import { measureMemory } from './memory.ts';
import { measurePaint, measureSize } from './page.ts';
import { measureStreams } from './streams.ts';

const measurements: Readonly<Record<string, () => Promise<void>>> = {
  size: measureSize,
  paint: measurePaint,
  streams: measureStreams,
  memory: measureMemory,
};
const asked = process.argv.slice(2);
for (const [name, measure] of Object.entries(measurements))
  if (asked.length === 0 || asked.includes(name)) await measure();
