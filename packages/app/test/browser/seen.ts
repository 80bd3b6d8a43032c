/** What the browser tests share: pages that remember where they asked, and how people find things on them. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

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

/** Longest that anything may take to show on a machine that others use, too (ms). */
export const PATIENCE = 30_000;
/** Longest that a test takes: more than anything in it may. */
export const TEST_WITHIN = 120_000;

/** What a place has once all of it is there, in any language; for somebody logged in, in a lab that has traded. */
const WHOLE: Readonly<Record<Place, readonly string[]>> = {
  home: ['.tiles meter', '.wires figcaption', '.chart canvas', 'table.transactions tbody tr'],
  purchases: ['table.purchases tbody tr'],
  transactions: ['form.filter', 'table.transactions tbody tr'],
  // Of the sellers, and of the two forms below.
  wallet: ['.tile', 'form select', 'form input[list]', 'section:last-child form input'],
  network: ['.health li', 'dl.facts', 'svg.flows', 'table tbody tr'],
  consumption: ['svg.bars', '.tiles', '.shares li'],
  settings: ['input[name=limit]', 'input[name=budget]', 'form select'],
};

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
        // Where the lab's day is long: it begins at 5 in the morning.
        timezoneId: 'America/New_York',
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

/** Waits for all of a place: what is measured before has little on it that could be wrong. */
export const whole = async (page: Page, place: Place): Promise<void> => {
  for (const part of WHOLE[place]) await page.locator(`main ${part}`).first().waitFor();
};
export const goWhole = async (page: Page, place: Place): Promise<void> => {
  await go(page, place);
  await whole(page, place);
};

export const login = async (page: Page, password: string): Promise<void> => {
  await page.getByRole('button', { name: 'Log in' }).first().click();
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
};

/** The number in a tile, as soon as it has one. */
export const tile = async (page: Page, label: string): Promise<number> => {
  const value = page.locator('.tile', { hasText: label }).locator('.value', { hasText: /\d/ }).first();
  return Number((await value.textContent())?.replace(/[^\d.-]/g, ''));
};

/** The picture of the wires in one instant: what it says, whose contacts are closed, and that power flows through those alone. */
export const feeding = (page: Page, said: string, contacts: { closed: string; open: string }): Locator => {
  const contact = (state: string, channels: string) =>
    page.locator(state, { hasText: `contact ${channels}` });
  return page
    .locator('figure.wires')
    .filter({ has: page.locator('figcaption', { hasText: said }) })
    .filter({ has: contact('g.contact.closed', contacts.closed) })
    .filter({ has: contact('g.contact:not(.closed)', contacts.open) })
    .filter({ has: contact('g.wire:has(> path.flow)', contacts.closed) })
    .filter({ hasNot: contact('g.wire:has(> path.flow)', contacts.open) });
};

/** Keeps a node on its own source, where its agent buys nothing, while something is tried. */
export const onOwnSource = async (page: Page, attempt: () => Promise<void>): Promise<void> => {
  await go(page, 'settings');
  const own = card(page, 'My own source now');
  const held = own.getByText('On its own source until');
  // The longest: the lab's clock is a fast one.
  await own.getByLabel('For').selectOption('1440');
  await own.getByRole('button', { name: 'My own source now' }).click();
  await own.getByRole('button', { name: 'Yes' }).click();
  await held.waitFor();
  try {
    await go(page, 'home');
    await page.locator('.wires figcaption', { hasText: 'Own source feeds the load' }).waitFor();
    // An order of its agent's may still be under way.
    const coins = () => tile(page, 'Coins');
    await soon(async () => {
      const before = await coins();
      await page.waitForTimeout(2500);
      return (await coins()) === before;
    }).toBe(true);
    await attempt();
  } finally {
    await go(page, 'settings');
    await own.getByRole('button', { name: 'Let the agent decide again' }).click();
    await held.waitFor({ state: 'detached' });
  }
};

/** Reads something of the page until it is what it should be. */
export const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: PATIENCE });
