/** What a check is, and running many of them at once without letting one hold up the others. */
import { DaiseeError, type Duration, messageOf } from '@daisee/units';

export interface Finding {
  readonly state: 'ok' | 'warning' | 'failed';
  /** What was seen, in one sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly mend?: string;
}

export interface Check {
  readonly name: string;
  /** Throwing means failed; the error's message is the finding. The signal aborts when the time is over. */
  readonly look: (signal: AbortSignal) => Promise<Finding | readonly Finding[]>;
}

export type Report = Finding & { readonly name: string };

export const ok = (text: string): Finding => ({ state: 'ok', text });
export const warning = (text: string, mend?: string): Finding => ({
  state: 'warning',
  text,
  ...(mend ? { mend } : {}),
});
export const failed = (text: string, mend?: string): Finding => ({
  state: 'failed',
  text,
  ...(mend ? { mend } : {}),
});

const ofError = (error: unknown): Finding =>
  failed(
    error instanceof DaiseeError ? error.message.replaceAll('\n', '; ') : messageOf(error),
    error instanceof DaiseeError && error.retryable ? 'then look again' : undefined,
  );

/** One check, bounded. The time counts on the machine's clock: it guards real sockets and files. */
const bounded = async ({ name, look }: Check, limit: Duration): Promise<readonly Report[]> => {
  const over = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(
          failed(
            `no answer within ${limit / 1000} s`,
            'what it asks hangs: see whether it is overloaded or a firewall drops what is sent',
          ),
        ),
      limit,
    );
  });
  try {
    const found = await Promise.race([look(over.signal).catch(ofError), late]);
    const findings: readonly Finding[] = Array.isArray(found) ? found : [found as Finding];
    return findings.map((finding) => ({ name, ...finding }));
  } finally {
    clearTimeout(timer);
    over.abort();
  }
};

/** Runs every check at once, each for at most `limit`, and tells the findings in the order of the checks. */
export const runChecks = async (checks: readonly Check[], limit: Duration): Promise<readonly Report[]> =>
  (await Promise.all(checks.map((check) => bounded(check, limit)))).flat();
