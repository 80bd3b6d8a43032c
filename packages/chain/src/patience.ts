import { type Clock, Duration, messageOf } from '@daisee/units';
import { ChainChanged } from './identity.ts';
import { ChainAnswer, ChainUnreachable, RpcRefused } from './rpc.ts';

/** What a ledger has to say besides its answers, each with a sentence for people. */
export interface LedgerNotice {
  readonly type: 'waiting' | 'back' | 'pending' | 'rebroadcast' | 'stuck' | 'settled' | 'history';
  readonly message: string;
}

/** Trying again while the chain is away, and saying so once. */
export interface Patience {
  /**
   * Does the work until the chain answers it. An unreachable chain, and one in whose place another answers, is waited for
   * without bound.
   * @param faults how many invalid or refused answers in a row are borne with; none by default
   */
  try<T>(work: () => Promise<T>, faults?: number): Promise<T>;
}

export interface PatienceOptions {
  readonly clock: Clock;
  readonly interval: Duration;
  /** Ends the waits with SleepAborted. */
  readonly signal: AbortSignal;
  readonly onEvent: (notice: LedgerNotice) => void;
}

const LONGEST_PAUSE = 15_000;

/** One for all that share a connection, so that its loss is told once. */
export const createPatience = ({ clock, interval, signal, onEvent }: PatienceOptions): Patience => {
  let away = false;
  return {
    try: async (work, faults = 0) => {
      let borne = 0;
      for (let pause: number = interval; ; pause = Math.min(pause * 2, Math.max(LONGEST_PAUSE, interval))) {
        try {
          const result = await work();
          if (away) {
            away = false;
            onEvent({ type: 'back', message: 'The chain is back.' });
          }
          return result;
        } catch (error) {
          const isAway = error instanceof ChainUnreachable || error instanceof ChainChanged;
          const refused =
            error instanceof RpcRefused && (error.retryable || faults === Number.POSITIVE_INFINITY);
          const faulty = error instanceof ChainAnswer || refused;
          if (!isAway && (!faulty || ++borne > faults)) throw error;
          if (!away) {
            away = true;
            const what = error instanceof ChainChanged ? 'Wrong chain' : 'Chain unreachable';
            onEvent({ type: 'waiting', message: `${what}: ${messageOf(error)} Trying again.` });
          }
        }
        await clock.sleep(Duration(pause), signal);
      }
    },
  };
};
