/**
 * Modbus requests and answers for reading registers (MODBUS Application Protocol V1.1b3, functions 3 and 4), over TCP
 * (Messaging Implementation Guide V1.0b) and as RTU (Serial Line V1.02). Nothing here writes to a device.
 */
import { crc16Modbus } from '../crc16.ts';

/** 3: holding registers; 4: input registers. */
type ReadFunction = 3 | 4;

export interface RegisterQuestion {
  /** Address of the device on its bus, 1 to 247; 0 and 255 for a device that is alone behind TCP. */
  readonly unit: number;
  readonly function: ReadFunction;
  /** Address of the first register, from 0. */
  readonly address: number;
  /** 1 to 125. */
  readonly count: number;
}

/** What a device answered. */
export type RegisterAnswer =
  | {
      readonly kind: 'registers';
      readonly unit: number;
      readonly function: number;
      readonly registers: Uint16Array;
    }
  | { readonly kind: 'exception'; readonly unit: number; readonly function: number; readonly code: number };

export const MOST_REGISTERS = 125;
const EXCEPTION = 0x80;
const PDU_LENGTH = 5;

const question = ({ function: code, address, count }: RegisterQuestion): Buffer => {
  const bytes = Buffer.alloc(PDU_LENGTH);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt16BE(address, 1);
  bytes.writeUInt16BE(count, 3);
  return bytes;
};

/** A question as RTU: unit, question, CRC low byte first. */
export const encodeRtu = (asked: RegisterQuestion): Buffer => {
  const body = Buffer.concat([Buffer.of(asked.unit), question(asked)]);
  const crc = crc16Modbus(body);
  return Buffer.concat([body, Buffer.of(crc & 0xff, crc >> 8)]);
};

/** A question over TCP, with its transaction. */
export const encodeTcp = (asked: RegisterQuestion, transaction: number): Buffer => {
  const head = Buffer.alloc(7);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(PDU_LENGTH + 1, 4);
  head.writeUInt8(asked.unit, 6);
  return Buffer.concat([head, question(asked)]);
};

const registersOf = (bytes: Uint8Array): Uint16Array => {
  const registers = new Uint16Array(bytes.length >> 1);
  for (let at = 0; at < registers.length; at++)
    registers[at] = ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0);
  return registers;
};

/** Reads what follows the unit: function and content; undefined when it is no answer to a reading. */
const answerOf = (unit: number, body: Uint8Array): RegisterAnswer | undefined => {
  const [code = 0, second = 0] = body;
  if (code === (3 | EXCEPTION) || code === (4 | EXCEPTION))
    return body.length === 2 ? { kind: 'exception', unit, function: code & 0x7f, code: second } : undefined;
  if ((code !== 3 && code !== 4) || second % 2 !== 0 || body.length !== 2 + second) return undefined;
  return { kind: 'registers', unit, function: code, registers: registersOf(body.subarray(2)) };
};

/** Takes the bytes of a line and gives the answers on it; what is none is passed over. */
export interface AnswerDecoder<Answer> {
  push(bytes: Uint8Array): readonly Answer[];
  /** Forgets what has come of an answer so far. */
  clear(): void;
}

/** Shorter and longer answers than these are none. */
const SHORTEST_RTU = 5;

/**
 * Answers as RTU. They have no beginning mark: an answer is what has a right CRC at the length that its function and
 * byte count say; before it, bytes are passed over one by one.
 */
export const createRtuDecoder = (): AnswerDecoder<RegisterAnswer> => {
  let pending = Buffer.alloc(0);
  return {
    push: (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      const answers: RegisterAnswer[] = [];
      let from = 0;
      while (pending.length - from >= SHORTEST_RTU) {
        const code = pending[from + 1] ?? 0;
        const size =
          (code & EXCEPTION) !== 0
            ? SHORTEST_RTU
            : code === 3 || code === 4
              ? SHORTEST_RTU + (pending[from + 2] ?? 0)
              : 0;
        if (size === 0) {
          from++;
          continue;
        }
        if (pending.length - from < size) {
          // It may be the beginning of an answer, or garbage that looks so: an answer further on decides.
          const other = nextAnswer(pending, from + 1);
          if (other < 0) break;
          from = other;
          continue;
        }
        const given = (pending[from + size - 2] ?? 0) | ((pending[from + size - 1] ?? 0) << 8);
        const answer =
          crc16Modbus(pending, from, from + size - 2) === given
            ? answerOf(pending[from] ?? 0, pending.subarray(from + 1, from + size - 2))
            : undefined;
        if (!answer) {
          from++;
          continue;
        }
        answers.push(answer);
        from += size;
      }
      pending = pending.subarray(from);
      return answers;
    },
    clear: () => {
      pending = Buffer.alloc(0);
    },
  };
};

/** Place of a whole answer with a right CRC at or after `from`, or -1. */
const nextAnswer = (bytes: Buffer, from: number): number => {
  for (let at = from; bytes.length - at >= SHORTEST_RTU; at++) {
    const code = bytes[at + 1] ?? 0;
    const size =
      (code & EXCEPTION) !== 0
        ? SHORTEST_RTU
        : code === 3 || code === 4
          ? SHORTEST_RTU + (bytes[at + 2] ?? 0)
          : 0;
    if (size === 0 || bytes.length - at < size) continue;
    const given = (bytes[at + size - 2] ?? 0) | ((bytes[at + size - 1] ?? 0) << 8);
    if (crc16Modbus(bytes, at, at + size - 2) === given) return at;
  }
  return -1;
};

export interface TcpAnswer {
  readonly transaction: number;
  /** Undefined when it is no answer to a reading. */
  readonly answer: RegisterAnswer | undefined;
}

/** Answers over TCP. Once a head is none, nothing that follows can be found: the connection is to be made anew. */
export const createTcpDecoder = (): AnswerDecoder<TcpAnswer> & { readonly isBroken: () => boolean } => {
  let pending = Buffer.alloc(0);
  let broken = false;
  return {
    push: (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      const answers: TcpAnswer[] = [];
      while (pending.length >= 8) {
        const length = pending.readUInt16BE(4);
        if (pending.readUInt16BE(2) !== 0 || length < 3 || length > 260) {
          broken = true;
          pending = Buffer.alloc(0);
          break;
        }
        if (pending.length < 6 + length) break;
        answers.push({
          transaction: pending.readUInt16BE(0),
          answer: answerOf(pending[6] ?? 0, pending.subarray(7, 6 + length)),
        });
        pending = pending.subarray(6 + length);
      }
      return answers;
    },
    clear: () => {
      pending = Buffer.alloc(0);
      broken = false;
    },
    isBroken: () => broken,
  };
};
