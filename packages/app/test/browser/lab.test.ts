/** The running lab in a real browser: `daisee demo`, nothing mocked but the browser wallet, which is somebody's own. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { expectNoComplaints, startLab } from './demo.ts';
import { createLine } from './line.ts';
import { childNamed } from './processes.ts';
import { browse, card, feeding, go, login, onOwnSource, PATIENCE, soon, TEST_WITHIN, tile } from './seen.ts';
import { createWallet } from './wallet.ts';

const lab = startLab();

const caption = (page: Page) => page.locator('.wires figcaption');
const OWN_FEEDS = ['Own source feeds the load', { closed: '0, 1', open: '2, 3' }] as const;
const NODE_2_FEEDS = ['Node 2 feeds the load', { closed: '2, 3', open: '0, 1' }] as const;
const rows = (page: Page) => page.locator('table.transactions tbody tr');
/** The table of transactions with one kind alone: all kinds together are a dozen rows a second. */
const goToKind = async (page: Page, kind: string): Promise<void> => {
  await go(page, 'transactions');
  await page.getByLabel('Kind').selectOption(kind);
};

describe('the App of a running lab', { timeout: TEST_WITHIN }, () => {
  it('shows the story: own source, energy bought, the relay switched, the purchase used up, back on its own', {
    // Up to seven waits, and the lab goes through its story more than once.
    timeout: 3 * TEST_WITHIN,
  }, async () => {
    const { page } = lab.first;
    const phase = { timeout: 2 * PATIENCE };
    // Opened before there was a lab, the page has come by itself.
    await feeding(page, ...OWN_FEEDS).waitFor(phase);
    await goToKind(page, 'bought');
    await page.locator('tr.kind-bought', { hasText: 'Energy purchased' }).first().waitFor();
    await go(page, 'home');
    await feeding(page, ...NODE_2_FEEDS).waitFor(phase);
    await caption(page).filter({ hasText: 'The own source ran low' }).waitFor();
    await go(page, 'purchases');
    const row = page.locator('table.purchases tbody tr').first();
    await row.getByText('Node 2').waitFor();
    const consumed = async () =>
      Number((await row.locator('td').nth(2).textContent())?.replace(/[^\d.]/g, ''));
    await soon(consumed).toBeGreaterThan(0);
    await go(page, 'home');
    await feeding(page, ...OWN_FEEDS)
      .filter({ hasText: 'The own source has recovered' })
      .waitFor(phase);
  });

  it('explains itself within ten seconds to somebody who has never heard of DAISEE', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    const within = { timeout: 10_000 };
    const explained = page
      .locator('.banner.explain', { hasText: 'Node 1 lives on its own source' })
      .filter({ hasText: 'This is a lab: its clock runs 90 times as fast as yours.' });
    const wires = caption(page).filter({ hasText: /(Own source|Node 2) feeds the load: \d+(\.\d)? W\./ });
    await Promise.all([explained.waitFor(within), wires.waitFor(within)]);
    await page.getByRole('button', { name: 'I see' }).click();
    await explained.waitFor({ state: 'detached' });
  });

  it('draws power by source, and what is drawn over is looked at closer', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    const power = page.locator('section.card', { has: page.locator('.chart') });
    await power.locator('canvas').waitFor();
    // Lines and areas have a colour, axes and grid are grey. In the page's own words, as above.
    const COLOURED = `(() => {
      const { width, height } = document.querySelector('.chart canvas');
      const { data } = document.querySelector('.chart canvas').getContext('2d').getImageData(0, 0, width, height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [low, , high] = [data[i], data[i + 1], data[i + 2]].sort((a, b) => a - b);
        if (data[i + 3] > 0 && high - low > 60) count++;
      }
      return count;
    })()`;
    const coloured = () => soon(() => page.evaluate<number>(COLOURED));
    await coloured().toBeGreaterThan(300);
    await power.getByText('Draw over the chart to look closer.').waitFor();
    // Six hours, as the lab's clock moves an hour in 40 s; the newest are at the right.
    await power.getByRole('button', { name: '6 h' }).click();
    await power
      .getByRole('img', { name: /, 6 h$/ })
      .and(page.locator(':not(.stale)'))
      .waitFor();
    await coloured().toBeGreaterThan(300);
    const box = await power.locator('.u-over').boundingBox();
    if (!box) throw new TypeError('unreachable: the chart is drawn');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.7, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.85, y, { steps: 4 });
    await page.mouse.move(box.x + box.width * 0.95, y, { steps: 4 });
    await page.mouse.up();
    const back = power.getByRole('button', { name: 'Back to live' });
    await back.waitFor();
    const [, from = '', to = ''] =
      /^(\S+) – (\S+)$/.exec((await power.locator('p.note').textContent()) ?? '') ?? [];
    const secondsOf = (time: string) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    // A quarter of what was shown.
    expect((secondsOf(to) - secondsOf(from)) / 3600).toBeGreaterThan(1.2);
    expect((secondsOf(to) - secondsOf(from)) / 3600).toBeLessThan(1.8);
    await power.getByRole('img', { name: `, ${from} – ${to}` }).waitFor();
    await back.click();
    await power.getByRole('img', { name: /, 6 h$/ }).waitFor();
  });

  it('says when values were last seen while its stream is away, and shows them live again after', async () => {
    const line = await createLine(new URL(lab.apps.node1));
    // Of its own: the address is not one that the lab told.
    const { page } = await browse(lab.browser).open(line.url);
    const power = page.locator('.tile', { hasText: 'Power now' });
    const fresh = power.getByText('live', { exact: true });
    await fresh.waitFor();
    const lost = page.getByText('This page has lost its server');
    await line.cut();
    await lost.waitFor();
    await power.getByText(/^last seen \d\d:\d\d:\d\d$/).waitFor();
    await page.locator('.tile.stale', { hasText: 'Coins' }).waitFor();
    await page.locator('figure.wires.stale').waitFor();
    // Nothing moves that is not known to.
    await page.locator('path.flow').waitFor({ state: 'detached' });
    await line.mend();
    await fresh.waitFor();
    await lost.waitFor({ state: 'detached' });
    await page.locator('.tile:not(.stale)', { hasText: 'Coins' }).waitFor();
    await page.locator('path.flow').waitFor();
    await line.cut();
  });

  it('moves coins: a transfer and an approval change balances and show among the transactions', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await login(page, lab.apps.password);
    const other = await lab.browsing.open(lab.apps.node2);
    const { node2 } = await lab.demo.record(({ type }) => type === 'lab');
    // A purchase of the agent's would spend what was approved.
    await onOwnSource(page, async () => {
      await go(page, 'wallet');
      const before = await tile(page, 'Coins');
      const transfer = card(page, 'Transfer coins');
      await transfer.getByLabel('To address').fill(String(node2));
      await transfer.getByLabel('Coins').fill('123.456');
      await transfer.getByRole('button', { name: 'Transfer' }).click();
      await transfer.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
      // Read once: what is told as done shows at once.
      expect(await tile(page, 'Coins')).toBeLessThanOrEqual(before - 123.456);
      const approve = card(page, 'Let the exchange take coins');
      await approve.getByLabel('Coins').fill('77');
      await approve.getByRole('button', { name: 'Approve' }).click();
      await approve.getByRole('status').filter({ hasText: 'Done in block' }).waitFor();
      await page
        .locator('.tile', { hasText: 'The exchange may take' })
        .getByText('77', { exact: true })
        .waitFor();
      await goToKind(page, 'approved');
      await page.locator('tr.kind-approved').getByText('77 coins', { exact: true }).waitFor();
    });
    // The receiver's own page hears of it by itself.
    await goToKind(other.page, 'transferred');
    await other.page
      .locator('tr.kind-transferred', { hasText: '123.456' })
      .filter({ hasText: 'me' })
      .waitFor();
  });

  it('buys energy in one transaction: the cost before the click, the receipt and the purchase after it', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await login(page, lab.apps.password);
    // Nobody else buys meanwhile, so that the sums come out.
    await onOwnSource(page, async () => {
      const total = async () => {
        const cell = page.locator('table.purchases tbody tr', { hasText: 'Node 2' }).locator('td').nth(4);
        return Number((await cell.textContent())?.replace(/ Wh$/, '').replaceAll(',', ''));
      };
      await go(page, 'purchases');
      const bought = await total();
      await go(page, 'wallet');
      const before = await tile(page, 'Coins');
      const buy = card(page, 'Buy energy');
      await buy.getByText(/available, at 1 a Wh/).waitFor();
      await buy.getByLabel('Energy (Wh)').fill('2.5');
      await buy.getByText('2.5 Wh costs 2.5 coins.').waitFor();
      await buy.getByRole('button', { name: 'Buy for 2.5' }).click();
      const receipt = buy.getByRole('status').filter({ hasText: 'Done in block' });
      await receipt.waitFor();
      const [, block, coins] =
        /^Done in block (\d+)\. Coins now: ([\d,.]+)\.$/.exec((await receipt.textContent()) ?? '') ?? [];
      expect(Number(coins?.replaceAll(',', ''))).toBeCloseTo(before - 2.5, 2);
      expect(await tile(page, 'Coins')).toBeCloseTo(before - 2.5, 2);
      await go(page, 'purchases');
      // Shown with one decimal from 10 Wh on.
      await soon(async () => Math.abs((await total()) - bought - 2.5)).toBeLessThan(0.11);
      await goToKind(page, 'bought');
      await page
        .locator('tr.kind-bought', { hasText: '2.5 Wh · 2.5 coins' })
        .getByText(String(block), { exact: true })
        .waitFor();
    });
  });

  it('shows every transaction there ever was, by page, kind and date, and gives them as CSV', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    const kinds = async () => new Set(await rows(page).evaluateAll((all) => all.map((row) => row.className)));
    await go(page, 'transactions');
    await rows(page).first().waitFor();
    const older = page.getByRole('button', { name: 'Older ones' });
    const before = await rows(page).count();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).searchParams.get('before') ?? ''));
    // By an impatient hand, which asks for no page twice.
    for (let click = 0; click < 5; click++) await older.dispatchEvent('click');
    await soon(() => rows(page).count()).toBeGreaterThanOrEqual(before + 50);
    const pages = asked.filter((position) => position !== '');
    expect(new Set(pages).size).toBe(pages.length);
    // Down to the first there was. New ones arrive above meanwhile and move the button away under a hand.
    await soon(async () => {
      if (await older.isVisible()) await older.dispatchEvent('click');
      return await rows(page).last().getAttribute('class');
    }).toBe('kind-termsChanged');

    await page.getByLabel('Kind').selectOption('bought');
    await soon(kinds).toEqual(new Set(['kind-bought']));
    // The lab's day, and the one after it.
    await page.getByLabel('From').fill('2026-06-22');
    await page.getByText('Nothing is on the books yet.').waitFor();
    await page.getByLabel('From').fill('2026-06-21');
    await page.getByLabel('Until').fill('2026-06-21');
    await soon(kinds).toEqual(new Set(['kind-bought']));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as CSV' }).click(),
    ]);
    const [head, ...lines] = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(head).toBe('block,time,type,from,to,energy_wh,coins,price,hash');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(line).toMatch(
        /^\d+,2026-06-21T[\d:.]+Z,bought,0x\w{40},0x\w{40},\d+\.\d{6},\d+\.\d{6},[\d.]*,0x\w{64}$/,
      );
    await page.getByLabel('Until').fill('2026-06-20');
    await page.getByText('Nothing is on the books yet.').waitFor();
  });

  it('has a wallet in the browser sign, and sees the transfer mined', async () => {
    const { url, chainId, node2 } = await lab.demo.record(({ type }) => type === 'lab');
    const wallet = createWallet(String(url), Number(chainId));
    const { page } = await lab.browsing.open(lab.apps.node1, {}, (shown) => wallet.injectInto(shown));
    await login(page, lab.apps.password);
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
    await transfer
      .getByRole('status')
      .filter({ hasText: /The wallet has sent it: 0x\w{64}\. Done in block \d+\./ })
      .waitFor();
    await soon(() => tile(page, 'Coins')).toBe(4.79);
    await goToKind(page, 'transferred');
    await page.locator('tr.kind-transferred', { hasText: '3.21' }).waitFor();
  });

  it('comes back by itself when the process of the chain is killed', async () => {
    const { page } = lab.first;
    await go(page, 'network');
    const block = async () =>
      Number.parseInt((await card(page, 'Chain').locator('dd').nth(2).textContent()) ?? '', 10);
    await soon(block).toBeGreaterThan(0);
    const pid = childNamed(lab.demo.pid, 'anvil');
    expect(pid).toBeDefined();
    process.kill(pid ?? 0, 'SIGKILL');
    const isAnother = () => {
      const now = childNamed(lab.demo.pid, 'anvil');
      return now !== undefined && now !== pid;
    };
    await soon(isAnother).toBe(true);
    // More than a page that is behind may still have to show of before.
    const before = await block();
    await soon(block).toBeGreaterThan(before + 60);
    await page.locator('.health li', { hasText: 'Chain' }).filter({ hasText: 'works' }).waitFor();
  });

  it('puts the node back on its own source when its person says so, and keeps settings', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await login(page, lab.apps.password);
    await go(page, 'settings');
    const settings = card(page, 'Settings');
    const limit = settings.getByLabel('State of charge (%) from which it buys');
    const resume = settings.getByLabel('Back on its own source from (%)');
    const save = settings.getByRole('button', { name: 'Save' });
    const saved = settings.getByRole('status').filter({ hasText: 'Saved' });
    await limit.waitFor();
    const before = [await limit.inputValue(), await resume.inputValue()] as const;
    await limit.fill('55');
    await save.click();
    await settings.getByRole('alert').filter({ hasText: 'the first must be the higher one' }).waitFor();
    // So high that the battery never is: the node is and remains on its neighbour's source.
    await limit.fill('90');
    await resume.fill('95');
    await save.click();
    await saved.waitFor();
    await go(page, 'home');
    await feeding(page, ...NODE_2_FEEDS).waitFor();
    await go(page, 'settings');
    const own = card(page, 'My own source now');
    await own.getByLabel('For').selectOption('240');
    await own.getByRole('button', { name: 'My own source now' }).click();
    await own.getByRole('button', { name: 'Yes' }).click();
    await own.getByText('On its own source until').waitFor();
    await go(page, 'home');
    await feeding(page, ...OWN_FEEDS)
      .filter({ hasText: 'The person wished it.' })
      .waitFor();
    await go(page, 'settings');
    await own.getByRole('button', { name: 'Let the agent decide again' }).click();
    await own.getByText('On its own source until').waitFor({ state: 'detached' });
    await go(page, 'home');
    await feeding(page, ...NODE_2_FEEDS).waitFor();
    // Kept: there again in a page that has just been loaded.
    await page.reload();
    await go(page, 'settings');
    await soon(async () => [await limit.inputValue(), await resume.inputValue()]).toEqual(['90', '95']);
    await limit.fill(before[0]);
    await resume.fill(before[1]);
    await save.click();
    await saved.waitFor();
  });

  it('says in plain words that coins are lacking', async () => {
    const { page } = await lab.browsing.open(lab.apps.node1);
    await login(page, lab.apps.password);
    const { node2 } = await lab.demo.record(({ type }) => type === 'lab');
    await onOwnSource(page, async () => {
      await go(page, 'wallet');
      const coins = await tile(page, 'Coins');
      const transfer = card(page, 'Transfer coins');
      await transfer.getByLabel('To address').fill(String(node2));
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
        /^The purchase of 5\.0+ Wh from Node 2 was refused: Node 1 has [34]\.\d+ coins and needs 5\.0+ coins\./,
      );
    });
  });

  it('has asked no other host, and complained about nothing', () => {
    expectNoComplaints(lab);
  });
});
