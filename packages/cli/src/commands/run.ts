/** What every command's action goes through: output chosen, lifecycle ended, errors let out to `main`. */
import { flushCompileCache } from 'node:module';
import { createServiceNotice } from '../install/notify.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import { createOutput, type Output } from '../output.ts';

export interface CommonOptions {
  readonly json?: boolean;
}

/** Everybody on a machine sees the words of its commands (`ps`). */
const warnOfShownSecrets = (words: readonly string[], output: Output): void => {
  if (words.some((word) => /^--password(=|$)|:\/\/[^/@]*:[^@]+@/.test(word)))
    output.note(
      'A password on the command line shows in the list of processes: give it in a file (--password-file and the like) or in the environment.',
    );
};

/** Wraps an action that does its work and ends. */
export const action =
  <Options extends CommonOptions>(work: (options: Options, output: Output) => Promise<void>) =>
  async (options: Options): Promise<void> => {
    const output = createOutput(options.json ?? false);
    warnOfShownSecrets(process.argv, output);
    await work(options, output);
  };

/** Real ms after which a service that still waits for another machine counts as started. */
const READY_AFTER = 10_000;

/** Real ms after which a service whose parts have all stopped is gone. */
const GONE_WITHIN = 10_000;

/** Runs a service: `start` brings its parts up, then it lasts until Ctrl-C, SIGTERM or `lifecycle.end()`. */
export const service =
  <Options extends CommonOptions>(
    start: (options: Options, output: Output, lifecycle: Lifecycle) => Promise<void>,
  ) =>
  async (options: Options): Promise<void> => {
    const output = createOutput(options.json ?? false);
    warnOfShownSecrets(process.argv, output);
    const lifecycle = createLifecycle(output);
    const notice = createServiceNotice({
      environment: process.env,
      onFailure: (error) => output.note(error.message),
    });
    notice.start();
    const patience = setTimeout(notice.ready, READY_AFTER);
    lifecycle.signal.addEventListener('abort', notice.stopping, { once: true });
    try {
      await start(options, output, lifecycle);
      notice.ready();
      // Kept now: a process that is killed would leave nothing for the next start.
      flushCompileCache();
      await lifecycle.stopped();
    } catch (error) {
      // Ctrl-C while a part waits for its chain or monitor is an ordinary end.
      if (!lifecycle.signal.aborted) throw error;
    } finally {
      clearTimeout(patience);
      await lifecycle.stopAll();
      notice.end();
      // Nothing is left to do; what a part that stopped badly left behind (a timer, a socket) must not hold the process.
      setTimeout(() => process.exit(), GONE_WITHIN).unref();
    }
  };
