/** Reads a made file. */
import { intervalRecords, readIntervalFile } from '../../src/index.ts';

type Options = Parameters<typeof readIntervalFile>[1];

export const readText = (text: string | Uint8Array, options?: Options): ReturnType<typeof readIntervalFile> =>
  readIntervalFile(typeof text === 'string' ? Buffer.from(text) : text, options);

/** Start, minutes, µWh in and out, quality of each interval. */
export const lines = (
  text: string | Uint8Array,
  options?: Options,
): readonly (readonly [string, number, number | null, number | null, string])[] =>
  intervalRecords(readText(text, options)).map(
    (record) =>
      [
        record.start.replace(':00.000Z', 'Z'),
        record.length / 60,
        record.in,
        record.out,
        record.quality,
      ] as const,
  );

/** How many intervals there are from one local midnight to the next, without hole or overlap. */
export const countOf = (text: string, options?: Options): number => {
  const { intervals, absent, blank } = readText(text, options);
  for (const [index, interval] of intervals.entries()) {
    const before = intervals[index - 1];
    const isSame = before?.point === interval.point && before.direction === interval.direction;
    if (before && isSame && before.start + before.length !== interval.start)
      throw new Error(`a hole or overlap at ${new Date(interval.start).toISOString()}`);
  }
  return absent + blank > 0 ? -1 : intervals.length;
};
