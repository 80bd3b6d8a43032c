import { type Clock, DaiseeError, messageOf, Seconds } from '@daisee/units';

/** Requests that fail alike are told once in so long: with a full disk every one of them fails. */
const PAUSE = Seconds(60);
/** Beyond this many kinds the one told first is forgotten. */
const MOST_KINDS = 100;

/** Tells of requests that failed by the monitor's own fault, of each kind (its code) once a minute with their number. */
export const createFailureLog = (
  clock: Clock,
  tell: (message: string, error: unknown) => void,
): ((request: string, error: unknown) => void) => {
  const told = new Map<string, { readonly at: number; more: number }>();
  return (request, error) => {
    const kind = error instanceof DaiseeError ? error.code : messageOf(error);
    const before = told.get(kind);
    if (before && Math.abs(clock.now() - before.at) < PAUSE) {
      before.more++;
      return;
    }
    told.delete(kind);
    told.set(kind, { at: clock.now(), more: 0 });
    const [oldest] = told.keys();
    if (told.size > MOST_KINDS && oldest !== undefined) told.delete(oldest);
    const more = before && before.more > 0 ? ` ${before.more} more since it was last said.` : '';
    tell(`${request} failed: ${messageOf(error)}${more}`, error);
  };
};
