import { userInfo } from 'node:os';
import { Duration, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openChip } from '../src/drivers/gpio/chip.ts';
import { takeLines } from '../src/drivers/gpio/lines.ts';
import {
  GET_CHIP_INFO,
  GET_LINE,
  GET_LINE_INFO,
  GET_VALUES,
  lineRequest,
  lineValues,
  outputConfig,
  readChipInfo,
  readLineInfo,
  SET_CONFIG,
  SET_VALUES,
} from '../src/drivers/gpio/uapi.ts';
import { createBoard, createGpioDriver, DriverFailed, inspectPins, restLines } from '../src/index.ts';
import { atLeast } from '../src/pause.ts';
import { both, off, on } from './support/bench.ts';
import { createFakeKernel, type FakeChip, fakeChip } from './support/fake-kernel.ts';

const PINS = [17, 18, 27, 22];
const pi = () => fakeChip('/dev/gpiochip0', 'pinctrl-bcm2711');

/** The bytes of a structure: zero but for these runs, as a C program with linux/gpio.h wrote them. */
const bytes = (size: number, runs: Readonly<Record<number, string>>): string => {
  const buffer = Buffer.alloc(size);
  for (const [offset, hex] of Object.entries(runs)) Buffer.from(hex, 'hex').copy(buffer, Number(offset));
  return buffer.toString('hex');
};

describe('the structures of the GPIO character device', () => {
  it('have the request numbers of linux/gpio.h', () => {
    expect([GET_CHIP_INFO, GET_LINE_INFO, GET_LINE, SET_CONFIG, GET_VALUES, SET_VALUES]).toEqual([
      0x8044b401n,
      0xc100b405n,
      0xc250b407n,
      0xc110b40dn,
      0xc010b40en,
      0xc010b40fn,
    ]);
  });

  it('are packed as the C compiler packs them', () => {
    expect(lineRequest([17, 18, 27], 'daisee relay', true).toString('hex')).toBe(
      bytes(592, { 0: '11000000120000001b', 256: '6461697365652072656c6179', 288: '02', 560: '03' }),
    );
    expect(outputConfig([true, false, true], true).toString('hex')).toBe(
      bytes(272, { 0: '0a', 8: '01', 32: '02', 40: '05', 48: '07' }),
    );
    expect(
      lineValues(
        new Map([
          [2, false],
          [1, true],
        ]),
      ).toString('hex'),
    ).toBe(bytes(16, { 0: '02', 8: '06' }));
  });

  it('are read as the kernel writes them', () => {
    const line = bytes(256, { 0: '4750494f3237', 32: '67617264656e2070756d70', 64: '1b', 72: '09' });
    expect(readLineInfo(Buffer.from(line, 'hex'))).toEqual({
      used: true,
      output: true,
      consumer: 'garden pump',
    });
    const chip = bytes(68, { 0: '6770696f6368697034', 32: '70696e6374726c2d727031', 64: '36' });
    expect(readChipInfo(Buffer.from(chip, 'hex'))).toEqual({
      name: 'gpiochip4',
      label: 'pinctrl-rp1',
      lines: 54,
    });
  });
});

