/** Feeds a decoder. */
import type { FrameDecoder, MeterReading } from '../../src/reading.ts';

/** Everything that a decoder gives for some bytes, pushed in pieces of `size`. */
export const all = (decoder: FrameDecoder, bytes: Uint8Array, size = bytes.length || 1): MeterReading[] => {
  const readings: MeterReading[] = [];
  for (let at = 0; at < bytes.length; at += size)
    readings.push(...decoder.push(bytes.subarray(at, at + size)));
  readings.push(...decoder.end());
  return readings;
};

/** The only reading of some bytes. */
export const only = (decoder: FrameDecoder, bytes: Uint8Array): MeterReading => {
  const [reading, ...others] = all(decoder, bytes);
  if (!reading || others.length > 0)
    throw new Error(`expected one reading, got ${others.length + (reading ? 1 : 0)}`);
  return reading;
};

export const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

export const problemsOf = (reading: MeterReading): readonly string[] =>
  reading.problems.map(({ problem }) => problem);
