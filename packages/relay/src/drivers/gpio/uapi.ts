/**
 * The structures and request numbers of Linux's GPIO character device, version 2 of its interface (Linux 5.10 and
 * later): include/uapi/linux/gpio.h. All fields are little-endian here, as on every machine that Node's arm64 and
 * x64 builds run on. Pure.
 */

/** GPIO_GET_CHIPINFO_IOCTL, _IOR(0xB4, 0x01, 68 bytes). */
export const GET_CHIP_INFO = 0x8044_b401n;
/** GPIO_V2_GET_LINEINFO_IOCTL, _IOWR(0xB4, 0x05, 256 bytes). */
export const GET_LINE_INFO = 0xc100_b405n;
/** GPIO_V2_GET_LINE_IOCTL, _IOWR(0xB4, 0x07, 592 bytes). */
export const GET_LINE = 0xc250_b407n;
/** GPIO_V2_LINE_SET_CONFIG_IOCTL, _IOWR(0xB4, 0x0D, 272 bytes). */
export const SET_CONFIG = 0xc110_b40dn;
/** GPIO_V2_LINE_GET_VALUES_IOCTL, _IOWR(0xB4, 0x0E, 16 bytes). */
export const GET_VALUES = 0xc010_b40en;
/** GPIO_V2_LINE_SET_VALUES_IOCTL, _IOWR(0xB4, 0x0F, 16 bytes). */
export const SET_VALUES = 0xc010_b40fn;

/** GPIO_V2_LINES_MAX: how many lines one request may hold. */
export const LINES_MAX = 64;

const NAME_SIZE = 32;
const CHIP_INFO_SIZE = 68;
const LINE_INFO_SIZE = 256;
const LINE_CONFIG_SIZE = 272;
const LINE_REQUEST_SIZE = 592;
const LINE_VALUES_SIZE = 16;

const FLAG_USED = 1n << 0n;
const FLAG_ACTIVE_LOW = 1n << 1n;
const FLAG_OUTPUT = 1n << 3n;
/** GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES. */
const ATTRIBUTE_OUTPUT_VALUES = 2;

/** Offsets inside gpio_v2_line_request. */
const REQUEST_CONSUMER = 256;
const REQUEST_CONFIG = 288;
const REQUEST_NUM_LINES = 560;
const REQUEST_FD = 588;

const text = (bytes: Buffer, start: number): string => {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + NAME_SIZE ? start + NAME_SIZE : end);
};

const allOf = (count: number): bigint => (1n << BigInt(count)) - 1n;

/** Values as a bit field, line 0 of the request in the lowest bit. */
const bitsOf = (values: readonly boolean[]): bigint =>
  values.reduce((bits, value, index) => (value ? bits | (1n << BigInt(index)) : bits), 0n);

export interface ChipInfo {
  /** The kernel's name, `gpiochip0`. */
  readonly name: string;
  /** What the chip's driver calls it, `pinctrl-bcm2711`: the same on every machine with that chip. */
  readonly label: string;
  readonly lines: number;
}

export const chipInfoBuffer = (): Buffer => Buffer.alloc(CHIP_INFO_SIZE);

export const readChipInfo = (bytes: Buffer): ChipInfo => ({
  name: text(bytes, 0),
  label: text(bytes, NAME_SIZE),
  lines: bytes.readUInt32LE(2 * NAME_SIZE),
});

export interface LineInfo {
  readonly used: boolean;
  readonly output: boolean;
  /** Who holds the line, empty when nobody says. */
  readonly consumer: string;
}

/** A gpio_v2_line_info that asks about one line. */
export const lineInfoBuffer = (line: number): Buffer => {
  const bytes = Buffer.alloc(LINE_INFO_SIZE);
  bytes.writeUInt32LE(line, 2 * NAME_SIZE);
  return bytes;
};

export const readLineInfo = (bytes: Buffer): LineInfo => {
  const flags = bytes.readBigUInt64LE(2 * NAME_SIZE + 8);
  return {
    used: (flags & FLAG_USED) !== 0n,
    output: (flags & FLAG_OUTPUT) !== 0n,
    consumer: text(bytes, NAME_SIZE),
  };
};

/** A gpio_v2_line_request that takes the lines with direction and level as they are. */
export const lineRequest = (lines: readonly number[], consumer: string, activeLow: boolean): Buffer => {
  const bytes = Buffer.alloc(LINE_REQUEST_SIZE);
  for (const [index, line] of lines.entries()) bytes.writeUInt32LE(line, index * 4);
  bytes.write(consumer.slice(0, NAME_SIZE - 1), REQUEST_CONSUMER, 'latin1');
  bytes.writeBigUInt64LE(activeLow ? FLAG_ACTIVE_LOW : 0n, REQUEST_CONFIG);
  bytes.writeUInt32LE(lines.length, REQUEST_NUM_LINES);
  return bytes;
};

/** The file descriptor of the lines, after the kernel granted the request. */
export const grantedDescriptor = (request: Buffer): number => request.readInt32LE(REQUEST_FD);

/** A gpio_v2_line_config that makes every line of a request an output, each with its first value (true = active). */
export const outputConfig = (values: readonly boolean[], activeLow: boolean): Buffer => {
  const bytes = Buffer.alloc(LINE_CONFIG_SIZE);
  bytes.writeBigUInt64LE(FLAG_OUTPUT | (activeLow ? FLAG_ACTIVE_LOW : 0n), 0);
  bytes.writeUInt32LE(1, 8); // one attribute, after 20 bytes of padding
  bytes.writeUInt32LE(ATTRIBUTE_OUTPUT_VALUES, 32);
  bytes.writeBigUInt64LE(bitsOf(values), 40);
  bytes.writeBigUInt64LE(allOf(values.length), 48);
  return bytes;
};

/** A gpio_v2_line_values that sets the lines given (index within the request → active), and leaves the others alone. */
export const lineValues = (changes: ReadonlyMap<number, boolean>): Buffer => {
  const bytes = Buffer.alloc(LINE_VALUES_SIZE);
  let bits = 0n;
  let mask = 0n;
  for (const [index, value] of changes) {
    const bit = 1n << BigInt(index);
    mask |= bit;
    if (value) bits |= bit;
  }
  bytes.writeBigUInt64LE(bits, 0);
  bytes.writeBigUInt64LE(mask, 8);
  return bytes;
};

/** A gpio_v2_line_values that asks for the first `count` lines of a request. */
export const lineQuestion = (count: number): Buffer => {
  const bytes = Buffer.alloc(LINE_VALUES_SIZE);
  bytes.writeBigUInt64LE(allOf(count), 8);
  return bytes;
};

export const readLineValues = (bytes: Buffer, count: number): boolean[] => {
  const bits = bytes.readBigUInt64LE(0);
  return Array.from({ length: count }, (_, index) => ((bits >> BigInt(index)) & 1n) === 1n);
};