describe('the GPIO chip', () => {
  it.each(['pinctrl-bcm2835', 'pinctrl-bcm2711', 'pinctrl-rp1'])(
    'of the header is found by its label %s, whatever its number',
    (label) => {
      const kernel = createFakeKernel([
        fakeChip('/dev/gpiochip0', 'raspberrypi-exp-gpio', 8),
        fakeChip('/dev/gpiochip4', label),
      ]);
      expect(openChip(kernel).path).toBe('/dev/gpiochip4');
      expect(kernel.opened.size).toBe(1);
    },
  );

  it('can be named by label, by name and by path', () => {
    const kernel = createFakeKernel([pi(), fakeChip('/dev/gpiochip1', 'mcp23017', 16)]);
    for (const named of ['mcp23017', 'gpiochip1', '/dev/gpiochip1'])
      expect(openChip(kernel, named).label).toBe('mcp23017');
  });

  it('that is not there is told together with those that are', () => {
    const kernel = createFakeKernel([fakeChip('/dev/gpiochip0', 'INT34C5:00')]);
    expect(() => openChip(kernel)).toThrow(
      /no GPIO chip of a Raspberry Pi's header \(.*\): there are gpiochip0 \(INT34C5:00\)\. Run the relay on/,
    );
    expect(() => openChip(createFakeKernel([]), 'pinctrl-rp1')).toThrow(
      'There is no GPIO chip pinctrl-rp1: this machine has none.',
    );
    expect(kernel.opened.size).toBe(0);
  });

  it('that may not be opened is told together with the group to join', () => {
    const chip = pi();
    chip.refuses = 'EACCES';
    expect(() => openChip(createFakeKernel([chip]))).toThrow(
      /may not open \/dev\/gpiochip0\. Add it to the group that owns the chip \("sudo usermod -aG gpio /,
    );
  });
});

describe('the pins', () => {
  const take = (chip = pi(), activeLow = false) => {
    const kernel = createFakeKernel([chip]);
    return { kernel, chip, lines: takeLines(kernel, { pins: PINS, activeLow, consumer: 'test' }) };
  };

  it('that were inputs become outputs at rest, without a pulse', () => {
    const { chip, kernel } = take();
    expect(PINS.map((pin) => chip.lines[pin]?.output)).toEqual([true, true, true, true]);
    expect(kernel.log).toEqual([]);
  });

  it('that an outside circuit pulls high as inputs are driven low, not kept high', () => {
    const chip = pi();
    for (const pin of PINS) Object.assign(chip.lines[pin] ?? {}, { level: 1 });
    const { kernel, lines } = take(chip);
    expect(kernel.log).toEqual(['17↓ 18↓ 27↓ 22↓']);
    expect(lines.read()).toEqual([false, false, false, false]);
  });

  it('that were driven stay as they are: the board brings them to rest in its order', () => {
    const chip = pi();
    Object.assign(chip.lines[17] ?? {}, { output: true, level: 1 });
    const { kernel, lines } = take(chip);
    expect(kernel.log).toEqual([]);
    expect(lines.read()).toEqual([true, false, false, false]);
  });

  it('change together in one call, and only those that are named', () => {
    const { kernel, lines } = take();
    lines.write(both(on(0, 1), off(2)));
    lines.write(both(off(0), on(3)));
    expect(kernel.log).toEqual(['17↑ 18↑', '17↓ 22↑']);
  });

  it('are high while off where the relays are on while low', () => {
    const chip = pi();
    for (const pin of PINS) Object.assign(chip.lines[pin] ?? {}, { level: 1 }); // the board's own resistors
    const { kernel, lines } = take(chip, true);
    expect(kernel.log).toEqual([]);
    lines.write(on(2));
    expect(kernel.log).toEqual(['27↓']);
    expect(lines.read()).toEqual([false, false, true, false]);
  });

  it('that somebody else holds are told together with the holder, and the chip is let go', () => {
    const chip = pi();
    Object.assign(chip.lines[27] ?? {}, { holder: 'garden pump' });
    const kernel = createFakeKernel([chip]);
    expect(() => takeLines(kernel, { pins: PINS, activeLow: false, consumer: 'test' })).toThrow(
      'GPIO 27 of pinctrl-bcm2711 is held by "garden pump". End it ("gpioinfo" lists who holds what), or choose other pins.',
    );
    expect(kernel.opened.size).toBe(0);
  });

  it.each([
    [[], '0 instead of 1 to 64'],
    [[17, 17], 'one is named twice'],
    [[17, 54], 'the chip has no line 54'],
    [[-1], 'the chip has no line -1'],
  ])('%j are refused: %s', (pins, reason) => {
    const kernel = createFakeKernel([pi()]);
    expect(() => takeLines(kernel, { pins, activeLow: false, consumer: 'test' })).toThrow(reason);
  });

  it('show what was written last, whatever was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.boolean())),
        fc.boolean(),
        (writes, activeLow) => {
          const { lines } = take(pi(), activeLow);
          const expected = lines.read();
          for (const write of writes) {
            const changes = new Map(Object.entries(write).map(([channel, is]) => [Number(channel), is]));
            for (const [channel, is] of changes) expected[channel] = is;
            lines.write(changes);
            expect(lines.read()).toEqual(expected);
          }
        },
      ),
    );
  });
});

