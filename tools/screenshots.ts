/**
 * Pictures of the App: the running lab in a real browser.
 *
 *   node tools/screenshots.ts              those of the README, into docs/app
 *   node tools/screenshots.ts FOLDER       every view, light, dark and on a phone
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from '../packages/app/test/support/browser.ts';

const root = join(import.meta.dirname, '..');
const [, , wanted] = process.argv;
const folder = wanted ?? join(root, 'docs/app');
const PLACES = ['home', 'purchases', 'transactions', 'wallet', 'network', 'consumption', 'settings'];
const WIDE = { colorScheme: 'light', viewport: { width: 1240, height: 860 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 1240, height: 860 } } as const;
const PHONE = { colorScheme: 'light', viewport: { width: 360, height: 740 } } as const;
const shots =
  wanted === undefined
    ? [
        { name: '', options: WIDE, places: ['home'], fullPage: false },
        { name: '-dark', options: DARK, places: ['network'], fullPage: false },
        { name: '-phone', options: PHONE, places: ['home'], fullPage: false },
      ]
    : [
        { name: '', options: WIDE, places: PLACES, fullPage: true },
        { name: '-dark', options: DARK, places: PLACES, fullPage: true },
        { name: '-phone', options: PHONE, places: PLACES, fullPage: true },
      ];

const lab = spawn(
  process.execPath,
  [join(root, 'packages/cli/bin/daisee.cjs'), 'demo', '--json', '--speed', '120', '--app-port', '0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const browser = await openBrowser();
try {
  mkdirSync(folder, { recursive: true });
  let apps: { readonly node1: string; readonly node2: string; readonly password: string } | undefined;
  let bought = 0;
  for await (const line of createInterface({ input: lab.stdout })) {
    const record = JSON.parse(line) as { type?: string } & NonNullable<typeof apps>;
    if (record.type === 'apps') apps = record;
    if (record.type === 'bought' || record.type === 'Bought') bought++;
    if (apps && bought >= 2) break;
  }
  if (!apps) throw new Error('The lab has ended without an App.');
  for (const { name, options, places, fullPage } of shots) {
    const context = await browser.newContext({ ...options, locale: 'en-GB' });
    const page = await context.newPage();
    page.on(
      'console',
      (message) => message.type() === 'error' && process.stderr.write(`${message.text()}\n`),
    );
    page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
    await page.goto(apps.node1);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Password').fill(apps.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    // What it is for has been read; a picture shows what it shows every day.
    await page.getByRole('button', { name: 'I see' }).click();
    for (const place of places) {
      await page.goto(`${apps.node1}/#/${place}`);
      await sleep(1500);
      await page.screenshot({ path: join(folder, `${place}${name}.png`), fullPage });
    }
    await context.close();
  }
} finally {
  await browser.close();
  lab.kill('SIGINT');
}
