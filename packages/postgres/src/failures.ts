/** What PostgreSQL's failures mean for whoever asked. */
import { DaiseeError, type DaiseeErrorOptions, messageOf } from '@daisee/units';

interface Meaning {
  readonly code: string;
  readonly retryable: boolean;
  readonly text: string;
}

const away: Meaning = {
  code: 'away',
  retryable: true,
  text: 'cannot be reached: start PostgreSQL or check the address; it is asked again with the next call',
};
const busy: Meaning = { code: 'busy', retryable: true, text: 'is too busy; try again' };

/** By SQLSTATE or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Readonly<Record<string, Meaning>> = {
  '08': away,
  '57P': away,
  '40': busy,
  '53': busy,
  '55P03': busy,
  '57014': busy,
  '28': {
    code: 'refused',
    retryable: false,
    text: 'refuses the login: check user and password in its address',
  },
  '3D000': {
    code: 'cannot-open',
    retryable: false,
    text: 'is not there: create the database, or give the address of another one',
  },
  '42501': {
    code: 'read-only',
    retryable: false,
    text: 'may not be written by this user: grant it the rights, CREATE on the database too',
  },
  '25006': {
    code: 'read-only',
    retryable: false,
    text: 'cannot be written: it is a copy of another server; give the address of that one',
  },
  '53100': { code: 'full', retryable: false, text: 'has no room left: free space on its disk' },
  '58030': {
    code: 'disk',
    retryable: true,
    text: 'could not be read or written: check the disk of its server',
  },
  XX001: { code: 'damaged', retryable: false, text: 'is damaged: put it aside and restore a copy' },
  XX002: { code: 'damaged', retryable: false, text: 'is damaged: put it aside and restore a copy' },
};

/** Codes of Node's sockets; ENOENT is that of a Unix socket that is not there. */
const UNREACHABLE =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN))$/;

const meaningOf = (error: unknown): Meaning | undefined => {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string')
    return UNREACHABLE.test(code)
      ? away
      : (meanings[code] ?? meanings[code.slice(0, 3)] ?? meanings[code.slice(0, 2)]);
  // What the client says of a connection that ended or does not answer carries no code.
  return /connection|timeout|timed? ?out/i.test(messageOf(error)) ? away : undefined;
};

/** How a room that keeps something in a database makes its errors: of its own class, `room.store-…` their codes. */
export interface Failures {
  /** The room's name, with which the codes of its errors begin. */
  readonly room: string;
  readonly failure: (options: DaiseeErrorOptions) => DaiseeError;
}

/** The typed error for anything that a database threw; `name` is its address without the password. */
export const failureOf = ({ room, failure }: Failures, name: string, error: unknown): DaiseeError => {
  if (error instanceof DaiseeError) return error;
  const { code } = error as { code?: unknown };
  const meaning = meaningOf(error);
  const said = messageOf(error) || String(code);
  return failure({
    code: `${room}.store-${meaning?.code ?? 'failed'}`,
    message: `The store ${name} ${meaning?.text ?? 'failed'} (${said}).`,
    retryable: meaning?.retryable ?? false,
    values: { store: name, ...(typeof code === 'string' ? { reason: code } : {}) },
    cause: error,
  });
};

export const closed = ({ room, failure }: Failures, name: string): DaiseeError =>
  failure({
    code: `${room}.store-closed`,
    message: `The store ${name} is closed: nothing more can be asked of it.`,
    retryable: false,
    values: { store: name },
  });

export const badAddress = (
  { room, failure }: Failures,
  what: string,
  got: string,
  expected: string,
): DaiseeError =>
  failure({
    code: `${room}.store-address`,
    message: `A PostgreSQL store's ${what} cannot be ${JSON.stringify(got)}: expected ${expected}.`,
    retryable: false,
    values: { what, got },
  });
