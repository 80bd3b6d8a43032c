/** Power over time, drawn by uPlot: one area for each source. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Identity, PowerSeries } from '../../src/api.ts';
import { watts, who } from '../format.ts';
import { locale, say } from '../words/words.ts';
import { colorOf, painted } from './colors.ts';

const HEIGHT = 240;

interface Line {
  readonly name: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
}

/** What a node's meter measures. */
export const powerName = ({ kind }: Identity): string => say(kind === 'consumer' ? 'power' : 'powerProduced');

const linesOf = (series: PowerSeries, identity: Identity): readonly Line[] => {
  const origins = Object.entries(series.origins);
  if (origins.length === 0)
    return [{ name: powerName(identity), color: painted(colorOf('own', identity)), values: series.watts }];
  return origins.map(([source, values]) => ({
    name: source === 'own' ? say('ownSource') : who(source as `0x${string}`, identity),
    color: painted(colorOf(source, identity)),
    values,
  }));
};

/** Where one area ends and another begins both have the point between, so that no hole shows. */
const joined = (lines: readonly Line[], all: readonly (number | null)[]): (number | null)[][] =>
  lines.map(({ values }) =>
    values.map((value, i) => value ?? (values[i - 1] !== null && i > 0 ? (all[i] ?? null) : null)),
  );

/** A finger draws over the chart as a mouse does; up and down it moves the page. */
const drawnByTouch = (plot: uPlot): void => {
  const { over } = plot;
  let begun: number | undefined;
  const select = (event: PointerEvent, isDone: boolean): void => {
    if (begun === undefined) return;
    const place = event.clientX - over.getBoundingClientRect().left;
    const end = Math.min(Math.max(place, 0), over.clientWidth);
    const left = Math.min(begun, end);
    plot.setSelect({ left, top: 0, width: Math.abs(end - begun), height: over.clientHeight }, isDone);
  };
  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch' || !event.isPrimary) return;
    begun = event.clientX - over.getBoundingClientRect().left;
  });
  over.addEventListener('pointermove', (event) => select(event, false));
  over.addEventListener('pointerup', (event) => {
    select(event, true);
    begun = undefined;
  });
  over.addEventListener('pointercancel', () => {
    begun = undefined;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  });
};

export const Chart = ({
  series,
  identity,
  label,
  stale,
  onZoom,
}: {
  readonly series: PowerSeries;
  readonly identity: Identity;
  readonly label: string;
  readonly stale: boolean;
  /** A stretch was drawn over (Unix ms). */
  readonly onZoom: (from: number, to: number) => void;
}) => {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const lines = linesOf(series, identity);
  const shape = lines.map(({ name, color }) => `${name} ${color}`).join();

  // Another set of sources is another plot; new values only go into it.
  useEffect(() => {
    const box = place.current;
    if (!box) return undefined;
    const ink = painted('var(--ink-dim)');
    const grid = { stroke: painted('var(--line)'), width: 1 };
    const font = '12px system-ui, sans-serif';
    const time = new Intl.DateTimeFormat(locale(), { timeStyle: 'short' });
    const date = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', hour: '2-digit' });
    const made = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        ms: 1,
        cursor: { drag: { x: true, y: false, setScale: false } },
        legend: { show: lines.length > 1, live: false },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.08)] } },
        axes: [
          {
            stroke: ink,
            grid,
            ticks: grid,
            font,
            values: (_, instants) => {
              const span = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
              return instants.map((at) => (span > 26 * 3_600_000 ? date : time).format(at));
            },
          },
          { stroke: ink, grid, ticks: grid, font, size: 64, values: (_, ys) => ys.map((y) => watts(y)) },
        ],
        series: [
          {},
          ...lines.map(({ name, color }) => ({
            label: name,
            stroke: color,
            width: 2,
            fill: `color-mix(in srgb, ${color} 22%, transparent)`,
            points: { show: false },
          })),
        ],
        hooks: {
          ready: [drawnByTouch],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4) zoom.current(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'));
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [[]],
      box,
    );
    plot.current = made;
    const fit = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }));
    fit.observe(box);
    return () => {
      fit.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData([[...series.at], ...joined(lines, series.watts)]);
  }, [series, shape]);

  return <div class={stale ? 'chart stale' : 'chart'} ref={place} role="img" aria-label={label} />;
};
