/** The pages of a browser: login, logout and what there is to see. */
import type { Sessions } from '@daisee/http';
import type { FastifyInstance } from 'fastify';
import type { SampleStore } from '../store/store.ts';
import { type Access, SESSION_COOKIE } from './access.ts';
import { loginPage, sensorsPage } from './pages.ts';

export interface LoginOptions {
  readonly store: SampleStore;
  readonly sessions: Sessions;
  readonly access: Access;
}

const COOKIE = { path: '/', httpOnly: true, sameSite: 'strict' } as const;

export const addLogin = (app: FastifyInstance, { store, sessions, access }: LoginOptions): void => {
  app.get('/login', async (_request, reply) => await reply.type('text/html').send(loginPage()));
  app.post('/login', async (request, reply) => {
    if (await access.byBody(request))
      return await reply.setCookie(SESSION_COOKIE, sessions.open(), COOKIE).redirect('/', 303);
    return await reply.code(403).type('text/html').send(loginPage('Login or password is wrong.'));
  });
  app.post('/logout', async (request, reply) => {
    sessions.close(request.cookies[SESSION_COOKIE]);
    return await reply.clearCookie(SESSION_COOKIE, COOKIE).redirect('/login', 303);
  });
  app.get('/', { preHandler: access.toCitizenWatt }, async (_request, reply) =>
    reply.type('text/html').send(sensorsPage(await store.sensors())),
  );
};
