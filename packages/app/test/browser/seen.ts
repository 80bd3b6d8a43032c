/** What the browser tests share: pages that remember where they asked, and how people find things on them. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';

export const PLACES = [
  'home',
  'purchases',
  'transactions',
  'wallet',
  'network',
  'consumption',
  'settings',
] as const;
export type Place = (typeof PLACES)[number];

/** Longest that anything may take to show on a machine that others use, too. */
const PATIENCE = 30_000;

export interface Seen {
  readonly context: BrowserContext;
  readonly page: Page;
}

export interface Browsing {
  open(
    url: string,
    options?: BrowserContextOptions,
    prepare?: (context: BrowserContext) => Promise<void>,
  ): Promise<Seen>;
  /** Every host that any page asked. */
  readonly hosts: ReadonlySet<string>;
  /** What pages complained about. */
  readonly complaints: readonly string[];
}

export const browse = (browser: Browser): Browsing => {
  const hosts = new Set<string>();
  const complaints: string[] = [];
  return {
    hosts,
    complaints,
    open: async (url, options = {}, prepare) => {
      const context = await browser.newContext({
        locale: 'en-GB',
        viewport: { width: 1180, height: 900 },
        ...options,
      });
      context.setDefaultTimeout(PATIENCE);
      await prepare?.(context);
      const page = await context.newPage();
      page.on('request', (request) => hosts.add(new URL(request.url()).host));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // Refused requests are told as errors, too; whether they had to be is what tests look at.
        const isRefusal = message.text().startsWith('Failed to load resource');
        if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
      });
      await page.goto(url);
      return { context, page };
    },
  };
};

export const card = (page: Page, title: string): Locator =>
  page.getByRole('region', { name: title, exact: true });

/** Goes to a place as the navigation does. */
export const go = async (page: Page, place: Place): Promise<void> => {
  await page.locator(`nav a[href="#/${place}"]`).click();
  await page.locator(`nav a[href="#/${place}"][aria-current="page"]`).waitFor();
};

export const login = async (page: Page, password: string): Promise<void> => {
  await page.getByRole('button', { name: 'Log in' }).first().click();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
};

/** The number in a tile. */
export const tile = async (page: Page, label: string): Promise<number> => {
  const text = await page.locator('.tile', { hasText: label }).locator('.value').first().textContent();
  return Number(text?.replace(/[^\d.-]/g, ''));
};
