/**
 * Compiles the sketch for an Arduino Uno in both formats, runs it in a simulated one, and reads what it prints with the
 * driver of the meter room; compiles the overlay of the sensors too. `npm run hardware:sketch`
 *
 * The toolchain comes from Debian's packages, unpacked below a cache (DAISEE_SKETCH_CACHE, default
 * ~/.cache/daisee-sketch, 120 MB); nothing is installed. Where it cannot be had, one line says so and nothing fails.
 * The simulated chip shows that the code is right; it cannot show what a real ACS712, its wires and its supply do.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { createSerialMeter, isAbsence, type Sample, type SerialStream } from '../packages/meter/src/index.ts';
import { DaiseeError, Duration, messageOf, systemClock } from '../packages/units/src/index.ts';

const ARDUINO = path.join(import.meta.dirname, '../hardware/arduino');
const SKETCH = path.join(ARDUINO, 'daisee-meter/daisee-meter.ino');
const CACHE = process.env['DAISEE_SKETCH_CACHE'] ?? path.join(homedir(), '.cache/daisee-sketch');
const PACKAGES = [
  'gcc-avr',
  'binutils-avr',
  'avr-libc',
  'arduino-core-avr',
  'libsimavr2',
  'libsimavr-dev',
  // What those need and a machine with a compiler has anyway.
  'libelf1',
  'libgmp10',
  'libmpc3',
  'libmpfr6',
  'device-tree-compiler',
  'libfdt1',
  'libyaml-0-2',
];
/** Another list of packages, another directory. */
const ROOT = path.join(CACHE, createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8));

class SketchError extends DaiseeError {
  constructor(what: string) {
    super({ code: 'sketch.failed', message: what, retryable: false });
  }
}

/** Thrown when Debian's packages cannot be had here. */
class NoToolchain extends DaiseeError {
  constructor(why: string) {
    super({ code: 'sketch.toolchain', message: why, retryable: true });
  }
}

const libraries = (): string[] => globSync(path.join(ROOT, 'usr/lib/*-linux-gnu'));

const run = (command: string, args: readonly string[], cwd = ARDUINO): SpawnSyncReturns<string> =>
  spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: libraries().join(':') },
  });

/** @throws SketchError with what the command said */
const mustRun = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr, error } = run(command, args);
  if (status === 0) return stdout;
  throw new SketchError(`${path.basename(command)} failed: ${error ? messageOf(error) : stderr.trim()}`);
};

/** @throws NoToolchain */
const unpackToolchain = (): void => {
  const done = path.join(ROOT, '.complete');
  if (existsSync(done)) return;
  rmSync(ROOT, { recursive: true, force: true });
  const debs = path.join(CACHE, 'debs');
  mkdirSync(debs, { recursive: true });
  // apt's own user may not write to the cache.
  const options = ['-qq', '-o', 'APT::Sandbox::User=root'];
  const download = () => run('apt-get', [...options, 'download', ...PACKAGES], debs);
  let got = download();
  if (got.error) throw new NoToolchain('there is no apt-get here');
  if (got.status !== 0 && process.getuid?.() === 0) {
    run('apt-get', [...options, 'update']);
    got = download();
  }
  if (got.status !== 0)
    throw new NoToolchain(`apt-get download: ${got.stderr.trim().split('\n').at(-1) ?? 'failed'}`);
  mkdirSync(ROOT, { recursive: true });
  for (const deb of globSync('*.deb', { cwd: debs })) mustRun('dpkg', ['-x', path.join(debs, deb), ROOT]);
  rmSync(debs, { recursive: true });
  writeFileSync(done, '');
};

const CORE = path.join(ROOT, 'usr/share/arduino/hardware/arduino/avr');
const avr = (tool: string): string => path.join(ROOT, 'usr/bin', `avr-${tool}`);

