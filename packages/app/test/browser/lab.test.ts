/** The running lab in a real browser: `daisee demo`, nothing mocked but the browser wallet, which is somebody's own. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { childNamed, type Daisee, daisee, endAll } from './processes.ts';
import { type Browsing, browse, card, go, login, PLACES, type Seen, tile } from './seen.ts';
import { createWallet } from './wallet.ts';

const axe = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));
const PHONE = { width: 360, height: 740 };

// In the page's own words: the types of the DOM are the page's alone.
const FOCUS = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return undefined;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const name = element.getAttribute('href') ?? element.getAttribute('aria-label') ?? element.textContent;
  return { name, visible: outlineStyle !== 'none' && outlineWidth !== '0px' };
})()`;
const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes[0].html))`;

let browser: Browser;
let lab: Daisee;
let browsing: Browsing;
let apps: { readonly node1: string; readonly node2: string; readonly password: string };
/** Opened as soon as the lab told its address, and left open. */
let first: Seen;

beforeAll(async () => {
  browser = await openBrowser();
  browsing = browse(browser);
  lab = daisee(['demo', '--speed', '90', '--app-port', '0']);
  apps = (await lab.record(({ type }) => type === 'apps')) as unknown as typeof apps;
  first = await browsing.open(apps.node1);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await endAll();
}, 60_000);

const caption = (page: Page) => page.locator('.wires figcaption');
const contact = (page: Page, channels: string) =>
  page.locator('g.contact', { hasText: `contact ${channels}` });

