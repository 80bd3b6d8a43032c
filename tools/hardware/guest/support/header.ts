/** A simulated 40-pin header (gpio-sim), and what its pins carried, from the kernel's own trace. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CONFIG = '/sys/kernel/config/gpio-sim';
const TRACE = '/sys/kernel/tracing';
const KEEP = '/sys/module/gpio_sim/parameters/keep_driven';

/** The machine's monotonic time, ms: the clock of the trace. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

const text = (path: string): string => readFileSync(path, 'utf8').trim();

/** One change that the kernel made to a line, or one look at it. */
export interface TraceEvent {
  /** Machine's monotonic time, ms. */
  readonly at: number;
  readonly pin: number;
  readonly what: 'set' | 'get' | 'in' | 'out';
  readonly level: number;
}

export interface Header {
  readonly label: string;
  /** The device file's path. */
  readonly path: string;
  /** What the pin carries now. */
  level(pin: number): number;
  levels(pins: readonly number[]): string;
  /** What the circuit outside does to a pin that nobody drives. */
  pull(pin: number, to: 'pull-up' | 'pull-down'): void;
  /** Forgets the trace so far. */
  clear(): void;
  /** Everything since. */
  trace(): TraceEvent[];
}

/** Like Raspberry Pi OS (true), or like mainline, where a line falls to its pull when its holder lets go. */
export const keepDriven = (keep: boolean): void => writeFileSync(KEEP, keep ? '1' : '0');

/** Makes a chip as a Raspberry Pi has it, in place of another test's: 54 lines, all inputs, line n is BCM pin n. */
export const createHeader = (name: string, label: string, lines = 54): Header => {
  const device = join(CONFIG, name);
  if (existsSync(device)) {
    writeFileSync(join(device, 'live'), '0');
    rmdirSync(join(device, 'bank0'));
    rmdirSync(device);
  }
  mkdirSync(join(device, 'bank0'), { recursive: true });
  writeFileSync(join(device, 'bank0/num_lines'), String(lines));
  writeFileSync(join(device, 'bank0/label'), label);
  writeFileSync(join(device, 'live'), '1');
  const chip = text(join(device, 'bank0/chip_name'));
  const sim = join('/sys/devices/platform', text(join(device, 'dev_name')), chip);
  const legacy = readdirSync('/sys/class/gpio')
    .map((entry) => join('/sys/class/gpio', entry))
    .find((entry) => existsSync(join(entry, 'label')) && text(join(entry, 'label')) === label);
  if (!legacy) throw new Error(`gpio-sim made no chip ${label}; see dmesg in the guest.`);
  const base = Number(text(join(legacy, 'base')));
  writeFileSync(join(TRACE, 'trace_clock'), 'mono');
  writeFileSync(join(TRACE, 'events/gpio/enable'), '1');
  const level = (pin: number): number => Number(text(join(sim, `sim_gpio${pin}`, 'value')));
  return {
    label,
    path: join('/dev', chip),
    level,
    levels: (pins) => pins.map(level).join(''),
    pull: (pin, to) => writeFileSync(join(sim, `sim_gpio${pin}`, 'pull'), to),
    clear: () => writeFileSync(join(TRACE, 'trace'), ''),
    trace: () =>
      [
        ...text(join(TRACE, 'trace')).matchAll(
          / (\d+\.\d+): gpio_(value|direction): (\d+) +(\w+) \(?(-?\d+)/g,
        ),
      ].flatMap(([, at, , line, what, value]) => {
        const pin = Number(line) - base;
        if (pin < 0 || pin >= lines) return [];
        return [{ at: Number(at) * 1000, pin, what: what as TraceEvent['what'], level: Number(value) }];
      }),
  };
};