/** As the Arduino IDE compiles for an Uno (platform.txt and boards.txt of its core), with warnings as errors. */
const compile = (withGauge: boolean, out: string): string => {
  mkdirSync(out);
  const common = [
    '-mmcu=atmega328p',
    '-Os',
    '-flto',
    '-ffunction-sections',
    '-fdata-sections',
    '-DF_CPU=16000000L',
    '-DARDUINO=10819',
    '-DARDUINO_AVR_UNO',
    '-DARDUINO_ARCH_AVR',
    // Debian's gcc-avr is older than the IDE's, and its float.h hides this from C++.
    '-DDECIMAL_DIG=__DECIMAL_DIG__',
    ...['cores/arduino', 'variants/standard', 'libraries/Wire/src'].map(
      (part) => `-I${path.join(CORE, part)}`,
    ),
    `-DWITH_GAUGE=${withGauge ? 1 : 0}`,
  ];
  const cpp = ['-std=gnu++11', '-fpermissive', '-fno-exceptions', '-fno-threadsafe-statics'];
  const source = path.join(out, 'sketch.cpp');
  writeFileSync(
    source,
    `#include <Arduino.h>\n#line 1 "${path.basename(SKETCH)}"\n${readFileSync(SKETCH, 'utf8')}`,
  );
  mustRun(avr('g++'), [...common, ...cpp, '-Wall', '-Wextra', '-Werror', '-c', source, '-o', `${source}.o`]);
  for (const file of globSync('{cores/arduino,libraries/Wire/src{,/utility}}/*.{c,cpp,S}', {
    cwd: CORE,
  })) {
    const language = file.endsWith('.S') ? ['-x', 'assembler-with-cpp'] : [];
    const [compiler, flags] = file.endsWith('.cpp') ? ['g++', cpp] : ['gcc', language];
    const object = path.join(out, `${path.basename(file)}.o`);
    mustRun(avr(compiler), [...common, ...flags, '-w', '-c', path.join(CORE, file), '-o', object]);
  }
  const elf = path.join(out, 'sketch.elf');
  const objects = globSync(path.join(out, '*.o'));
  mustRun(avr('gcc'), [
    '-mmcu=atmega328p',
    '-Os',
    '-flto',
    '-Wl,--gc-sections',
    ...objects,
    '-o',
    elf,
    '-lm',
  ]);
  return elf;
};

/** Bytes of flash and of memory before the stack; an Uno has 32,256 beside its boot loader, and 2,048. */
const sizeOf = (elf: string): { flash: number; memory: number } => {
  const [text = 0, data = 0, bss = 0] = (mustRun(avr('size'), [elf]).split('\n')[1] ?? '')
    .trim()
    .split(/\s+/)
    .map(Number);
  return { flash: text + data, memory: data + bss };
};

const buildSimulator = (out: string): string => {
  const [library = ''] = libraries().filter((directory) => existsSync(path.join(directory, 'libsimavr.so')));
  const include = path.join(ROOT, 'usr/include');
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', `-I${include}`, `-I${include}/simavr`];
  const linked = [`-L${library}`, '-lsimavr', '-l:libelf.so.1', '-lm'];
  mustRun('gcc', [...flags, path.join(ARDUINO, 'simulator.c'), '-o', out, ...linked]);
  return out;
};

/** What the driver makes of bytes, in pieces of 7 as a slow line gives them. */
const readings = async (
  bytes: string,
  format: 'gauge' | 'power',
): Promise<{ samples: Sample[]; garbage: number }> => {
  const stop = new AbortController();
  let take: (bytes: Uint8Array) => void = () => undefined;
  let end: (error: null) => void = () => undefined;
  const stream: SerialStream = {
    isOpen: true,
    on(event: 'data' | 'close' | 'error', listener: (value: never) => void) {
      if (event === 'data') take = listener as typeof take;
      if (event === 'close') end = listener as typeof end;
    },
    open(done) {
      done(null);
      for (let at = 0; at < bytes.length; at += 7) take(Buffer.from(bytes.slice(at, at + 7), 'latin1'));
      end(null);
    },
    close: (done) => done(null),
  };
  let garbage = 0;
  const meter = createSerialMeter({
    name: 'sketch',
    path: 'simulated',
    format,
    clock: systemClock,
    reopenAfter: Duration(60_000),
    stream: () => stream,
    onWarning: ({ kind }) => {
      if (kind === 'garbage') garbage += 1;
      if (kind === 'lost') stop.abort();
    },
  });
  const samples: Sample[] = [];
  for await (const told of meter.samples(stop.signal)) if (!isAbsence(told)) samples.push(told);
  return { samples, garbage };
};

/** One run of the board, and what its lines must say. */
interface Trial {
  readonly what: string;
  readonly withGauge: boolean;
  readonly seconds: number;
  readonly events: readonly string[];
  /** Expected power of the last line, watts, within 1 % or 0.05 W. */
  readonly power: number;
  readonly lines: number;
  readonly garbage?: number;
  readonly stateOfCharge?: number;
  readonly voltage?: number;
}

/** 1 A through a 5 A sensor is 185 mV over the middle; 12 V behind the divider is 2.4 V. */
const TRIALS: readonly Trial[] = [
  {
    what: '12 W with the gauge at 87.5 %',
    withGauge: true,
    seconds: 3.5,
    events: ['0:a0=2685', '0:a1=2400', '0:vcell=3.98', '0:soc=87.5'],
    power: 12,
    lines: 3,
    stateOfCharge: 87.5,
    voltage: 3.98,
  },
  {
    what: 'current the other way on a supply of 4.7 V',
    withGauge: false,
    seconds: 2.5,
    events: ['0:supply=4700', '0:a0=2176.1', '0:a1=2400'],
    power: -12,
    lines: 2,
  },
  {
    what: 'a sensor 30 mV off its middle, its zero measured with D2 at ground and kept over a reset',
    withGauge: false,
    seconds: 5.5,
    events: ['0:d2=0', '0:a0=2530', '0:a1=2400', '1.5:d2=1', '1.5:a0=2715', '3:reset=1'],
    power: 12,
    lines: 4,
    garbage: 1,
  },
  {
    what: 'no zero from a line that carries current',
    withGauge: false,
    seconds: 3.5,
    events: ['0:d2=0', '0:a0=2870', '0:a1=2400'],
    power: 24,
    lines: 2,
    garbage: 1,
  },
];

