/**
 * One place where bytes come in from outside, and how it is tried: no input may crash it, hold it up or make it grow,
 * and whatever it refuses, it refuses with a typed error.
 */
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DaiseeError, messageOf } from '@daisee/units';
import fc from 'fast-check';
import { it } from 'vitest';

export interface HostileTarget<T> {
  readonly input: fc.Arbitrary<T>;
  /** Takes one input in. A DaiseeError out of it is a refusal; anything else thrown is a crash. */
  readonly feed: (input: T) => unknown;
  /** Whether it may refuse at all; true. A reader that leaves out what it does not know may not throw. */
  readonly refuses?: boolean;
  /** How many inputs one `input` holds (a list of connections, say); 1. */
  readonly batch?: number;
  /** Inputs in an ordinary test; 300. */
  readonly sample?: number;
  /** Bytes that the heap may have grown by, after a fifth of the inputs until the end; 8 MiB. */
  readonly allowance?: number;
}

/** An input that was not taken as it has to be. */
class HostileFault extends DaiseeError {
  constructor(what: string, cause?: unknown) {
    super({ code: 'fuzz.fault', message: what, retryable: false, ...(cause === undefined ? {} : { cause }) });
  }
}

/** So many inputs to each target, instead of its sample. */
const RUNS = Number(process.env['DAISEE_FUZZ_RUNS'] ?? 0);
/** The same inputs each time in ordinary tests: what fails there was changed, not met by chance. */
const SEED = Number(process.env['DAISEE_FUZZ_SEED'] ?? 20_261_122);
/** Where to write what was measured, a JSON object a line. */
const REPORT = process.env['DAISEE_FUZZ_REPORT'];

const MIB = 1024 * 1024;
/** One input must not take longer, in ms; of machines that are slow or busy with other things nothing is said here. */
const HANG = RUNS > 0 ? 1000 : 5000;
/** An input that took this long is taken in once more, in ms: its own time is the shorter one. */
const SLOW = 250;
/** The heap is held to its allowance from so many inputs on: before, code that is being compiled outweighs it. */
const MEASURED_FROM = 10_000;
/** Ms between two lines of progress. */
const PROGRESS = 1000;
/** Characters of a refusal: it goes into logs. */
const LONGEST_MESSAGE = 16_100;
const CODE = /^[a-z0-9]+([.-][a-zA-Z0-9]+)+$/;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const held = async (): Promise<number> => {
  // What a turn of the event loop lets go of first.
  await new Promise((resolve) => setTimeout(resolve, 20));
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const tell = (line: Readonly<Record<string, unknown>>): void => {
  if (REPORT) appendFileSync(REPORT, `${JSON.stringify(line)}\n`);
};

/** @throws HostileFault when it is no refusal as it should be */
const checkRefusal = (error: unknown): void => {
  // Faults found by the fuzzer itself are no refusals of what it tries.
  if (!(error instanceof DaiseeError) || error.code.startsWith('fuzz.')) throw error;
  if (!CODE.test(error.code))
    throw new HostileFault(`a refusal without a stable code: ${JSON.stringify(error.code)}`, error);
  if (error.message.length > LONGEST_MESSAGE)
    throw new HostileFault(
      `a refusal of ${error.message.length} characters: ${error.message.slice(0, 200)}…`,
      error,
    );
};

interface Measured {
  inputs: number;
  refusals: number;
  /** Ms of the slowest input. */
  worst: number;
  before: number;
}

const attempt = async <T>(target: HostileTarget<T>, input: T): Promise<{ ms: number; refused: boolean }> => {
  const begin = performance.now();
  let refused = false;
  try {
    await target.feed(input);
  } catch (error) {
    if (target.refuses === false) throw error;
    checkRefusal(error);
    refused = true;
  }
  return { ms: performance.now() - begin, refused };
};

const tryOut = async <T>(name: string, target: HostileTarget<T>): Promise<void> => {
  const { batch = 1, sample = 300, allowance = 8 * MIB } = target;
  const runs = Math.ceil((RUNS > 0 ? RUNS : sample) / batch);
  const measured: Measured = { inputs: 0, refusals: 0, worst: 0, before: 0 };
  const begin = performance.now();
  let told = begin;
  const take = async (input: T): Promise<void> => {
    if (RUNS > 0 && measured.inputs === batch * Math.floor(runs / 5)) measured.before = await held();
    let { ms, refused } = await attempt(target, input);
    if (ms > SLOW) ms = Math.min(ms, (await attempt(target, input)).ms);
    measured.inputs += batch;
    measured.refusals += refused ? 1 : 0;
    measured.worst = Math.max(measured.worst, ms);
    if (ms > HANG) throw new HostileFault(`an input took ${Math.round(ms)} ms: expected at most ${HANG} ms`);
    if (performance.now() - told > PROGRESS) {
      told = performance.now();
      tell({ type: 'progress', name, inputs: measured.inputs, of: runs * batch });
    }
  };
  let failure: unknown;
  try {
    await fc.assert(fc.asyncProperty(target.input, take), { numRuns: runs, seed: SEED });
  } catch (error) {
    failure = error;
  }
  const growth = RUNS > 0 ? (await held()) - measured.before : 0;
  if (!failure && measured.inputs >= MEASURED_FROM && growth > allowance)
    failure = new HostileFault(
      `the heap grew by ${(growth / MIB).toFixed(1)} MiB over ${measured.inputs} inputs: expected at most ${allowance / MIB} MiB (seed ${SEED})`,
    );
  tell({
    type: 'done',
    name,
    inputs: measured.inputs,
    refusals: measured.refusals,
    seconds: (performance.now() - begin) / 1000,
    worst: measured.worst,
    growth,
    seed: SEED,
    ...(failure ? { failure: failure instanceof Error ? failure.message : messageOf(failure) } : {}),
  });
  if (failure) throw failure;
};

/** Declares a target: a test of its sample, or of as many inputs as `DAISEE_FUZZ_RUNS` says. */
export const hostile = <T>(name: string, target: HostileTarget<T>): void => {
  it(name, { timeout: RUNS > 0 ? 3_600_000 : 120_000 }, async () => {
    tell({ type: 'begin', name, seed: SEED });
    await tryOut(name, target);
  });
};