describe('the driver', () => {
  it('holds the pins between open and close, and only then', async () => {
    const chip = pi();
    const kernel = createFakeKernel([chip]);
    const driver = createGpioDriver({ pins: PINS, guard: false, kernel });
    await expect(driver.write(on(0))).rejects.toThrow('Start the board first');
    await driver.open();
    expect(chip.lines[17]?.holder).toBe('daisee relay');
    await driver.write(on(0));
    expect(await driver.read()).toEqual([true, false, false, false]);
    await driver.write(off(0));
    await driver.close();
    await driver.close();
    expect(kernel.opened.size).toBe(0);
    expect(kernel.log).toEqual(['17↑', '17↓']);
  });
});

describe('the pins that are only looked at', () => {
  const holding = (pin: number, holder: string) => {
    const chip = fakeChip('/dev/gpiochip4', 'pinctrl-rp1');
    Object.assign(chip.lines[pin] ?? {}, { holder });
    return chip;
  };
  const inspect = (chip: FakeChip, pins = PINS) => {
    const kernel = createFakeKernel([fakeChip('/dev/gpiochip0', 'raspberrypi-exp-gpio', 8), chip]);
    try {
      return inspectPins({ pins }, kernel);
    } finally {
      expect([kernel.opened.size, kernel.log]).toEqual([0, []]);
      expect(chip.lines.some(({ output }) => output)).toBe(false);
    }
  };

  it('are found by the label of their chip, free or with the relay that runs, and stay as they are', () => {
    expect(inspect(holding(5, 'a lamp'))).toEqual({
      chip: 'pinctrl-rp1',
      path: '/dev/gpiochip4',
      heldByRelay: false,
    });
    for (const ours of ['daisee relay', 'daisee relay rest'])
      expect(inspect(holding(27, ours)).heldByRelay).toBe(true);
  });

  it('are refused as the driver would refuse them: held by another, unknown, or on no such chip', () => {
    expect(() => inspect(holding(27, 'garden pump'))).toThrow(
      'GPIO 27 of pinctrl-rp1 is held by "garden pump"',
    );
    expect(() => inspect(holding(5, 'a lamp'), [17, 60])).toThrow('the chip has no line 60');
    expect(() => inspect(fakeChip('/dev/gpiochip1', 'mcp23017', 16))).toThrow('There is no GPIO chip');
  });
});

