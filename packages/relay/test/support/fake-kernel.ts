/**
 * A GPIO chip in memory that answers the kernel's requests, byte by byte as include/uapi/linux/gpio.h lays them out;
 * written without the driver's own packing. It records every change of a level.
 */
import { constants } from 'node:os';
import type { GpioKernel } from '../../src/drivers/gpio/kernel.ts';

const { ENODEV, EBUSY, EINVAL, EBADF } = constants.errno;

interface Line {
  output: boolean;
  level: number;
  activeLow: boolean;
  holder: string | undefined;
  stuck: boolean;
}

export interface FakeChip {
  readonly path: string;
  readonly label: string;
  readonly lines: Line[];
  /** Opening it fails with this code. */
  refuses?: string;
}

/** `17↑ 18↑` for a rise of both in one call. */
export interface FakeKernel extends GpioKernel {
  readonly log: string[];
  readonly opened: Set<number>;
}

export const fakeChip = (path: string, label: string, lines = 54): FakeChip => ({
  path,
  label,
  lines: Array.from({ length: lines }, () => ({
    output: false,
    level: 0,
    activeLow: false,
    holder: undefined,
    stuck: false,
  })),
});

const failure = (code: string): Error => Object.assign(new Error(`${code}: not here`), { code });

export const createFakeKernel = (chips: readonly FakeChip[]): FakeKernel => {
  const files = new Map<number, { chip: FakeChip; pins?: number[] }>();
  const log: string[] = [];
  let next = 10;

  /** The lines change in one call; what each shows is a level, what it is told is active or not. */
  const drive = (chip: FakeChip, changes: readonly (readonly [number, boolean])[]): void => {
    const moved: string[] = [];
    for (const [pin, active] of changes) {
      const line = chip.lines[pin];
      if (!line || line.stuck) continue;
      const level = active === line.activeLow ? 0 : 1;
      if (line.level !== level) moved.push(`${pin}${level === 1 ? '↑' : '↓'}`);
      line.level = level;
    }
    if (moved.length > 0) log.push(moved.join(' '));
  };

  const take = (chip: FakeChip, bytes: Buffer): number => {
    const count = bytes.readUInt32LE(560);
    const pins = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(index * 4));
    const lines = pins.map((pin) => chip.lines[pin]);
    if (lines.some((line) => !line)) return EINVAL;
    if (lines.some((line) => line?.holder !== undefined)) return EBUSY;
    for (const line of lines)
      if (line) {
        line.holder = bytes.toString('latin1', 256, bytes.indexOf(0, 256));
        line.activeLow = (bytes.readBigUInt64LE(288) & 2n) !== 0n;
      }
    files.set(next, { chip, pins });
    bytes.writeInt32LE(next++, 588);
    return 0;
  };

  const answers = new Map<bigint, (file: { chip: FakeChip; pins?: number[] }, bytes: Buffer) => number>([
    [
      0x8044b401n,
      ({ chip }, bytes) => {
        bytes.write(chip.path.replace('/dev/', ''), 0);
        bytes.write(chip.label, 32);
        bytes.writeUInt32LE(chip.lines.length, 64);
        return 0;
      },
    ],
    [
      0xc100b405n,
      ({ chip }, bytes) => {
        const line = chip.lines[bytes.readUInt32LE(64)];
        if (!line) return EINVAL;
        bytes.write(line.holder ?? '', 32);
        const flags = (line.holder === undefined ? 0 : 1) | (line.output ? 8 : 4);
        bytes.writeBigUInt64LE(BigInt(flags), 72);
        return 0;
      },
    ],
    [0xc250b407n, ({ chip }, bytes) => take(chip, bytes)],
    [
      0xc110b40dn,
      ({ chip, pins = [] }, bytes) => {
        if (bytes.readUInt32LE(8) !== 1 || bytes.readUInt32LE(32) !== 2) return EINVAL;
        const values = bytes.readBigUInt64LE(40);
        for (const pin of pins) {
          const line = chip.lines[pin];
          if (line) line.output = (bytes.readBigUInt64LE(0) & 8n) !== 0n;
        }
        drive(
          chip,
          pins.map((pin, index) => [pin, ((values >> BigInt(index)) & 1n) === 1n]),
        );
        return 0;
      },
    ],
    [
      0xc010b40en,
      ({ chip, pins = [] }, bytes) => {
        let bits = 0n;
        for (const [index, pin] of pins.entries()) {
          const line = chip.lines[pin];
          if (line && (line.level === 1) !== line.activeLow) bits |= 1n << BigInt(index);
        }
        bytes.writeBigUInt64LE(bits & bytes.readBigUInt64LE(8), 0);
        return 0;
      },
    ],
    [
      0xc010b40fn,
      ({ chip, pins = [] }, bytes) => {
        const [bits, mask] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
        const named = pins.flatMap((pin, index) =>
          ((mask >> BigInt(index)) & 1n) === 1n
            ? [[pin, ((bits >> BigInt(index)) & 1n) === 1n] as const]
            : [],
        );
        drive(chip, named);
        return 0;
      },
    ],
  ]);

  return {
    log,
    get opened() {
      return new Set(files.keys());
    },
    chips: () => chips.map(({ path }) => path),
    open: (path) => {
      const chip = chips.find((one) => one.path === path);
      if (!chip) throw failure('ENOENT');
      if (chip.refuses) throw failure(chip.refuses);
      files.set(next, { chip });
      return next++;
    },
    close: (descriptor) => {
      const file = files.get(descriptor);
      files.delete(descriptor);
      for (const pin of file?.pins ?? []) {
        const line = file?.chip.lines[pin];
        if (line) line.holder = undefined; // and stays driven, as on Raspberry Pi OS
      }
    },
    ioctl: (descriptor, request, bytes) => {
      const file = files.get(descriptor);
      if (!file) return EBADF;
      return answers.get(request)?.(file, bytes) ?? ENODEV;
    },
  };
};
