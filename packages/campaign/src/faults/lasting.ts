/** What most faults are made of: something begun, a while on the lab's clock, and its end in every case. */
import { DaiseeError, type Duration, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { Chance, HttpInstead, HttpSeen, Link, Part, Sight, Stage } from '../doors.ts';

/** A fault was asked of a link that cannot do it. */
class LinkCannotAnswer extends DaiseeError {
  constructor(link: string) {
    super({
      code: 'campaign.link-kind',
      message: `The link ${link} carries bytes, not HTTP: nothing can be answered there. Open it as "http", or garble it.`,
      retryable: false,
      values: { link },
    });
  }
}

/** A length of time on the lab's clock, in whole seconds, so that its text is what it was. */
export const seconds = (chance: Chance, low: number, high: number): Duration =>
  Seconds(Math.round(chance.between(low, high)));

/** Like `45 s` or `3 min 10 s`. */
export const inWords = (duration: number): string => {
  const whole = Math.round(Math.abs(duration) / 1000);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  if (minutes === 0) return `${rest} s`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
};

/** A fault that waited for something that never came has tried no law. */
export const seenIf = (happened: boolean, seen: string): Sight => ({ happened, seen });

/** Waits, and then ends what was begun, also when the campaign ends first. */
export const lasting = async (
  stage: Stage,
  duration: Duration,
  signal: AbortSignal,
  ...ends: readonly (() => void)[]
): Promise<void> => {
  try {
    await sleepOrStop(stage.clock, duration, signal);
  } finally {
    for (const end of ends) end();
  }
};

/**
 * Starts a part that was ended, as whoever looks after the machine would; whether it works is for the checker to see.
 * Nothing is started for a campaign that ends.
 */
export const bringBack = async (stage: Stage, part: Part, signal: AbortSignal): Promise<void> => {
  if (signal.aborted || part.running) return;
  try {
    await part.start({ signal });
  } catch (error) {
    if (!signal.aborted) stage.note(`${part.name} did not come back at once: ${messageOf(error)}`);
  }
};

/** Answers on a link that sees requests. @throws LinkCannotAnswer */
export const answering = (
  link: Link,
  instead: (request: HttpSeen) => HttpInstead | Promise<HttpInstead>,
): (() => void) => {
  if (!link.answer) throw new LinkCannotAnswer(link.name);
  return link.answer(instead);
};

/** Whether a request over the relay's HTTP orders channels switched. */
export const isOrder = ({ method, path }: HttpSeen): boolean => method === 'POST' && path.endsWith('/switch');

/** Waits until `happened` or the time is over; true when it happened. */
export const waitFor = async (
  stage: Stage,
  duration: Duration,
  signal: AbortSignal,
  happened: Promise<unknown>,
): Promise<boolean> => {
  const over = new AbortController();
  const late = sleepOrStop(stage.clock, duration, AbortSignal.any([signal, over.signal])).then(() => false);
  try {
    return await Promise.race([happened.then(() => true), late]);
  } finally {
    over.abort();
  }
};

/** Blocks after which nothing of before is undone by the deepest reorganisation of a campaign. */
const DEEPEST = 6;

/** Waits until what was just mined is too deep to be reorganised away. */
export const untilDeep = async (stage: Stage, signal: AbortSignal): Promise<void> => {
  const { number } = await stage.ledger.block();
  while ((await stage.ledger.block()).number < number + DEEPEST)
    if (!(await sleepOrStop(stage.clock, Seconds(5), signal))) return;
};