describe('a board whose pins cannot be taken', () => {
  const user = userInfo().username;
  const busy = pi();
  Object.assign(busy.lines[27] ?? {}, { holder: 'garden pump' });
  const lineOf = async (chip: FakeChip, pins = PINS): Promise<unknown> => {
    const driver = createGpioDriver({ pins, guard: false, kernel: createFakeKernel([chip]) });
    const board = createBoard({ driver, clock: systemClock });
    return board.start().then(
      () => undefined,
      ({ message, retryable }: DriverFailed) => [message, retryable],
    );
  };

  it.each([
    [
      'has no chip of the header',
      fakeChip('/dev/gpiochip0', 'INT34C5:00'),
      PINS,
      "The relay board could not open: There is no GPIO chip of a Raspberry Pi's header (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1): there are gpiochip0 (INT34C5:00). Run the relay on the machine that carries the board, or name its chip by label or path.",
      false,
    ],
    [
      'may not open it',
      { ...pi(), refuses: 'EACCES' },
      PINS,
      `The relay board could not open: User ${user} may not open /dev/gpiochip0. Add it to the group that owns the chip ("sudo usermod -aG gpio ${user}" on Raspberry Pi OS) and log in again.`,
      false,
    ],
    [
      'finds a pin held by another',
      busy,
      PINS,
      'The relay board could not open: GPIO 27 of pinctrl-bcm2711 is held by "garden pump". End it ("gpioinfo" lists who holds what), or choose other pins.',
      true,
    ],
    [
      'is told a pin that the chip does not have',
      pi(),
      [17, 18, 27, 60],
      "The relay board could not open: The relay's GPIO pins 17, 18, 27, 60 cannot be used: the chip has no line 60. Give each channel a BCM pin of its own, like 17, 18, 27, 22.",
      false,
    ],
  ])('as it %s says so in one line with its own remedy', async (_, chip, pins, message, retryable) => {
    expect(await lineOf(chip, pins)).toEqual([message, retryable]);
  });

  it('for what the kernel alone says is told to look at wiring and power', () => {
    expect(new DriverFailed('read its channels', new Error('EIO: i/o error')).message).toBe(
      'The relay board could not read its channels: EIO: i/o error. Check its wiring and power; it is brought to rest as soon as it answers.',
    );
  });
});

describe('rest without the service', () => {
  const driven = () => {
    const chip = pi();
    for (const pin of PINS) Object.assign(chip.lines[pin] ?? {}, { output: true, level: 1 });
    return chip;
  };

  it('lets the sellers go first, and the own sources after the break', async () => {
    const kernel = createFakeKernel([driven()]);
    const from = performance.now();
    expect(await restLines({ own: [0, 1], breakTime: 30, kernel })).toEqual([true, true, true, true]);
    expect(performance.now() - from).toBeGreaterThanOrEqual(29);
    expect(kernel.log).toEqual(['27↓ 22↓', '17↓ 18↓']);
    expect(kernel.opened.size).toBe(0);
  });

  it('moves nothing that is at rest', async () => {
    const kernel = createFakeKernel([pi()]);
    expect(await restLines({ own: [0, 1], kernel })).toEqual([false, false, false, false]);
    expect(kernel.log).toEqual([]);
  });

  it('keeps the own source open while the contact of a seller does not open', async () => {
    const chip = driven();
    Object.assign(chip.lines[22] ?? {}, { stuck: true });
    const kernel = createFakeKernel([chip]);
    await expect(restLines({ own: [0, 1], kernel })).rejects.toThrow('GPIO 22 did not go to rest');
    expect(kernel.log).toEqual(['27↓']);
  });

  it('waits for pins that a dying process still holds, as long as it is told to', async () => {
    const chip = driven();
    const kernel = createFakeKernel([chip]);
    const dying = takeLines(kernel, { pins: PINS, activeLow: false, consumer: 'daisee relay' });
    await expect(restLines({ kernel })).rejects.toThrow('held by "daisee relay"');
    setTimeout(() => dying.release(), 40);
    expect(await restLines({ kernel, wait: 10_000 })).toEqual([true, true, true, true]);
    expect(kernel.log).toEqual(['17↓ 18↓ 27↓ 22↓']);
  });

  it('refuses an own channel that the board does not have', async () => {
    await expect(restLines({ own: [4], kernel: createFakeKernel([pi()]) })).rejects.toThrow(
      'there is no channel 4',
    );
  });
});

describe('the break', () => {
  it('is never shorter than asked for, also when its event loop has worked since it last looked at the time', async () => {
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      const busy = performance.now() + 20;
      while (performance.now() < busy);
      const from = performance.now();
      await atLeast(Duration(25));
      expect(performance.now() - from).toBeGreaterThanOrEqual(25);
    }
  });
});
