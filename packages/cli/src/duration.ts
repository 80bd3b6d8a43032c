/** Lengths of time as people write them. */
import { type Duration, Seconds } from '@daisee/units';

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `2h`, `30d`, or a plain number of seconds; undefined when it is none, or not above zero. */
export const readDuration = (text: string): Duration | undefined => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?$/.exec(text.trim());
  const factor = units[match?.[2] ?? 's'];
  const seconds = Number(match?.[1]) * (factor ?? 0);
  return match && seconds > 0 ? Seconds(seconds) : undefined;
};
