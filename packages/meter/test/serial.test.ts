/**
 * The serial driver on two edges: serialport's own mock binding, always; and a real pseudo-terminal through the native
 * binding where python3 is there to open one (Node cannot; the suite must not need anything installed by hand).
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Duration, systemClock } from '@daisee/units';
import { SerialPortMock } from 'serialport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Absence,
  createSerialMeter,
  isAbsence,
  type Sample,
  type SerialMeterOptions,
  type SerialStream,
  type SerialWarning,
} from '../src/index.ts';

const PATH = '/dev/daisee-test';
const settled = () => systemClock.sleep(Duration(5));

/** Collects from a serial meter in the background until stopped. */
const collector = (options: Partial<SerialMeterOptions>) => {
  const samples: Sample[] = [];
  const absences: Absence[] = [];
  const warnings: SerialWarning[] = [];
  const stop = new AbortController();
  const meter = createSerialMeter({
    name: 'Node 1',
    path: PATH,
    clock: systemClock,
    reopenAfter: Duration(10),
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  const ended = (async () => {
    for await (const told of meter.samples(stop.signal))
      if (isAbsence(told)) absences.push(told);
      else samples.push(told);
  })();
  const until = async (condition: () => boolean) => {
    while (!condition()) await settled();
  };
  return {
    samples,
    absences,
    warnings,
    kinds: () => warnings.map((warning) => warning.kind),
    powers: () => samples.map((sample) => sample.power),
    until,
    count: (wanted: number) => until(() => samples.length >= wanted),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
};

describe('a serial meter on a mock port', () => {
  let port: SerialPortMock | undefined;
  const stream = (path: string, baudRate: number): SerialStream => {
    port = new SerialPortMock({ path, baudRate, autoOpen: false });
    return port;
  };
  beforeEach(() => {
    port = undefined;
    SerialPortMock.binding.createPort(PATH, { echo: false, record: false });
  });
  afterEach(() => SerialPortMock.binding.reset());

  const opened = async () => {
    const isOpen = () => port?.isOpen === true;
    while (!isOpen()) await settled();
  };
  const send = async (text: string) => {
    await opened();
    // Without a pause the mock joins what is sent before the stream reads.
    port?.port?.emitData(Buffer.from(text, 'latin1'));
    await settled();
  };

  it('reads volts, state of charge and power of the fuel gauge’s lines, each as what it is', async () => {
    await using meter = collector({ stream });
    await send('x\r\n3.9800|87.50|12.34\r\n3.9700|87.25|-0.50\r\n');
    await meter.count(2);
    expect(meter.samples).toMatchObject([
      { voltage: 3.98, stateOfCharge: 87.5, power: 12.34 },
      { voltage: 3.97, stateOfCharge: 87.25, power: -0.5 },
    ]);
    expect(Math.abs((meter.samples[0]?.at ?? 0) - systemClock.now())).toBeLessThan(60_000);
    expect(meter.warnings).toEqual([]);
  });

  it('reads lines of power alone', async () => {
    await using meter = collector({ stream, format: 'power' });
    await send('4\r\n12.34\r\n-0.02\r\n');
    await meter.count(2);
    expect(meter.powers()).toEqual([12.34, -0.02]);
    expect(meter.samples[0]).not.toHaveProperty('stateOfCharge');
  });

  it.each(['auto', 'gauge'] as const)(
    'counts the power while the fuel gauge is silent, as the sketch says it (%s)',
    async (format) => {
      await using meter = collector({ stream, format });
      await send('\r\n3.9800|87.50|1.00\r\n||12.34\r\n||-0.50\r\n3.9800|87.25|2.00\r\n');
      await meter.count(4);
      expect(meter.powers()).toEqual([1, 12.34, -0.5, 2]);
      expect(meter.samples[1]).not.toHaveProperty('stateOfCharge');
      expect(meter.samples[1]).not.toHaveProperty('voltage');
      expect(meter.warnings).toEqual([]);
    },
  );

  it('takes no piece of such a line for a reading', async () => {
    await using meter = collector({ stream });
    await send('\r\n||1.00\r\n|2.34\r\n3.45\r\n||\r\n3.98||1.00\r\n|87.50|1.00\r\n||2.00\r\n');
    await meter.count(2);
    expect(meter.powers()).toEqual([1, 2]);
    expect(meter.warnings.at(0)).toMatchObject({ kind: 'garbage' });
  });

  it('finds the format by itself, once two lines agree', async () => {
    await using meter = collector({ stream });
    await send('4\r\n12.34\r\n12.35\r\n12.36\r\n');
    await meter.count(2);
    expect(meter.powers()).toEqual([12.35, 12.36]);
  });

  it('drops the fragment that it opens on, even when it looks like a line', async () => {
    await using meter = collector({ stream });
    await send('2.34\r\n3.9800|87.50|1.00\r\n');
    await meter.count(1);
    expect(meter.powers()).toEqual([1]);
    expect(meter.warnings).toEqual([]);
  });

  it('never takes the rest of a gauge line for a power', async () => {
    await using meter = collector({ stream });
    await send('\r\n3.9800|87.50|1.00\r\n2.34\r\n3.9800|87.50|2.00\r\n');
    await meter.count(2);
    expect(meter.powers()).toEqual([1, 2]);
    expect(meter.kinds()).toEqual(['garbage']);
  });

  it('puts lines together from any pieces', async () => {
    await using meter = collector({ stream });
    await send('\r\n');
    for (const piece of ['3.98', '00|8', '7.5', '0|12.34', '\r', '\n3.9', '800|87.00|5.00\r\n'])
      await send(piece);
    await meter.count(2);
    expect(meter.powers()).toEqual([12.34, 5]);
  });

  it('survives a partial line and garbage, which killed v0.2’s collector, and says so', async () => {
    await using meter = collector({ stream, format: 'gauge' });
    const bad = [
      '3.9800|',
      '|87.50|',
      'nan',
      '3.9800|87.50',
      '3.9800|87.50|1.00|9',
      '3.98|999|1.00',
      '\u0000\u00ff',
      '|',
    ];
    await send(`\r\n${bad.join('\r\n')}\r\n3.9800|87.50|12.34\r\n`);
    await meter.count(1);
    expect(meter.powers()).toEqual([12.34]);
    expect(meter.warnings).toHaveLength(1);
    expect(meter.warnings[0]).toMatchObject({ kind: 'garbage', count: 1 });
    expect(meter.warnings[0]?.message).toMatch(
      /^Meter Node 1 on \/dev\/daisee-test: unreadable line "3\.9800\|" .* at 9600 baud\.$/,
    );
  });

  it('keeps no endless line of a wrong baud rate', async () => {
    await using meter = collector({ stream });
    await send('\u00fe'.repeat(5000));
    await send('\r\n3.9800|87.50|12.34\r\n');
    await meter.count(1);
    expect(meter.powers()).toEqual([12.34]);
    expect(meter.kinds()).toEqual(['garbage']);
  });

  it('shows a gauge that reads over 100 % as full', async () => {
    await using meter = collector({ stream });
    await send('\r\n4.2000|101.30|1.00\r\n');
    await meter.count(1);
    expect(meter.samples[0]?.stateOfCharge).toBe(100);
  });

  it('waits for a port that is not there and takes it when it comes', async () => {
    SerialPortMock.binding.reset();
    await using meter = collector({ stream });
    await meter.until(() => meter.warnings.length > 0);
    expect(meter.warnings[0]?.kind).toBe('unavailable');
    expect(meter.warnings[0]?.message).toContain('group dialout');
    SerialPortMock.binding.createPort(PATH);
    await send('\r\n3.9800|87.50|12.34\r\n');
    await meter.count(1);
    expect(meter.powers()).toEqual([12.34]);
  });

  it('is absent since its last line when it falls silent', async () => {
    await using meter = collector({ stream, silence: Duration(30) });
    await send('x\r\n3.9800|87.50|12.34\r\n');
    await meter.until(() => meter.absences.length === 1);
    const last = meter.samples.at(-1)?.at ?? Number.NaN;
    expect(meter.absences).toEqual([{ at: last + 1, absent: 'silent' }]);
  });

  it('opens the port again when it falls silent', async () => {
    await using meter = collector({ stream, silence: Duration(30) });
    await opened();
    const first = port;
    await meter.until(() => meter.warnings.length > 0);
    expect(meter.kinds()[0]).toBe('silent');
    await meter.until(() => port !== first);
  });

  it('leaves the port closed when it is stopped', async () => {
    {
      await using meter = collector({ stream });
      await send('\r\n3.9800|87.50|12.34\r\n');
      await meter.count(1);
    }
    expect(port?.isOpen).toBe(false);
  });
});

/** Opens a pseudo-terminal, prints its device, and writes what it gets as hex lines to it. */
const PTY = `
import os, pty, sys, tty
m, s = pty.openpty()
tty.setraw(s)
print(os.ttyname(s), flush=True)
for line in sys.stdin.buffer:
    os.write(m, bytes.fromhex(line.decode().strip()))
`;
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

describe.runIf(hasPython)('a serial meter on a pseudo-terminal', () => {
  let directory = '';
  let device = '';
  let python: ChildProcessByStdio<Writable, Readable, null> | undefined;

  /** A fresh pseudo-terminal behind the same device name, as udev gives a replugged Arduino. */
  const plugIn = async () => {
    const child = spawn('python3', ['-u', '-c', PTY], { stdio: ['pipe', 'pipe', 'inherit'] });
    python = child;
    const [chunk]: unknown[] = await once(child.stdout, 'data');
    await symlink(String(chunk).trim(), device);
  };
  const unplug = async () => {
    const child = python;
    python = undefined;
    if (!child) return;
    await unlink(device);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const send = (text: string) => python?.stdin.write(`${Buffer.from(text).toString('hex')}\n`);

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'daisee-pty-'));
    device = path.join(directory, 'ttyACM0');
    await plugIn();
  });
  afterEach(async () => {
    await unplug();
    await rm(directory, { recursive: true });
  });

  it('reads lines through the native binding, and again after an unplug and a replug', async () => {
    await using meter = collector({ path: device, reopenAfter: Duration(50) });
    const feed = async (line: string, wanted: number) => {
      while (meter.samples.length < wanted) {
        send(line);
        await systemClock.sleep(Duration(20));
      }
    };
    await feed('3.9800|87.50|12.34\r\n', 1);
    expect(meter.samples[0]).toMatchObject({ voltage: 3.98, stateOfCharge: 87.5, power: 12.34 });
    await unplug();
    await meter.until(() => meter.kinds().includes('lost'));
    const before = meter.samples.length;
    await plugIn();
    await feed('3.9800|86.50|7.00\r\n', before + 1);
    expect(meter.powers().at(-1)).toBe(7);
  });
});
