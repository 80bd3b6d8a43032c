/** What the monitor refuses in more than one place. */
import { RequestRefused } from '@daisee/http';
import type { Allowed } from './allowed.ts';

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

/** 429: too many wrong tokens; `retryAfter` in seconds. */
export const tooManyTokens = (retryAfter: number): RequestRefused =>
  new RequestRefused(429, 'monitor.too-many-tokens', `Too many wrong tokens: try again in ${retryAfter} s.`, {
    retryAfter,
  });

/** 421: a monitor without a login, asked by a name that is not this machine's own. */
export const notLocal = (): RequestRefused =>
  new RequestRefused(
    421,
    'monitor.not-local',
    'Without a login the monitor answers its own machine only: ask http://127.0.0.1, set monitor.login and monitor.password, or name a proxy that you trust in monitor.hosts.',
  );

/** 404: no such address; 405 for one that takes other methods. */
export const notFound = (url: string, allowed: Allowed): RequestRefused => {
  const methods = allowed(url);
  return methods.length === 0
    ? new RequestRefused(
        404,
        'monitor.not-found',
        `There is nothing at ${url}: see /api/sensors and /api/v1/docs.`,
        { url },
      )
    : new RequestRefused(405, 'monitor.method', `${url} takes ${methods.join(', ')} only: ask it so.`, {
        url,
        methods,
      });
};

/** 400: an address whose %-escapes stand for no text. */
export const badAddress = (url: string): RequestRefused =>
  new RequestRefused(
    400,
    'monitor.bad-address',
    `${url} cannot be read: a % in an address begins the two digits of a byte in UTF-8; write a % itself as %25.`,
    { url },
  );
