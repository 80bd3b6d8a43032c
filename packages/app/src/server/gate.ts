/** Who may see and who may act: one password for the node, a session's cookie, and a word that only the page knows. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  createHostNames,
  createLogin,
  createOpenRequests,
  createSessions,
  RequestRefused,
  SESSION_LENGTH,
} from '@daisee/http';
import type { Clock } from '@daisee/units';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Session } from '../api.ts';

/** What a request needs: to see what all may see where the view is open, to be logged in, to change something. */
export const SEE = 'see';
export const KNOWN = 'known';
export const ACT = 'act';

const COOKIE = 'daisee_app';
const CSRF_HEADER = 'x-csrf-token';

export interface GateOptions {
  /** The machine's clock: sessions and guesses are people's. */
  readonly clock: Clock;
  /**
   * Without one, only this machine may reach the App, and everybody there may all. A function says the one in force
   * whenever it is asked; who logged in with another is logged out.
   */
  readonly password?: string | (() => string) | undefined;
  /** Whether the page may be seen without login. */
  readonly view: boolean;
  /** Names by which an App without a password may be asked, besides loopback: a proxy's. */
  readonly hosts?: readonly string[] | undefined;
}

export interface Gate {
  /**
   * Lets pass who may. What goes on, as streams do, is cut when its session is over.
   * @throws RequestRefused (401, 403, 421)
   */
  admit(scope: string, request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** @throws RequestRefused (403) */
  session(request: FastifyRequest): Session;
  /** @throws RequestRefused (403 a wrong password, 429 too many of them) */
  login(password: string, request: FastifyRequest, reply: FastifyReply): Promise<Session>;
  logout(request: FastifyRequest, reply: FastifyReply): void;
  /** Looks after requests under way no more. */
  close(): void;
}

const tooMany = (retryAfter: number): RequestRefused =>
  new RequestRefused(429, 'app.too-many', `Too many wrong passwords: try again in ${retryAfter} s.`, {
    retryAfter,
  });

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

export const createGate = async ({ clock, password, view, hosts }: GateOptions): Promise<Gate> => {
  const local = createHostNames({ loopbackOnly: true, names: hosts });
  const guarded =
    password === undefined ? undefined : await createLogin({ clock, secret: password, tooMany });
  const sessions = createSessions({ clock, login: guarded && (() => guarded.current()) });
  const open = createOpenRequests({
    ended: (secrets) => secrets.filter((secret) => !sessions.isKept(secret)),
    // Sessions are in memory: there is nothing to fail.
    onFailure: () => undefined,
  });
  const key = randomBytes(32);

  const csrfOf = (secret: string): string => createHmac('sha256', key).update(secret).digest('base64url');

  /** The secret of the request's session, when it is open. */
  const openSession = (request: FastifyRequest): string | undefined => {
    if (!guarded) {
      if (local.accepts(request.headers.host)) return 'local';
      throw new RequestRefused(
        421,
        'app.not-local',
        'Without a password the App answers its own machine only: open it as http://127.0.0.1, set app.password, or name a proxy that you trust in app.hosts.',
      );
    }
    const secret = request.cookies[COOKIE];
    return secret !== undefined && sessions.isOpen(secret) ? secret : undefined;
  };
  const sessionOf = (secret: string | undefined): Session => ({
    loggedIn: secret !== undefined,
    view,
    ...(secret === undefined ? {} : { csrf: csrfOf(secret) }),
  });

  return {
    close: () => open.close(),
    admit: async (scope, request, reply) => {
      const secret = openSession(request);
      if (secret === undefined) {
        if (scope === SEE && view) return;
        throw new RequestRefused(401, 'app.no-login', 'Log in first.');
      }
      if (guarded) open.add(secret, reply.raw);
      if (scope !== ACT) return;
      const sent = request.headers[CSRF_HEADER];
      if (typeof sent !== 'string' || !same(sent, csrfOf(secret)))
        throw new RequestRefused(
          403,
          'app.csrf',
          'This did not come from the App’s page: send the csrf of GET api/session as header X-Csrf-Token.',
        );
    },
    session: (request) => sessionOf(openSession(request)),
    login: async (given, request, reply) => {
      if (!guarded) return sessionOf(openSession(request));
      if (!(await guarded.accept(given, request.ip)))
        throw new RequestRefused(403, 'app.bad-login', 'That password is wrong.');
      const secret = sessions.open();
      void reply.setCookie(COOKIE, secret, {
        httpOnly: true,
        sameSite: 'strict',
        path: '/',
        secure: request.protocol === 'https',
        maxAge: SESSION_LENGTH / 1000,
      });
      return sessionOf(secret);
    },
    logout: (request, reply) => {
      const secret = request.cookies[COOKIE];
      sessions.close(secret);
      if (secret !== undefined) open.end(secret);
      void reply.clearCookie(COOKIE, { path: '/' });
    },
  };
};
