/** What an error of DAISEE carries besides its text. */
export interface DaiseeErrorOptions {
  /** Stable, machine-readable: `room.what`. */
  readonly code: string;
  /** What went wrong, where, what was expected and what to do, in one line. */
  readonly message: string;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The values that offended, ready for JSON. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Characters of a message: what it quotes may come from outside and have any length, and it goes into logs. */
const LONGEST_MESSAGE = 16_000;

const cut = (text: string): string =>
  text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;

/** Base of every error that DAISEE throws on purpose; each room derives its own beside the code that throws it. */
export class DaiseeError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly values: Readonly<Record<string, unknown>>;

  constructor(options: DaiseeErrorOptions) {
    super(cut(options.message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.retryable = options.retryable;
    this.values = options.values ?? {};
  }
}

/** The text of anything thrown, in one line. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
