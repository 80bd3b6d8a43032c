/** M-Bus frames as meters make them. */

const checksum = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** A long frame around control, address, control information and data. */
export const longFrame = (content: readonly number[]): Buffer =>
  Buffer.from([0x68, content.length, content.length, 0x68, ...content, checksum(content), 0x16]);

/** A response with variable data; the maker is ABC, the medium electricity unless said. */
export const response = (records: readonly number[], medium = 2): Buffer =>
  longFrame([0x08, 0x05, 0x72, 0x78, 0x56, 0x34, 0x12, 0x43, 0x04, 0x01, medium, 0x55, 0, 0, 0, ...records]);

/** `count` bytes of an integer, lowest first. */
export const little = (value: number, count: number): readonly number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(8 * count, BigInt(value));
  for (let at = 0; at < count; at++) {
    bytes.push(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return bytes;
};
