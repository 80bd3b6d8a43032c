/** Captures written as hexadecimal text, as `hexdump` and most logs have them. */

/** Checked before all of a large file is. */
const SAMPLE = 4096;
/** Fewer bytes are no frame of any meter, and "12 34" may be anything. */
const FEWEST_BYTES = 8;

/** The bytes that a text of hexadecimal digits stands for; undefined when it is none. */
export const bytesOfHex = (file: Uint8Array): Uint8Array | undefined => {
  const isHexCharacter = (byte: number): boolean =>
    (byte >= 0x30 && byte <= 0x3a) ||
    (byte >= 0x41 && byte <= 0x46) ||
    (byte >= 0x61 && byte <= 0x66) ||
    [0x09, 0x0a, 0x0d, 0x20, 0x2c, 0x2d, 0x3b, 0x58, 0x78].includes(byte);
  if (!file.subarray(0, SAMPLE).every(isHexCharacter)) return undefined;
  const text = Buffer.from(file.buffer, file.byteOffset, file.length).toString('latin1');
  const digits = text.replaceAll(/0x/gi, '').replaceAll(/[\s:,;-]/g, '');
  if (digits.length % 2 !== 0 || digits.length < 2 * FEWEST_BYTES || !/^[\da-f]+$/i.test(digits))
    return undefined;
  return Buffer.from(digits, 'hex');
};
