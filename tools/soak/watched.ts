/** Who watches the lab as neighbours do: event streams and a page that stay open, and a person who pays coins back. */
import { Agent, get } from 'node:http';
import { openBrowser } from '../../packages/app/test/support/browser.ts';

/** An event stream that stays open; opened again when it ends. */
export interface Stream {
  readonly events: () => number;
  readonly reopened: () => number;
  close(): void;
}

const REOPEN_MS = 1000;

export const openStream = (url: string): Stream => {
  const agent = new Agent();
  let events = 0;
  let opened = 0;
  let isClosed = false;
  let last = '';
  const open = (): void => {
    if (isClosed) return;
    opened++;
    const headers = last === '' ? {} : { 'Last-Event-ID': last };
    const asked = get(`${url}/api/events`, { agent, headers }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        for (const line of text.split('\n')) {
          if (line.startsWith('event:')) events++;
          if (line.startsWith('id:')) last = line.slice(3).trim();
        }
      });
      response.on('close', again);
    });
    asked.on('error', again);
  };
  let waiting: NodeJS.Timeout | undefined;
  const again = (): void => {
    clearTimeout(waiting);
    if (!isClosed) waiting = setTimeout(open, REOPEN_MS);
  };
  open();
  return {
    events: () => events,
    reopened: () => opened - 1,
    close: () => {
      isClosed = true;
      clearTimeout(waiting);
      agent.destroy();
    },
  };
};

/** An App's page in a real browser. */
export interface OpenPage {
  /** After collecting garbage. */
  look(): Promise<{ readonly heapMB: number; readonly nodes: number; readonly listeners: number }>;
  /** What the page said went wrong. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export const openPage = async (url: string): Promise<OpenPage> => {
  const browser = await openBrowser();
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => void (faults.length < 20 && faults.push(error.message)));
  await page.goto(url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  return {
    faults,
    look: async () => {
      await devtools.send('HeapProfiler.collectGarbage');
      const { metrics } = await devtools.send('Performance.getMetrics');
      const value = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
      return {
        heapMB: value('JSHeapUsedSize') / 1e6,
        nodes: value('Nodes'),
        listeners: value('JSEventListeners'),
      };
    },
    close: () => browser.close(),
  };
};

/** How long an answer of the App takes, ms: the median of a few. */
export const latencyOf = async (url: string): Promise<number> => {
  const times: number[] = [];
  for (let time = 0; time < 5; time++) {
    const from = performance.now();
    await (await fetch(`${url}/api/transactions?limit=20`)).text();
    times.push(performance.now() - from);
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0;
};

/** Someone at Node 2's App who sends what it earned back to Node 1, so that the lab trades on for ever. */
export const createPayer = (url: string, password: string, node1: string, keeps: number) => {
  let login: Promise<{ cookie: string; csrf: string }> | undefined;
  const logIn = async (): Promise<{ cookie: string; csrf: string }> => {
    const response = await fetch(`${url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password }),
    });
    const session = (await response.json()) as { csrf?: string };
    return { cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '', csrf: session.csrf ?? '' };
  };
  return {
    /** @returns coins sent, or why not */
    pay: async (): Promise<number | string> => {
      const state = (await (await fetch(`${url}/api/state`)).json()) as {
        account?: { value?: { balance: string } };
      };
      const more = Math.floor(Number(state.account?.value?.balance ?? 0) - keeps);
      if (more < 1) return 0;
      login ??= logIn();
      const { cookie, csrf } = await login;
      const response = await fetch(`${url}/api/wallet/transfer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie, 'x-csrf-token': csrf },
        body: JSON.stringify({ to: node1, amount: String(more) }),
      });
      if (response.ok) return more;
      login = undefined;
      return `${response.status}: ${(await response.text()).slice(0, 200)}`;
    },
  };
};
