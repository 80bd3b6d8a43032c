import { DaiseeError } from '@daisee/units';

/** A request that is not served, with the HTTP status that says so. */
export class RequestRefused extends DaiseeError {
  readonly status: number;

  constructor(status: number, what: string, message: string, values: Readonly<Record<string, unknown>> = {}) {
    super({ code: `monitor.${what}`, message, retryable: status === 429, values });
    this.status = status;
  }
}

/** 400: a number in the address or the query that cannot be. */
export const badNumber = (what: string, got: string, expected: string): RequestRefused =>
  new RequestRefused(400, 'bad-number', `${what} cannot be ${JSON.stringify(got)}: expected ${expected}.`, {
    what,
    got,
    expected,
  });

/** 403: login and password that are not the monitor's. */
export const badLogin = (): RequestRefused =>
  new RequestRefused(
    403,
    'bad-login',
    'Login or password is wrong: send login=…&password=… as the monitor was given.',
  );

/** 429: too many wrong logins; `retryAfter` in seconds. */
export const tooManyLogins = (retryAfter: number): RequestRefused =>
  new RequestRefused(429, 'too-many-logins', `Too many wrong logins: try again in ${retryAfter} s.`, {
    retryAfter,
  });

/** 404: no such address. */
export const notFound = (url: string): RequestRefused =>
  new RequestRefused(404, 'not-found', `There is nothing at ${url}: see /api/sensors and /api/v1/docs.`, {
    url,
  });