describe('the App of a running lab', () => {
  it('shows the story: own source, energy bought, the relay switched, the purchase used up, back on its own', {
    timeout: 120_000,
  }, async () => {
    const { page } = first;
    // Opened before there was a lab, the page has come by itself.
    await caption(page).filter({ hasText: 'Own source feeds the load' }).waitFor();
    expect(await contact(page, '0, 1').getAttribute('class')).toContain('closed');
    expect(await contact(page, '2, 3').getAttribute('class')).not.toContain('closed');
    expect(await page.locator('path.flow').count()).toBe(1);
    await card(page, 'Latest energy transactions').getByText('Energy purchased').first().waitFor();
    await caption(page).filter({ hasText: 'Node 2 feeds the load' }).waitFor();
    expect(await contact(page, '0, 1').getAttribute('class')).not.toContain('closed');
    expect(await contact(page, '2, 3').getAttribute('class')).toContain('closed');
    await caption(page).filter({ hasText: 'The own source ran low' }).waitFor();
    await go(page, 'purchases');
    const row = page.locator('table.purchases tbody tr').first();
    await row.getByText('Node 2').waitFor();
    const consumed = async () =>
      Number((await row.locator('td').nth(2).textContent())?.replace(/[^\d.]/g, ''));
    await expect.poll(consumed, { timeout: 30_000 }).toBeGreaterThan(0);
    await go(page, 'home');
    await caption(page).filter({ hasText: 'Own source feeds the load' }).waitFor({ timeout: 60_000 });
    await caption(page).filter({ hasText: 'The own source has recovered' }).waitFor();
  });

  it('refuses a wrong password in words, and lets everybody look without one', async () => {
    const { page, context } = await browsing.open(apps.node1);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Password').fill('guess');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'That password is wrong.' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await go(page, 'settings');
    await page.getByText('Log in to see this.').waitFor();
    await context.close();
  });

  it('moves coins: a transfer and an approval change balances and show among the transactions', async () => {
    const { page, context } = await browsing.open(apps.node1);
    await login(page, apps.password);
    const other = await browsing.open(apps.node2);
    await go(page, 'wallet');
    const before = await tile(page, 'Coins');
    const { node2 } = await lab.record(({ type }) => type === 'lab');
    const transfer = card(page, 'Transfer coins');
    await transfer.getByLabel('To address').fill(String(node2));
    await transfer.getByLabel('Coins').fill('123.456');
    await transfer.getByRole('button', { name: 'Transfer' }).click();
    await transfer.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
    expect(await tile(page, 'Coins')).toBeLessThanOrEqual(before - 123.456);
    const approve = card(page, 'Let the exchange take coins');
    await approve.getByLabel('Coins').fill('77');
    await approve.getByRole('button', { name: 'Approve' }).click();
    await approve.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
    await page
      .locator('.tile', { hasText: 'The exchange may take' })
      .getByText('77', { exact: true })
      .waitFor();
    // The receiver's own page hears of it by itself.
    await go(other.page, 'transactions');
    await other.page.locator('select').nth(1).selectOption('transferred');
    await other.page
      .locator('tr.kind-transferred', { hasText: '123.456' })
      .filter({ hasText: 'me' })
      .waitFor();
    await context.close();
    await other.context.close();
  });

  it('has a wallet in the browser sign, and sees the transfer mined', async () => {
    const { url, chainId, node2 } = await lab.record(({ type }) => type === 'lab');
    const wallet = createWallet(String(url), Number(chainId));
    const { page, context } = await browsing.open(apps.node1, {}, (shown) => wallet.injectInto(shown));
    await login(page, apps.password);
    await go(page, 'wallet');
    const transfer = card(page, 'Transfer coins');
    const send = async (to: string, amount: string) => {
      await transfer.getByLabel('To address').fill(to);
      await transfer.getByLabel('Coins').fill(amount);
      await transfer.getByRole('button', { name: 'Transfer' }).click();
    };
    await send(wallet.address, '8');
    await transfer.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
    await page.getByRole('button', { name: 'the wallet in this browser' }).click();
    // More than it has: told before anybody signs.
    await send(String(node2), '9');
    await transfer
      .getByRole('alert')
      .filter({ hasText: /has 8(\.0+)? coins|only 8|8\.0+/ })
      .waitFor();
    await send(String(node2), '3.21');
    await transfer.getByRole('status').filter({ hasText: 'The wallet has sent it' }).waitFor();
    await go(page, 'transactions');
    await page.locator('tr.kind-transferred', { hasText: '3.21' }).waitFor();
    await context.close();
  });

  it('comes back by itself when the process of the chain is killed', async () => {
    const { page } = first;
    await go(page, 'network');
    const block = async () =>
      Number.parseInt((await card(page, 'Chain').locator('dd').nth(2).textContent()) ?? '', 10);
    await expect.poll(block).toBeGreaterThan(0);
    const pid = childNamed(lab.pid, 'anvil');
    expect(pid).toBeDefined();
    const before = await block();
    process.kill(pid ?? 0, 'SIGKILL');
    await expect.poll(block, { timeout: 30_000 }).toBeGreaterThan(before + 20);
    expect(childNamed(lab.pid, 'anvil')).not.toBe(pid);
    await page.locator('.health li', { hasText: 'Chain' }).filter({ hasText: 'works' }).waitFor();
  });

  it('puts the node back on its own source when its person says so, and keeps settings', async () => {
    const { page, context } = await browsing.open(apps.node1);
    await login(page, apps.password);
    await go(page, 'settings');
    const settings = card(page, 'Settings');
    const limit = settings.getByLabel('State of charge (%) from which it buys');
    await limit.fill('55');
    await settings.getByRole('button', { name: 'Save' }).click();
    await settings.getByRole('alert').filter({ hasText: 'the first must be the higher one' }).waitFor();
    await limit.fill('15');
    await settings.getByRole('button', { name: 'Save' }).click();
    await settings.getByRole('status').filter({ hasText: 'Saved' }).waitFor();
    const own = card(page, 'My own source now');
    await own.getByRole('button', { name: 'My own source now' }).click();
    await own.getByRole('button', { name: 'Yes' }).click();
    await own.getByText('On its own source until').waitFor();
    await go(page, 'home');
    await caption(page).filter({ hasText: 'Own source feeds the load' }).waitFor();
    await go(page, 'settings');
    await own.getByRole('button', { name: 'Let the agent decide again' }).click();
    await own.getByText('On its own source until').waitFor({ state: 'detached' });
    await context.close();
  });

  it('reaches and uses everything by keyboard alone', async () => {
    const { page, context } = await browsing.open(apps.node1);
    await login(page, apps.password);
    await page.locator('nav').waitFor();
    await page.reload();
    await page.locator('nav').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.locator('a.skip').focus();
    const seen: string[] = [];
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate<{ name: string; visible: boolean } | undefined>(FOCUS);
      if (!focus) break;
      expect(focus).toEqual({ name: focus.name, visible: true });
      seen.push(focus.name);
    }
    for (const place of PLACES) expect(seen).toContain(`#/${place}`);
    for (const thing of ['Language', 'Log out', 'I see']) expect(seen).toContain(thing);
    // From the navigation into a form, and saved by Enter.
    await page.locator('nav a[href="#/settings"]').focus();
    await page.keyboard.press('Enter');
    const budget = page.getByLabel('Coins a day (empty: all there are)');
    await budget.waitFor();
    for (
      let press = 0;
      press < 12 && !(await page.evaluate(`document.activeElement.name === 'budget'`));
      press++
    )
      await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('500');
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Saved' }).waitFor();
    await context.close();
  });

  it('fits a phone of 360 px in English and French, without scrolling sideways', async () => {
    for (const [locale, word] of [
      ['en-GB', 'Home'],
      ['fr-FR', 'Accueil'],
    ] as const) {
      const { page, context } = await browsing.open(apps.node1, { locale, viewport: PHONE });
      await page.locator('nav a', { hasText: word }).waitFor();
      expect(await page.evaluate('document.documentElement.lang')).toBe(locale.slice(0, 2));
      await page.getByRole('button', { name: locale === 'en-GB' ? 'Log in' : 'Se connecter' }).click();
      await page.locator('input[type=password]').fill(apps.password);
      await page.locator('button[type=submit]').click();
      for (const place of PLACES) {
        await go(page, place);
        await page.locator('main .card').first().waitFor();
        const [needs, has] = await page.evaluate<number[]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        );
        expect({ locale, place, needs }).toEqual({ locale, place, needs: Math.min(needs ?? 0, has ?? 0) });
      }
      await context.close();
    }
  });

  it('writes numbers as the reader’s place does', async () => {
    const { page, context } = await browsing.open(apps.node1, { locale: 'fr-FR' });
    await page
      .locator('.tile', { hasText: 'Batterie' })
      .getByText(/^\d+(,\d)? %$/)
      .waitFor();
    await page.getByLabel('Langue').selectOption('en');
    await page.locator('nav a', { hasText: 'Home' }).waitFor();
    await page.reload();
    await page.locator('nav a', { hasText: 'Home' }).waitFor();
    await context.close();
  });

  it('has nothing that axe finds serious, on any view, in light and dark', { timeout: 60_000 }, async () => {
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, context } = await browsing.open(apps.node1, { colorScheme, bypassCSP: true });
      const look = async (where: string) => {
        const serious = await page.evaluate<string[]>(SERIOUS);
        found.push(...serious.map((one) => `${where} ${colorScheme} ${one}`));
      };
      await page.addScriptTag({ path: axe });
      await page.getByRole('button', { name: 'Log in' }).click();
      await look('login');
      await page.getByLabel('Password').fill(apps.password);
      await page.getByRole('button', { name: 'Log in' }).click();
      for (const place of PLACES) {
        await go(page, place);
        await page.locator('main .card').first().waitFor();
        await look(place);
      }
      await context.close();
    }
    expect(found).toEqual([]);
  });

  it('says in plain words that coins are lacking', async () => {
    const { page, context } = await browsing.open(apps.node1);
    await login(page, apps.password);
    await go(page, 'wallet');
    const { node2 } = await lab.record(({ type }) => type === 'lab');
    const coins = await tile(page, 'Coins');
    const transfer = card(page, 'Transfer coins');
    await transfer.getByLabel('To address').fill(String(node2));
    // A little is left, and the agent may spend some of it meanwhile.
    await transfer.getByLabel('Coins').fill(String(Math.floor(coins - 3)));
    await transfer.getByRole('button', { name: 'Transfer' }).click();
    await transfer.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
    const buy = card(page, 'Buy energy');
    await buy.getByLabel('Energy (Wh)').fill('5');
    await buy.getByText('costs').waitFor();
    await buy.getByRole('button', { name: 'Buy for 5' }).click();
    const said = buy.getByRole('alert');
    await said.waitFor();
    expect(await said.textContent()).toMatch(
      /^The purchase of 5\.0+ Wh from Node 2 was refused: Node 1 has \d\.\d+ coins and needs 5\.0+ coins\./,
    );
    await context.close();
  });

  it('has asked no other host, and complained about nothing', () => {
    const own = [apps.node1, apps.node2].map((url) => new URL(url).host);
    expect([...browsing.hosts].toSorted()).toEqual(own.toSorted());
    expect(browsing.complaints).toEqual([]);
  });
});
