/**
 * A client of a Modbus line that reads registers: over TCP, over a serial line, or over a serial line behind TCP.
 *
 * One question is open at a time. RTU answers have no mark of their question: after one that was not answered in time,
 * its device is asked for a number of registers that no open question asked for, and nothing else until that answer has
 * come. A device answers in order, so whatever was late has come before it.
 */
import {
  createRtuDecoder,
  createTcpDecoder,
  encodeRtu,
  encodeTcp,
  MOST_REGISTERS,
  type RegisterAnswer,
  type RegisterQuestion,
  Registers,
} from '@daisee/formats';
import { type Clock, Duration, Seconds, sleepOrStop } from '@daisee/units';
import { ModbusAnswerWrong, ModbusRefused, ModbusTimeout, ModbusUnreachable } from './errors.ts';
import { DEFAULT_BAUD_RATE, type Line, openSerialLine, openTcpLine, type SerialSettings } from './line.ts';

type ModbusPlace =
  | { readonly kind: 'tcp' | 'rtu-over-tcp'; readonly host: string; readonly port?: number | undefined }
  | ({ readonly kind: 'serial' } & SerialSettings);

export interface ModbusClientOptions {
  readonly at: ModbusPlace;
  readonly clock: Clock;
  /** How long an answer may take; 1 s. */
  readonly timeout?: Duration | undefined;
}

export interface ModbusClient {
  /** Where it is, for messages. */
  readonly place: string;
  /**
   * Reads registers.
   * @throws ModbusUnreachable, ModbusTimeout, ModbusRefused, ModbusAnswerWrong
   */
  read(question: RegisterQuestion, signal: AbortSignal): Promise<Registers>;
  close(): Promise<void>;
}

const MODBUS_PORT = 502;
const DEFAULT_TIMEOUT = Seconds(1);
/** RTU frames are apart by the time of 3.5 characters of 11 bits. */
const pauseOf = (baudRate: number): Duration => Duration(Math.ceil((3.5 * 11 * 1000) / baudRate) + 1);

const placeOf = (at: ModbusPlace): string =>
  at.kind === 'serial' ? at.path : `${at.host}:${at.port ?? MODBUS_PORT}`;

/** What may answer the open question. */
type Heard = { readonly answer: RegisterAnswer; readonly transaction: number | undefined };

interface Open {
  readonly line: Line;
  listener: ((heard: Heard) => void) | undefined;
  /** The line is gone, and why. */
  gone: { readonly error: Error | undefined } | undefined;
  onGone: (() => void) | undefined;
}

