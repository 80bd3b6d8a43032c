/** Tells when a meter has no value for long. */
import { isAbsence, type Measurement } from '@daisee/meter';
import { type Clock, type Instant, Seconds, sleepOrStop } from '@daisee/units';
import { worthSaying } from './stamps.ts';

export interface Absences {
  notice(told: Measurement): void;
  /** Ends the waiting for the end of an absence. */
  stop(): Promise<void>;
}

/** An absence that lasts for so long is told while it lasts. */
const LONG = Seconds(60);
/** A shorter one is told when it is over; what is shorter than this is only recorded. */
const SHORTEST = Seconds(10);

/** What is known of the absence that goes on. */
interface Open {
  readonly since: Instant;
  readonly why: string;
  readonly over: AbortController;
  told: boolean;
  waiting: Promise<void> | undefined;
}

const utc = (at: Instant): string => new Date(at).toISOString();

/** `name` is the meter's; every absence is in the store's record, however short. */
export const createAbsences = (name: string, clock: Clock, warn: (message: string) => void): Absences => {
  let open: Open | undefined;
  let short = 0;

  const tellIfLong = async (absence: Open): Promise<void> => {
    if (!(await sleepOrStop(clock, LONG, absence.over.signal))) return;
    absence.told = true;
    warn(
      `Meter ${name} has had no value since ${utc(absence.since)} (${absence.why}): nothing is counted until it has one again.`,
    );
  };
  const begin = ({ at: since, absent: why }: { readonly at: Instant; readonly absent: string }): Open => {
    const begun: Open = { since, why, over: new AbortController(), told: false, waiting: undefined };
    begun.waiting = clock.task(() => tellIfLong(begun));
    return begun;
  };
  const end = ({ since, why, over, told }: Open, at: Instant): void => {
    over.abort();
    if (!told && at - since < SHORTEST) return;
    if (!told) short++;
    if (told) warn(`Meter ${name} has values again.`);
    else if (worthSaying(short))
      warn(
        `Meter ${name} had no value from ${utc(since)} to ${utc(at)} (${why}): nothing is counted for it (${short} times so far).`,
      );
  };
  return {
    notice: (told) => {
      if (isAbsence(told)) open ??= begin(told);
      else if (open) {
        end(open, told.at);
        open = undefined;
      }
    },
    stop: async () => {
      open?.over.abort();
      await open?.waiting;
      open = undefined;
    },
  };
};
