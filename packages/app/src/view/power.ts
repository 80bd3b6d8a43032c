/** The power chart's columns: what the meter measured, and which source it came from. */
import { Duration, type Instant } from '@daisee/units';
import type { PowerSeries } from '../api.ts';
import type { AppAgent, AppMonitor } from './ports.ts';

/** Bars narrower than the meter's samples would be mostly empty. */
const SHORTEST_STEP = 1000;

/** Mean power in `points` steps of a window, each at its middle. @throws what the monitor's client throws */
export const powerSeries = async (
  monitor: AppMonitor,
  agent: Pick<AppAgent, 'sources'> | undefined,
  { from, to, points }: { readonly from: Instant; readonly to: Instant; readonly points: number },
): Promise<PowerSeries> => {
  const step = Duration(Math.max(SHORTEST_STEP, Math.ceil((to - from) / points)));
  const watts = (await monitor.powerBySteps(from, to, step)).map((mean) => mean ?? null);
  const at = watts.map((_, i) => Math.round(from + (i + 0.5) * step));
  const switches = (await agent?.sources(from, to)) ?? [];
  const origins: Record<string, (number | null)[]> = {};
  let next = 0;
  let source: string | undefined;
  for (const [i, instant] of at.entries()) {
    for (let turn = switches[next]; turn && turn.at <= instant; turn = switches[next]) {
      ({ source } = turn);
      next++;
    }
    if (source === undefined) continue;
    const column = origins[source] ?? watts.map(() => null);
    origins[source] = column;
    column[i] = watts[i] ?? null;
  }
  return { at, watts, origins };
};
