/** Lengths of intervals of which a file gives one end only. */

/**
 * The length of each interval from ascending times. The step may change inside the file, and rows may be missing: a
 * longer distance is a new step when the next one is as long, else a hole.
 * @param stamps whether the times are the starts or the ends of the intervals
 */
export const stepsOf = (times: readonly number[], stamps: 'start' | 'end'): readonly number[] => {
  if (stamps === 'start') return stepsOf(times.map((time) => -time).toReversed(), 'end').toReversed();
  const steps: number[] = [];
  let regime = (times[1] ?? Number.NaN) - (times[0] ?? Number.NaN);
  // The first distance may be a hole: then the one after it is the step.
  const second = (times[2] ?? Number.NaN) - (times[1] ?? Number.NaN);
  if (second < regime) regime = second;
  for (let index = 0; index < times.length; index++) {
    const distance = (times[index] ?? 0) - (times[index - 1] ?? Number.NaN);
    const next = (times[index + 1] ?? Number.NaN) - (times[index] ?? 0);
    if (distance > 0 && (distance < regime || (distance > regime && next === distance))) regime = distance;
    // After a hole the file goes on with the step of the next rows.
    else if (distance > regime && next > 0 && next < regime) regime = next;
    steps.push(regime);
  }
  return steps;
};
