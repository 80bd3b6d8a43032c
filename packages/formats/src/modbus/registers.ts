/** Values in Modbus registers: 16 bits each, high byte first; of longer values the high register first. */

/** Registers as they were read, from an address on. */
export class Registers {
  readonly start: number;
  readonly #values: Uint16Array;

  constructor(start: number, values: Uint16Array) {
    this.start = start;
    this.#values = values;
  }

  get length(): number {
    return this.#values.length;
  }

  /** One register by its address; undefined where it was not read. */
  uint16(address: number): number | undefined {
    return this.#values[address - this.start];
  }

  int16(address: number): number | undefined {
    const value = this.uint16(address);
    return value === undefined ? undefined : (value << 16) >> 16;
  }

  uint32(address: number): number | undefined {
    const high = this.uint16(address);
    const low = this.uint16(address + 1);
    return high === undefined || low === undefined ? undefined : high * 65_536 + low;
  }

  uint64(address: number): bigint | undefined {
    const high = this.uint32(address);
    const low = this.uint32(address + 2);
    return high === undefined || low === undefined ? undefined : (BigInt(high) << 32n) | BigInt(low);
  }

  /** IEEE 754 single precision; undefined for NaN and infinities. */
  float32(address: number): number | undefined {
    const bits = this.uint32(address);
    if (bits === undefined) return undefined;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(bits);
    const value = bytes.readFloatBE();
    return Number.isFinite(value) ? value : undefined;
  }

  /** Text of `count` registers, up to its first zero. */
  text(address: number, count: number): string | undefined {
    const bytes = Buffer.alloc(2 * count);
    for (let at = 0; at < count; at++) {
      const value = this.uint16(address + at);
      if (value === undefined) return undefined;
      bytes.writeUInt16BE(value, 2 * at);
    }
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? bytes.length : end).trim() || undefined;
  }
}

/**
 * A float as an integer number of millionths of its unit. A single has some 7 digits: beyond them its decimal text is
 * the shortest that means it, so that 1234.5 kWh does not become 1234.50000001.
 */
export const microOfFloat = (value: number, exponent: number): bigint => {
  const shortest = Number(Math.fround(value).toPrecision(8));
  return BigInt(Math.round(shortest * 10 ** exponent * 1e6));
};
