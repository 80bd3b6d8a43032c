/** What the monitor refuses in more than one place. */
import { RequestRefused } from '@daisee/http';

/** 400: a number in the address or the query that cannot be. */
export const badNumber = (what: string, got: string, expected: string): RequestRefused =>
  new RequestRefused(
    400,
    'monitor.bad-number',
    `${what} cannot be ${JSON.stringify(got)}: expected ${expected}.`,
    {
      what,
      got,
      expected,
    },
  );

/** 403: login and password that are not the monitor's. */
export const badLogin = (): RequestRefused =>
  new RequestRefused(
    403,
    'monitor.bad-login',
    'Login or password is wrong: send login=…&password=… as the monitor was given.',
  );

/** 429: too many wrong logins; `retryAfter` in seconds. */
export const tooManyLogins = (retryAfter: number): RequestRefused =>
  new RequestRefused(429, 'monitor.too-many-logins', `Too many wrong logins: try again in ${retryAfter} s.`, {
    retryAfter,
  });

/** 404: no such address. */
export const notFound = (url: string): RequestRefused =>
  new RequestRefused(
    404,
    'monitor.not-found',
    `There is nothing at ${url}: see /api/sensors and /api/v1/docs.`,
    {
      url,
    },
  );
