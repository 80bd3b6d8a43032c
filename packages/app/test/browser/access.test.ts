/** Access to the App: login and sessions, keyboard, phone and touch, languages, and what axe finds. */
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectNoComplaints, startLab } from './demo.ts';
import { go, goWhole, login, PATIENCE, PLACES, soon, TEST_WITHIN, whole } from './seen.ts';

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
const CUT = `[...document.querySelectorAll('.wires .name')].filter((name) => {
  const text = document.createRange();
  text.selectNodeContents(name);
  const { left, right, top } = text.getBoundingClientRect();
  return ![...document.querySelectorAll('.wires rect.box')].some((box) => {
    const around = box.getBoundingClientRect();
    return around.left < left && right < around.right && around.top < top && top < around.bottom;
  });
}).map(({ textContent }) => textContent)`;
const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes[0].html))`;

const lab = startLab();
// Before the first purchase some views are not whole.
beforeAll(async () => {
  const { page } = lab.first;
  await go(page, 'purchases');
  await page
    .locator('table.purchases tbody tr')
    .first()
    .waitFor({ timeout: 2 * PATIENCE });
}, TEST_WITHIN);

const focused = <T>(page: Page, what: string) =>
  soon(() => page.evaluate<T>(`document.activeElement.${what}`));

describe('access to the App of a running lab', { timeout: TEST_WITHIN }, () => {
  it('refuses a wrong password in words, and lets everybody look without one', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Password').fill('guess');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'That password is wrong.' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await go(page, 'settings');
    await page.getByText('Log in to see this.').waitFor();
  });

  it('reaches and uses everything by keyboard alone', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await login(page, lab.apps.password);
    await page.locator('nav').waitFor();
    await page.reload();
    // All that can be reached is there, so that nothing comes in between.
    await whole(page, 'home');
    await page.keyboard.press('Tab');
    await focused(page, 'className').toBe('skip');
    await page.keyboard.press('Enter');
    await focused(page, 'id').toBe('content');
    await page.locator('a.skip').focus();
    const seen: string[] = [];
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press('Tab');
      let focus: { name: string; visible: boolean } | undefined;
      await soon(async () => {
        focus = await page.evaluate<typeof focus>(FOCUS);
        return focus?.visible ?? true;
      }).toBe(true);
      if (!focus) break;
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
    // A question keeps the focus until it is answered, and gives it back.
    const asks = page.getByRole('button', { name: 'My own source now' });
    await asks.focus();
    await page.keyboard.press('Enter');
    await focused(page, 'textContent').toBe('Cancel');
    for (let press = 0; press < 6; press++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(`document.activeElement.matches('dialog *, body')`)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await focused(page, 'textContent').toBe('My own source now');
  });

  it('fits a phone of 360 px in English and French, without scrolling sideways', async () => {
    for (const [locale, word] of [
      ['en-GB', 'Home'],
      ['fr-FR', 'Accueil'],
    ] as const) {
      const { page, context } = await lab.browsing.open(lab.apps.node1, { locale, viewport: PHONE });
      await page.locator('nav a', { hasText: word }).waitFor();
      expect(await page.evaluate('document.documentElement.lang')).toBe(locale.slice(0, 2));
      await page.getByRole('button', { name: locale === 'en-GB' ? 'Log in' : 'Se connecter' }).click();
      await page.locator('input[type=password]').fill(lab.apps.password);
      await page.locator('button[type=submit]').click();
      for (const place of PLACES) {
        await goWhole(page, place);
        const [needs, has] = await page.evaluate<number[]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        );
        expect({ locale, place, needs }).toEqual({ locale, place, needs: Math.min(needs ?? 0, has ?? 0) });
      }
      // Names fit the boxes of the pictures, a producer's too.
      for (const url of [lab.apps.node1, lab.apps.node2]) {
        await page.goto(url);
        await page.locator('.wires .name').first().waitFor();
        expect(await page.evaluate<string[]>(CUT)).toEqual([]);
      }
      await context.close();
    }
  });

  it('goes on in a page whose session another page of the browser has ended or replaced', async () => {
    const { page, context } = await lab.browsing.open(lab.apps.node1);
    const other = await context.newPage();
    await other.goto(lab.apps.node1);
    await login(page, lab.apps.password);
    await page.getByRole('button', { name: 'Log out' }).waitFor();
    await login(other, lab.apps.password);
    await other.getByRole('button', { name: 'Log out' }).waitFor();
    await go(page, 'settings');
    const budget = page.getByLabel('Coins a day (empty: all there are)');
    await budget.fill('1,000');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'Saved' }).waitFor();
    expect(await budget.inputValue()).toBe('1000');
    // What may not be empty is not taken for zero.
    await page.getByLabel('State of charge (%) from which it buys').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    await other.getByRole('button', { name: 'Log out' }).click();
    await other.getByRole('button', { name: 'Log in' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Log in to see this.').waitFor();
    await page.getByRole('banner').getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('looks closer at what a finger draws over', async () => {
    const { page, context } = await lab.browsing.open(lab.apps.node1, { hasTouch: true, viewport: PHONE });
    const over = page.locator('.chart .u-over');
    await over.waitFor();
    await over.evaluate((chart: { scrollIntoView(place: object): void }) =>
      chart.scrollIntoView({ block: 'center' }),
    );
    const box = await over.boundingBox();
    if (!box) throw new TypeError('unreachable: the chart is drawn');
    const finger = await context.newCDPSession(page);
    const y = box.y + box.height / 2;
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', part?: number) =>
      finger.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: part === undefined ? [] : [{ x: box.x + box.width * part, y }],
      });
    await touch('touchStart', 0.5);
    for (const part of [0.6, 0.7, 0.8]) await touch('touchMove', part);
    await touch('touchEnd');
    await page.getByRole('button', { name: 'Back to live' }).waitFor();
  });

  it('writes numbers as the reader’s place does', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1, { locale: 'fr-FR' });
    await page
      .locator('.tile', { hasText: 'Batterie' })
      .getByText(/^\d+(,\d)? %$/)
      .waitFor();
    await page.getByLabel('Langue').selectOption('en');
    await page.locator('nav a', { hasText: 'Home' }).waitFor();
    await page.reload();
    await page.locator('nav a', { hasText: 'Home' }).waitFor();
  });

  it('has nothing that axe finds serious, on any view, in light and dark', async () => {
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, context } = await lab.browsing.open(lab.apps.node1, { colorScheme, bypassCSP: true });
      const look = async (where: string) => {
        const serious = await page.evaluate<string[]>(SERIOUS);
        found.push(...serious.map((one) => `${where} ${colorScheme} ${one}`));
      };
      await page.addScriptTag({ path: axe });
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByLabel('Password').waitFor();
      await look('login');
      await page.getByLabel('Password').fill(lab.apps.password);
      await page.getByRole('button', { name: 'Log in' }).click();
      for (const place of PLACES) {
        await goWhole(page, place);
        await look(place);
      }
      await context.close();
    }
    expect(found).toEqual([]);
  });

  it('has asked no other host, and complained about nothing', () => {
    expectNoComplaints(lab);
  });
});
