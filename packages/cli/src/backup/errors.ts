import { DaiseeError } from '@daisee/units';

/** A backup that cannot be made. */
export class BackupFailed extends DaiseeError {
  constructor(message: string, values: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super({ code: 'cli.backup', message, retryable: false, values, cause });
  }
}

/** A file that is no backup, or one that is damaged or closed to the passphrase given. */
export class BackupUnusable extends DaiseeError {
  constructor(file: string, why: string, cause?: unknown) {
    super({
      code: 'cli.backup.unusable',
      message: `${file} cannot be restored: ${why}. Nothing was written.`,
      retryable: false,
      values: { file, why },
      cause,
    });
  }
}

/** Restoring would overwrite what is there. */
export class WouldOverwrite extends DaiseeError {
  constructor(paths: readonly string[]) {
    super({
      code: 'cli.restore.overwrite',
      message: `${paths.length === 1 ? 'A file is' : `${paths.length} files are`} there already: ${paths.join(', ')}. Restore into another directory with --into, or replace them with --force. Nothing was written.`,
      retryable: false,
      values: { paths },
    });
  }
}

/** A backup that would put files where none of DAISEE's are: whoever made it chose the places. */
export class GoesElsewhere extends DaiseeError {
  constructor(file: string, paths: readonly string[], known: readonly string[]) {
    super({
      code: 'cli.restore.elsewhere',
      message: `${file} would put ${paths.slice(0, 5).join(', ')}${paths.length > 5 ? ` and ${paths.length - 5} more` : ''} outside of ${known.join(', ')}: restore with --into DIR, from the folder of the settings, or, if you made this backup, with --outside. Nothing was written.`,
      retryable: false,
      values: { file, paths },
    });
  }
}

/** The disk did not take a file of a backup. */
export class RestoreBroken extends DaiseeError {
  constructor(target: string, done: number, all: number, why: string, cause: unknown) {
    super({
      code: 'cli.restore.broken',
      message: `${target} could not be written (${why}); ${done} of ${all} files are in their places, each whole. Mend that and restore again with --force.`,
      retryable: true,
      values: { target, done, all },
      cause,
    });
  }
}
