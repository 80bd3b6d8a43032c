/** A campaign: step after step of the schedule, with the checker looking on, and a calm end. */
import { type Duration, Instant, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { Checker, Fault, LeaseTries, Stage, Violation } from './doors.ts';
import { type Step, type Strike, schedule } from './schedule.ts';

/** A fault that was struck. */
export interface Struck {
  readonly fault: Fault;
  readonly step: number;
  /** Lab time since the campaign's begin. */
  readonly at: Duration;
  readonly seen: string;
  /** False: it found nothing to disturb, or could not be done, so it tried no law. */
  readonly happened: boolean;
  /** It could not be done as meant. */
  readonly failed: boolean;
  /** Lab time from its end until the lab worked as before; undefined when that did not come. */
  readonly recovery: Duration | undefined;
  readonly isBesideAnother: boolean;
}

/** A violation with the faults of its step, which need not be its cause. */
export interface Found extends Violation {
  readonly faults: readonly string[];
}

export type CampaignEvent =
  | { readonly type: 'struck'; readonly struck: Struck }
  | { readonly type: 'violation'; readonly found: Found }
  | { readonly type: 'phase'; readonly message: string };

export interface CampaignOptions {
  readonly stage: Stage;
  readonly checker: Checker;
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** How long faults are struck, lab time. */
  readonly length: Duration;
  readonly signal: AbortSignal;
  readonly onEvent: (event: CampaignEvent) => void;
}

export interface Outcome {
  readonly struck: readonly Struck[];
  readonly found: readonly Found[];
  /** How often the laws that hold at any instant were checked. */
  readonly looks: number;
  readonly tries: LeaseTries;
  /** It came to its own end, the laws of the end included. */
  readonly isWhole: boolean;
  /** Lab time. */
  readonly lasted: Duration;
}

/** Machine seconds between two looks, so that looking costs the same at any speed. */
const LOOK_EVERY = 0.7;
/**
 * Within this the lab works again as without faults: ten minutes of lab time for back-offs and periods, and half a
 * minute of the machine's for starts and for time-outs on sockets (the chain's client waits 20 s for an answer).
 */
const RECOVERY = Seconds(600);
const RECOVERY_REAL = 30;
/** Of each part's output, shown when the lab does not work again. */
const LAST_LINES = 8;
/** Left alone before the end, lab time. */
const CALM = Seconds(120);

/** Strikes until the time is over or the signal ends it. */
export const runCampaign = async (options: CampaignOptions): Promise<Outcome> => {
  const { stage, checker, faults, seed, length, signal, onEvent } = options;
  const { clock, speed } = stage;
  const began = clock.now();
  const struck: Struck[] = [];
  const found: Found[] = [];
  let looks = 0;
  let current: readonly string[] = [];
  let isBroken = false;
  let missing: string | undefined;

  const since = (): Duration => (clock.now() - began) as Duration;
  const report = (violations: readonly Violation[]): void => {
    for (const violation of violations) {
      const one = { ...violation, faults: current };
      found.push(one);
      onEvent({ type: 'violation', found: one });
    }
  };
  /** Looks are one after another: the checker goes through everything since its last one. */
  let looking: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    looking = looking.then(async () => {
      report(await checker.look());
      looks++;
    });
    return looking;
  };

  const strikeOne = async ({
    fault,
    chance,
    lag,
  }: Strike): Promise<Pick<Struck, 'seen' | 'happened' | 'failed'>> => {
    await sleepOrStop(clock, lag, signal);
    try {
      const sight = await fault.strike(stage, chance, signal);
      return { ...(typeof sight === 'string' ? { seen: sight, happened: true } : sight), failed: false };
    } catch (error) {
      return { seen: messageOf(error), happened: false, failed: true };
    }
  };

  /** Until the lab works again; undefined when it does not within the bound, or the campaign ends. */
  const recover = async (): Promise<Duration | undefined> => {
    const from = clock.now();
    const bound = RECOVERY + Seconds(RECOVERY_REAL * speed);
    while (!signal.aborted) {
      missing = await checker.missing();
      if (missing === undefined) return (clock.now() - from) as Duration;
      if (clock.now() - from > bound) return undefined;
      await sleepOrStop(clock, Seconds(0.25 * speed), signal);
    }
    return undefined;
  };

  const take = async ({ number, strikes, quiet }: Step): Promise<void> => {
    const at = since();
    current = strikes.map(({ fault }) => fault.name);
    const outcomes = await Promise.all(
      strikes.map(async (strike) => ({ strike, ...(await strikeOne(strike)) })),
    );
    if (signal.aborted) return;
    const recovery = await recover();
    for (const { strike, seen, happened, failed } of outcomes) {
      const one: Struck = {
        fault: strike.fault,
        step: number,
        at,
        seen,
        happened,
        failed,
        recovery,
        isBesideAnother: strikes.length > 1,
      };
      struck.push(one);
      onEvent({ type: 'struck', struck: one });
    }
    if (signal.aborted) return;
    if (recovery === undefined) {
      isBroken = true;
      const bound = `${RECOVERY / 1000} s of lab time and ${RECOVERY_REAL} s of the machine's`;
      report([
        {
          law: 8,
          what: `the lab did not work again within ${bound} after ${current.join(' and ')}: ${missing}`,
          at: Instant(clock.now()),
        },
      ]);
      for (const { name, lastLines } of Object.values(stage.parts))
        for (const line of lastLines.slice(-LAST_LINES)) stage.note(`${name}: ${line}`);
      return;
    }
    await look();
    await sleepOrStop(clock, quiet, signal);
  };

  const watching = new AbortController();
  const watch = (async () => {
    while (!watching.signal.aborted) {
      await look();
      await sleepOrStop(clock, Seconds(LOOK_EVERY * speed), watching.signal);
    }
  })();
  try {
    const strikeAll = async (): Promise<void> => {
      if ((await recover()) === undefined && !signal.aborted) {
        isBroken = true;
        return report([
          { law: 8, what: `the lab did not work before any fault: ${missing}`, at: clock.now() },
        ]);
      }
      onEvent({ type: 'phase', message: 'The lab works; faults begin.' });
      for (const step of schedule(faults, seed)) {
        if (signal.aborted || isBroken || since() >= length) break;
        await take(step);
      }
    };
    // A look that fails is a fault of the checker: it ends the campaign.
    await Promise.race([strikeAll(), watch]);
    current = [];
    if (!signal.aborted) {
      onEvent({
        type: 'phase',
        message: 'No more faults; a calm spell, then the books are closed and compared.',
      });
      await sleepOrStop(clock, CALM, signal);
    }
  } finally {
    watching.abort();
    await watch;
  }
  // Asked to end while the books are compared, it ends with them compared.
  const isWhole = !signal.aborted;
  if (isWhole) report(await checker.final());
  return { struck, found, looks, tries: checker.tries, isWhole, lasted: since() };
};