/** Creates a client; nothing is opened before the first question. */
export const createModbusClient = ({
  at,
  clock,
  timeout = DEFAULT_TIMEOUT,
}: ModbusClientOptions): ModbusClient => {
  const place = placeOf(at);
  const isTcp = at.kind === 'tcp';
  const pause = at.kind === 'serial' ? pauseOf(at.baudRate ?? DEFAULT_BAUD_RATE) : undefined;
  let open: Open | undefined;
  let transaction = 0;
  let last: Promise<unknown> = Promise.resolve();
  /** Questions of each unit that were not answered in time, by the number of registers asked for. */
  const unanswered = new Map<number, number[]>();

  const connected = async (signal: AbortSignal): Promise<Open> => {
    if (open && !open.gone) return open;
    const rtu = createRtuDecoder();
    const tcp = createTcpDecoder();
    const state: { current: Open | undefined } = { current: undefined };
    const onBytes = (bytes: Uint8Array): void => {
      if (isTcp) {
        for (const { transaction: of, answer } of tcp.push(bytes))
          if (answer) state.current?.listener?.({ answer, transaction: of });
        if (tcp.isBroken()) void state.current?.line.close();
      } else
        for (const answer of rtu.push(bytes)) state.current?.listener?.({ answer, transaction: undefined });
    };
    const onClose = (error: Error | undefined): void => {
      if (!state.current) return;
      state.current.gone = { error };
      state.current.onGone?.();
    };
    try {
      const line =
        at.kind === 'serial'
          ? await openSerialLine(at, { onBytes, onClose })
          : await openTcpLine(at.host, at.port ?? MODBUS_PORT, { onBytes, onClose }, signal);
      state.current = { line, listener: undefined, gone: undefined, onGone: undefined };
      open = state.current;
      return state.current;
    } catch (error) {
      throw new ModbusUnreachable(place, error);
    }
  };

  /** Sends a question and waits until `take` has the answer; false when the time is over. */
  const exchange = async (
    on: Open,
    question: RegisterQuestion,
    take: (heard: Heard) => boolean,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const done = new AbortController();
    let isTaken = false;
    on.listener = (heard) => {
      if (isTaken || !take(heard)) return;
      isTaken = true;
      done.abort();
    };
    on.onGone = () => done.abort();
    try {
      on.line.write(isTcp ? encodeTcp(question, transaction) : encodeRtu(question));
      await sleepOrStop(clock, timeout, AbortSignal.any([done.signal, signal]));
    } finally {
      on.listener = undefined;
      on.onGone = undefined;
    }
    signal.throwIfAborted();
    if (!isTaken && on.gone)
      throw new ModbusUnreachable(place, on.gone.error ?? new Error('the connection was closed'));
    return isTaken;
  };

  /** Asks a device until nothing late of it can come any more. */
  const settle = async (on: Open, question: RegisterQuestion, signal: AbortSignal): Promise<void> => {
    const late = unanswered.get(question.unit);
    if (!late || late.length === 0) return;
    const count = Array.from({ length: MOST_REGISTERS }, (_, index) => index + 1).find(
      (size) => size !== question.count && !late.includes(size),
    );
    // After so many questions nothing is known of the device; the first ones are too long ago to come.
    if (count === undefined) {
      late.splice(0, late.length / 2);
      await settle(on, question, signal);
      return;
    }
    const probe: RegisterQuestion = { ...question, count };
    let answers = 0;
    const isDone = await exchange(
      on,
      probe,
      ({ answer }) => {
        if (answer.unit !== probe.unit) return false;
        answers += 1;
        // Exceptions look alike: only when every open question has one, the last is the probe's.
        return answer.kind === 'registers' && answer.registers.length === count
          ? true
          : answers > late.length;
      },
      signal,
    );
    if (isDone) {
      unanswered.delete(question.unit);
      return;
    }
    late.push(count);
    throw new ModbusTimeout(place, question, timeout);
  };

  const ask = async (question: RegisterQuestion, signal: AbortSignal): Promise<Registers> => {
    signal.throwIfAborted();
    const on = await connected(signal);
    if (!isTcp) await settle(on, question, signal);
    if (pause !== undefined) await sleepOrStop(clock, pause, signal);
    transaction = (transaction + 1) & 0xffff;
    let found: RegisterAnswer | undefined;
    const isDone = await exchange(
      on,
      question,
      ({ answer, transaction: of }) => {
        if (isTcp ? of !== transaction : answer.unit !== question.unit) return false;
        if (answer.function !== question.function) return false;
        found = answer;
        return true;
      },
      signal,
    );
    if (!isDone || !found) {
      if (!isTcp) unanswered.set(question.unit, [...(unanswered.get(question.unit) ?? []), question.count]);
      throw new ModbusTimeout(place, question, timeout);
    }
    if (found.kind === 'exception') throw new ModbusRefused(place, question, found.code);
    if (found.registers.length !== question.count)
      throw new ModbusAnswerWrong(place, question, `${found.registers.length} registers`);
    return new Registers(question.address, found.registers);
  };

  return {
    place,
    read: (question, signal) => {
      const turn = last.then(() => ask(question, signal));
      last = turn.catch(() => undefined);
      return turn;
    },
    close: async () => {
      await last;
      const was = open;
      open = undefined;
      await was?.line.close();
    },
  };
};
