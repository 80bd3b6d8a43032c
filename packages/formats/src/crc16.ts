/**
 * The two reflected 16-bit CRCs of meters, by table. Parameters as in the CRC RevEng catalogue
 * (reveng.sourceforge.io/crc-catalogue): ARC (DSMR P1), MODBUS, X-25 = ISO/IEC 13239 (SML, HDLC), KERMIT.
 */

const tableOf = (polynomial: number): Uint16Array => {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc;
  }
  return table;
};

const IBM = tableOf(0xa001);
const CCITT = tableOf(0x8408);

const run = (table: Uint16Array, initial: number, bytes: Uint8Array, from: number, to: number): number => {
  let crc = initial;
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
};

/** CRC-16/ARC: DSMR P1 companion standard 5.0.2, section 6.2. */
export const crc16Arc = (bytes: Uint8Array, from = 0, to = bytes.length): number =>
  run(IBM, 0, bytes, from, to);

/** CRC-16/MODBUS: Modbus over Serial Line V1.02, section 6.2.2. */
export const crc16Modbus = (bytes: Uint8Array, from = 0, to = bytes.length): number =>
  run(IBM, 0xffff, bytes, from, to);

/** CRC-16/X-25: BSI TR-03109-1 Anlage IV (SML transport and messages), IEC 62056-46 (HDLC). */
export const crc16X25 = (bytes: Uint8Array, from = 0, to = bytes.length): number =>
  run(CCITT, 0xffff, bytes, from, to) ^ 0xffff;

/** CRC-16/KERMIT: what some Holley meters put where SML has X-25. */
export const crc16Kermit = (bytes: Uint8Array, from = 0, to = bytes.length): number =>
  run(CCITT, 0, bytes, from, to);
