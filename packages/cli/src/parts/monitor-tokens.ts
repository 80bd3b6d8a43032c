/** Asks a monitor's `/api/v1/tokens`. */
import { DaiseeError, messageOf } from '@daisee/units';
import { z } from 'zod';
import { withoutLogin } from '../settings/shown.ts';

export interface MonitorAccess {
  readonly url: string;
  readonly login?: string;
  readonly password?: string;
}

/** Thrown when a monitor cannot be asked, or does not do what it is asked. */
class TokenRefused extends DaiseeError {
  constructor(url: string, why: string, retryable: boolean, cause?: unknown) {
    super({
      code: 'cli.monitorToken',
      message: `The monitor at ${url} ${why}`,
      retryable,
      values: { url },
      cause,
    });
  }
}

const tokenShape = z.object({
  id: z.number(),
  name: z.string(),
  scopes: z.array(z.string()),
  madeAt: z.number(),
});
type Token = z.output<typeof tokenShape>;

/** Real ms: guards a real socket. */
const TIMEOUT = 10_000;

const whyNot = async (response: Response, login: string | undefined): Promise<string> => {
  if (response.status === 401 || response.status === 403)
    return login === undefined
      ? 'wants a login: give --login and --password-file.'
      : 'refuses the login: check --login and the password.';
  const text = await response.text();
  try {
    const { detail } = z.object({ detail: z.string() }).parse(JSON.parse(text));
    return `refuses: ${detail}`;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    return `answers ${response.status}: is it a monitor of DAISEE 0.3 or newer?`;
  }
};

const ask = async (
  { url, login, password }: MonitorAccess,
  path: string,
  method: 'GET' | 'POST' | 'DELETE',
  body?: unknown,
): Promise<string> => {
  if (new URL(url).username !== '')
    throw new TokenRefused(
      withoutLogin(url),
      'is asked without a login in its address: give --login and --password-file.',
      false,
    );
  const key = Buffer.from(`${login}:${password}`).toString('base64');
  let response: Response;
  try {
    response = await fetch(new URL(`/api/v1/${path}`, url), {
      method,
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: 'manual',
      headers: {
        ...(login === undefined ? {} : { authorization: `Basic ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const reason = messageOf(error instanceof Error && error.cause ? error.cause : error);
    throw new TokenRefused(url, `gives no answer (${reason}): check that it runs, and --url.`, true, error);
  }
  if (!response.ok) throw new TokenRefused(url, await whyNot(response, login), false);
  return await response.text();
};

export const tokens = async (access: MonitorAccess): Promise<readonly Token[]> =>
  z.object({ tokens: z.array(tokenShape) }).parse(JSON.parse(await ask(access, 'tokens', 'GET'))).tokens;

export const makeToken = async (
  access: MonitorAccess,
  name: string,
  scopes: readonly string[],
): Promise<Token & { readonly token: string }> =>
  tokenShape
    .extend({ token: z.string() })
    .parse(JSON.parse(await ask(access, 'tokens', 'POST', { name, scopes })));

export const removeToken = async (access: MonitorAccess, id: number): Promise<void> => {
  await ask(access, `tokens/${id}`, 'DELETE');
};
