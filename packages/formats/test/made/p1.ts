/** DSMR telegrams as meters make them, and enciphered ones. */
import { createCipheriv } from 'node:crypto';

/** CRC-16/ARC bit by bit: not the table of the code under test. */
export const crc16 = (bytes: Uint8Array, polynomial = 0xa001, initial = 0): number => {
  let crc = initial;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  }
  return crc;
};

const text = (identification: string, lines: readonly string[]): string =>
  `${[identification, '', ...lines].join('\r\n')}\r\n!`;

/** A telegram of a version that has no checksum. */
export const plainTelegram = (identification: string, ...lines: readonly string[]): Buffer =>
  Buffer.from(`${text(identification, lines)}\r\n`, 'latin1');

export const telegram = (identification: string, ...lines: readonly string[]): Buffer => {
  const body = text(identification, lines);
  const crc = crc16(Buffer.from(body, 'latin1')).toString(16).toUpperCase().padStart(4, '0');
  return Buffer.from(`${body}${crc}\r\n`, 'latin1');
};

export const DUTCH: readonly string[] = [
  '1-3:0.2.8(50)',
  '0-0:1.0.0(240701123456S)',
  '0-0:96.1.1(4530303132333435)',
  '1-0:1.8.1(000100.001*kWh)',
  '1-0:1.8.2(000200.002*kWh)',
  '1-0:2.8.1(000030.000*kWh)',
  '1-0:2.8.2(000040.000*kWh)',
  '0-0:96.14.0(0002)',
  '1-0:1.7.0(00.000*kW)',
  '1-0:2.7.0(01.234*kW)',
  '0-0:96.13.0()',
  '1-0:32.7.0(230.1*V)',
  '1-0:31.7.0(005*A)',
  '1-0:21.7.0(00.000*kW)',
  '1-0:22.7.0(01.234*kW)',
  '0-1:24.1.0(003)',
  '0-1:96.1.0(4730303031)',
  '0-1:24.2.1(240701120000S)(00012.345*m3)',
];

export const LUXEMBOURG_KEY = Buffer.from('0123456789abcdeffedcba9876543210', 'hex');
export const PUBLIC_AUTHENTICATION = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** General-glo-ciphering around some bytes: security control 0x30 (encrypted and authenticated) or 0x20. */
export const enciphered = (
  plain: Uint8Array,
  { key = LUXEMBOURG_KEY, authentication = PUBLIC_AUTHENTICATION, control = 0x30, counter = 7 } = {},
): Buffer => {
  const title = Buffer.from('5341473500000001', 'hex');
  const frameCounter = Buffer.alloc(4);
  frameCounter.writeUInt32BE(counter);
  const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([title, frameCounter]), {
    authTagLength: 12,
  });
  if (control === 0x30) cipher.setAAD(Buffer.concat([Buffer.of(control), authentication]));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const content = Buffer.concat([
    Buffer.of(control),
    frameCounter,
    body,
    control === 0x30 ? cipher.getAuthTag() : Buffer.alloc(0),
  ]);
  const length = Buffer.of(0x82, content.length >> 8, content.length & 0xff);
  return Buffer.concat([Buffer.of(0xdb, 8), title, length, content]);
};
