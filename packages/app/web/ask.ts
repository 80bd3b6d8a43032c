/** Asking the page's own server. */
import type { Problem, SaidValues, Session } from '../src/api.ts';

/** What the server refused, in its own words. */
export class Refused extends Error {
  readonly code: string;
  readonly values: SaidValues;

  constructor(code: string, detail: string, values: SaidValues = {}) {
    super(detail);
    this.name = 'Refused';
    this.code = code;
    this.values = values;
  }
}

let csrf: string | undefined;
let hear: ((session: Session) => void) | undefined;
/** Keeps what must be sent with everything that changes something. */
export const keepSession = (session: Session): void => {
  csrf = session.csrf;
};
/** Who hears that the session has become another one: another page logged in or out, or the server was restarted. */
export const onSession = (listener: (session: Session) => void): void => {
  hear = listener;
};

const asked = async <T>(path: string, request: RequestInit): Promise<T> => {
  const answer = await fetch(`api/${path}`, { ...request, credentials: 'same-origin' });
  if (answer.status === 204) return undefined as T;
  const body: unknown = await answer.json();
  if (answer.ok) return body as T;
  const problem = body as Partial<Problem>;
  throw new Refused(problem.code ?? '', problem.detail ?? answer.statusText, problem.values);
};

type Query = Readonly<Record<string, string | number | undefined>>;

export const queryText = (query: Query): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
};

/** @throws Refused, or TypeError when the server is away */
export const get = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> => {
  const text = queryText(query);
  return asked<T>(text ? `${path}?${text}` : path, signal ? { signal } : {});
};

/** What a request is refused with before anything is done, where the session is not the one that the page knew. */
const OTHER_SESSION: ReadonlySet<string> = new Set(['app.csrf', 'app.no-login']);

/** @throws Refused, or TypeError when the server is away */
export const send = async <T>(path: string, body: unknown, method: 'POST' | 'PATCH' = 'POST'): Promise<T> => {
  const attempt = (): Promise<T> =>
    asked<T>(path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(csrf ? { 'X-Csrf-Token': csrf } : {}) },
      body: JSON.stringify(body),
    });
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof Refused && OTHER_SESSION.has(error.code))) throw error;
    const before = csrf;
    const session = await get<Session>('session');
    keepSession(session);
    hear?.(session);
    if (!session.loggedIn || session.csrf === before) throw error;
    return await attempt();
  }
};