const near = (value: number | undefined, expected: number): boolean =>
  value !== undefined && Math.abs(value - expected) <= Math.max(0.05, Math.abs(expected) / 100);

/** @throws SketchError naming what differs */
const check = async (simulator: string, elf: string, trial: Trial): Promise<void> => {
  const bytes = mustRun(simulator, [elf, String(trial.seconds), ...trial.events]);
  // The driver drops the first line that it sees, which may be the end of one.
  const { samples, garbage } = await readings(`\r\n${bytes}`, trial.withGauge ? 'gauge' : 'power');
  const last = samples.at(-1);
  const right =
    samples.length === trial.lines &&
    garbage === (trial.garbage ?? 0) &&
    bytes.endsWith('\r\n') &&
    near(last?.power, trial.power) &&
    last?.stateOfCharge === trial.stateOfCharge &&
    last?.voltage === trial.voltage;
  if (!right)
    throw new SketchError(
      `${trial.what}: expected ${JSON.stringify(trial)}, the board sent ${JSON.stringify(bytes)}.`,
    );
  console.log(`  ${trial.what}: ${last?.power} W`);
};

/** A gauge that stops answering must not stop the power: its fields are empty then. */
const checkLostGauge = (simulator: string, elf: string): void => {
  const bytes = mustRun(simulator, [
    elf,
    '4.5',
    '0:a0=2685',
    '0:a1=2400',
    '0:vcell=3.9',
    '0:soc=50',
    '2.5:gauge=0',
  ]);
  const [, , third = '', fourth = ''] = bytes.split('\r\n');
  if (!/^\|\|1[12]\.\d\d$/.test(third) || !/^\|\|1[12]\.\d\d$/.test(fourth))
    throw new SketchError(`A gauge that stops answering: the board sent ${JSON.stringify(bytes)}.`);
  console.log(`  a gauge that stops answering: ${fourth}`);
};

/** The overlay, put into a tree that has what a Raspberry Pi's has of it. */
const checkOverlay = (): void => {
  const overlay = path.join(ARDUINO, '../raspberrypi/daisee-sensors.dts');
  const base = path.join(out, 'base.dts');
  writeFileSync(base, '/dts-v1/; / { compatible = "brcm,bcm2835"; i2c_arm: i2c { status = "disabled"; }; };');
  const tool = (name: string): string => path.join(ROOT, 'usr/bin', name);
  for (const source of [overlay, base])
    mustRun(tool('dtc'), [
      '-@',
      '-I',
      'dts',
      '-O',
      'dtb',
      '-o',
      path.join(out, `${path.basename(source)}.dtb`),
      source,
    ]);
  const applied = path.join(out, 'applied.dtb');
  mustRun(tool('fdtoverlay'), ['-i', `${base}.dtb`, '-o', applied, path.join(out, 'daisee-sensors.dts.dtb')]);
  const text = mustRun(tool('dtc'), ['-I', 'dtb', '-O', 'dts', applied]);
  for (const expected of [
    'ti,ina219',
    'reg = <0x40>',
    'shunt-resistor = <0x186a0>',
    'maxim,max17043',
    'status = "okay"',
  ])
    if (!text.includes(expected)) throw new SketchError(`The overlay of the sensors brings no ${expected}.`);
  console.log('overlay daisee-sensors: compiled and applied');
};

const out = mkdtempSync(path.join(tmpdir(), 'daisee-sketch-'));
try {
  unpackToolchain();
  const elves = new Map(
    [true, false].map((gauge) => [gauge, compile(gauge, path.join(out, `gauge-${gauge}`))]),
  );
  for (const [gauge, elf] of elves) {
    const { flash, memory } = sizeOf(elf);
    console.log(`sketch with WITH_GAUGE ${gauge ? 1 : 0}: ${flash} bytes of flash, ${memory} of memory`);
  }
  checkOverlay();
  const simulator = buildSimulator(path.join(out, 'simulator'));
  for (const trial of TRIALS) await check(simulator, elves.get(trial.withGauge) ?? '', trial);
  checkLostGauge(simulator, elves.get(true) ?? '');
} catch (error) {
  if (error instanceof NoToolchain) console.log(`sketch not compiled, no toolchain: ${error.message}`);
  else {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
