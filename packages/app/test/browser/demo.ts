/** `daisee demo` and a browser that looks at it, started and ended in one way for every file of tests. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { BROWSER_WITHIN, openBrowser } from '../support/browser.ts';
import { type Daisee, daisee, endAll } from './processes.ts';
import { type Browsing, browse, type Seen } from './seen.ts';

/** Longest that the start of a lab may take (ms). */
const LAB_WITHIN = 120_000;

export interface Lab {
  browser: Browser;
  demo: Daisee;
  browsing: Browsing;
  apps: { readonly node1: string; readonly node2: string; readonly password: string };
  /** Opened as soon as the lab told its address, and left open. */
  first: Seen;
}

/** Has a lab of its own for the file's tests; there is something in it once they run. */
export const startLab = (): Readonly<Lab> => {
  const lab = {} as Lab;
  beforeAll(async () => {
    lab.browser = await openBrowser();
  }, BROWSER_WITHIN);
  beforeAll(async () => {
    lab.browsing = browse(lab.browser);
    lab.demo = daisee(['demo', '--speed', '90', '--app-port', '0']);
    lab.apps = (await lab.demo.record(({ type }) => type === 'apps')) as unknown as Lab['apps'];
    lab.first = await lab.browsing.open(lab.apps.node1);
  }, LAB_WITHIN);
  // What a test that failed left open would slow the others.
  afterEach(async () => {
    for (const context of lab.browser.contexts()) if (context !== lab.first.context) await context.close();
  });
  afterAll(async () => {
    await lab.browser?.close();
    await endAll();
  }, 60_000);
  return lab;
};

/** No page has asked a host but the lab's own, and none has complained. */
export const expectNoComplaints = ({ apps, browsing }: Readonly<Lab>): void => {
  const own = [apps.node1, apps.node2].map((url) => new URL(url).host);
  expect(browsing.hosts).toContain(own[0]);
  expect([...browsing.hosts].filter((host) => !own.includes(host))).toEqual([]);
  expect(browsing.complaints).toEqual([]);
};
