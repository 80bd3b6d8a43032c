import type { FastifyInstance } from 'fastify';

/** The methods that an address takes; none where there is nothing. */
export type Allowed = (url: string) => readonly string[];

/** An address of routes as a pattern: `:id` stands for one part, `*` for the rest. */
const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/:\w+/g, '[^/]+')
      .replaceAll('*', '.*')}$`,
  );

/**
 * Remembers the routes that are added from now on, and names on each 405 (RFC 9110, 15.5.6) the methods that there are.
 */
export const rememberAllowed = (app: FastifyInstance): Allowed => {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  const allowed: Allowed = (url) => {
    const path = url.split('?')[0] ?? url;
    return [...new Set(routes.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : [])))].sort();
  };
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode === 405) void reply.header('Allow', allowed(request.url).join(', '));
    return payload;
  });
  return allowed;
};
