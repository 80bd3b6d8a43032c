import { hostile, hostileBytes, nearlyBytes } from '@daisee/fuzz';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import {
  createRtuDecoder,
  createTcpDecoder,
  Registers,
  readEastron,
  readModel,
  SUNSPEC_MODELS,
  walkModels,
} from '../../src/index.ts';
import { crc16 } from '../made/p1.ts';

const rtu = (...bytes: readonly number[]): Uint8Array => {
  const crc = crc16(Buffer.from(bytes), 0xa001, 0xffff);
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8]);
};
const LINE = Buffer.concat([rtu(17, 3, 4, 0x02, 0x2b, 0x00, 0x64), rtu(17, 0x83, 2), rtu(1, 4, 2, 0, 7)]);
const STREAM = Buffer.from('1501000000051103020007160100000003118302', 'hex');
const words = fc
  .uint8Array({ minLength: 0, maxLength: 300 })
  .map((bytes) => Uint16Array.from(bytes, (byte) => byte * 257));

describe('the bytes of a Modbus line', () => {
  hostile('answers as RTU and over TCP', {
    refuses: false,
    input: fc.tuple(
      fc.oneof({ weight: 8, arbitrary: nearlyBytes(LINE, STREAM) }, { weight: 1, arbitrary: hostileBytes }),
      fc.integer({ min: 1, max: 40 }),
    ),
    feed: ([bytes, size]) => {
      const [serial, tcp] = [createRtuDecoder(), createTcpDecoder()];
      for (let at = 0; at < bytes.length; at += size) {
        for (const answer of serial.push(bytes.subarray(at, at + size)))
          if (answer.kind === 'registers') expect(answer.registers.length).toBeLessThanOrEqual(127);
        tcp.push(bytes.subarray(at, at + size));
      }
    },
  });

  hostile('registers of any device', {
    refuses: false,
    input: fc.tuple(words, fc.constantFrom(...SUNSPEC_MODELS), fc.nat(400)),
    feed: ([values, id, length]) => {
      const registers = new Registers(0, values);
      const reading = readModel(registers, { id, address: 0, length }, 'SolarEdge');
      for (const one of [reading, readEastron('sdm630', [registers])]) {
        expect(Number.isFinite(one?.power ?? 0)).toBe(true);
        expect((one?.imported ?? 0n) >= 0n && (one?.exported ?? 0n) >= 0n).toBe(true);
      }
      const walk = walkModels(0);
      let step = walk.next(registers);
      for (let count = 0; !step.done; count++) {
        expect(count).toBeLessThan(100);
        step = walk.next(registers);
      }
    },
  });
});
