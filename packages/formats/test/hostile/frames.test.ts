import { hostile, hostileBytes, nearlyBytes } from '@daisee/fuzz';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import {
  createMbusDecoder,
  createP1Decoder,
  createSmlDecoder,
  createTicDecoder,
  decodeCapture,
  readingRecord,
} from '../../src/index.ts';
import type { FrameDecoder } from '../../src/reading.ts';
import { little, response } from '../made/mbus.ts';
import { payloadOf, READING, recordOf, signerOf, xmlOf } from '../made/ocmf.ts';
import { DUTCH, enciphered, LUXEMBOURG_KEY, plainTelegram, telegram } from '../made/p1.ts';
import { integer, smlFile } from '../made/sml.ts';
import { frame, fullStandard, historicBase } from '../made/tic.ts';

const KEYS = { encryption: LUXEMBOURG_KEY };
const TIC = [frame(...historicBase()), frame(...fullStandard())];
const P1 = [
  telegram('/ISK5\\2M550T-1012', ...DUTCH),
  plainTelegram('/ISk5\\2MT382-1004', '1-0:1.8.1(00001.001*kWh)', '1-0:1.7.0(0001.01*kW)'),
  enciphered(telegram('/Lux5', ...DUTCH)),
];
const SML = [
  smlFile([
    { code: '1.8.0', value: integer(123_456_789n, 8, false), unit: 30, scaler: -1 },
    { code: '16.7.0', value: integer(-1234n, 3, true), unit: 27, scaler: 0 },
  ]),
];

const MBUS = [
  response([0x04, 0x03, ...little(5, 4), 0x8b, 0x50, 0x2b, 1, 2, 3, 0x0d, 0xfd, 0x11, 3, 65, 66, 67]),
  response([0x02, 0xfd, 0x47, 1, 2, 0x05, 0x2b, 0, 0, 0x80, 0x3f, 0x0f, 1]),
];
const signer = signerOf('secp256k1', 'secp256k1');
const RECORD = recordOf(payloadOf(READING), signer);
const OCMF = [
  RECORD,
  xmlOf({ record: RECORD, key: signer.publicKey }),
  JSON.stringify({ value: [{ text: RECORD }] }),
].map((text) => new Uint8Array(Buffer.from(text)));

const line = (...frames: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 8, arbitrary: nearlyBytes(...frames, Buffer.concat(frames)) },
    { weight: 1, arbitrary: hostileBytes },
  );

/** Reads bytes in pieces: whatever comes of them says where it stood, and lies in them. */
const feed = (decoder: FrameDecoder, bytes: Uint8Array, size: number): void => {
  let end = 0;
  const readings = [];
  for (let at = 0; at < bytes.length; at += size)
    readings.push(...decoder.push(bytes.subarray(at, at + size)));
  for (const reading of [...readings, ...decoder.end()]) {
    expect(reading.offset).toBeGreaterThanOrEqual(end);
    end = reading.offset + reading.length;
    expect(end).toBeLessThanOrEqual(bytes.length);
    expect((reading.imported ?? 0n) >= 0n && (reading.exported ?? 0n) >= 0n).toBe(true);
    expect(Number.isFinite(reading.power ?? 0)).toBe(true);
    expect(JSON.stringify(readingRecord(reading)).length).toBeLessThan(100_000);
  }
};

const pieces = fc.integer({ min: 1, max: 64 });

describe('the bytes of a meter’s line', () => {
  hostile('TIC', {
    refuses: false,
    input: fc.tuple(line(...TIC), pieces),
    feed: ([bytes, size]) => feed(createTicDecoder(), bytes, size),
  });

  hostile('DSMR P1, plain and enciphered', {
    refuses: false,
    input: fc.tuple(line(...P1), pieces),
    feed: ([bytes, size]) => feed(createP1Decoder({ keys: KEYS }), bytes, size),
  });

  hostile('SML', {
    refuses: false,
    input: fc.tuple(line(...SML), pieces),
    feed: ([bytes, size]) => feed(createSmlDecoder(), bytes, size),
  });

  hostile('M-Bus', {
    refuses: false,
    input: fc.tuple(line(...MBUS), pieces),
    feed: ([bytes, size]) => feed(createMbusDecoder(), bytes, size),
  });

  hostile('OCMF, its XML and JSON', {
    input: line(...OCMF),
    feed: (bytes) => {
      for (const reading of decodeCapture(bytes, { format: 'ocmf', publicKeyOf: () => signer.publicKey })) {
        expect(reading.offset + reading.length).toBeLessThanOrEqual(2 * bytes.length);
        readingRecord(reading);
      }
    },
  });

  hostile('a capture of any format', {
    input: fc.oneof(
      line(...TIC, ...P1, ...SML, ...MBUS, ...OCMF),
      line(...SML).map((bytes) => new Uint8Array(Buffer.from(Buffer.from(bytes).toString('hex')))),
    ),
    feed: (bytes) => {
      for (const reading of decodeCapture(bytes, { keys: KEYS })) readingRecord(reading);
    },
  });
});
