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
const WIDE = { colorScheme: 'light', viewport: { width: 1180, height: 860 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 1180, height: 860 } } as const;
const PHONE = { colorScheme: 'light', viewport: { width: 360, height: 740 } } as const;
const shots =
  wanted === undefined
    ? [
        { name: '', options: WIDE, places: PLACES, fullPage: false },
        { name: '-dark', options: DARK, places: ['network'], fullPage: false },
        { name: '-phone', options: PHONE, places: ['home'], fullPage: false },
      ]
    : [
        { name: '', options: WIDE, places: PLACES, fullPage: true },
        { name: '-dark', options: DARK, places: PLACES, fullPage: true },
        { name: '-phone', options: PHONE, places: PLACES, fullPage: true },
      ];

const SPEED = 120;
/** Of the lab's day, until charts, bars and flows have something to show (ms). */
const DAY = 3.2 * 3_600_000;

interface Told {
  readonly type?: string;
  readonly node1?: string;
  readonly password?: string;
  readonly time?: string;
}

const lab = spawn(
  process.execPath,
  [join(root, 'packages/cli/bin/daisee.cjs'), 'demo', '--json', '--speed', `${SPEED}`, '--app-port', '0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
/** The App's address and password, once the lab has run for long enough. */
const ready = new Promise<{ readonly url: string; readonly password: string }>((resolve, reject) => {
  let apps: Told = {};
  let begun: number | undefined;
  // Read to the end: a lab whose output nobody reads ends.
  createInterface({ input: lab.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as Told;
    if (told.type === 'apps') apps = told;
    if (told.time === undefined) return;
    const at = Date.parse(told.time);
    begun ??= at;
    if (at - begun > DAY) resolve({ url: apps.node1 ?? '', password: apps.password ?? '' });
  });
  lab.once('exit', () => reject(new Error('The lab has ended.')));
});

type Browser = Awaited<ReturnType<typeof openBrowser>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

/** What a person would have done there. */
const prepare: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  home: (page) => page.locator('.wires figcaption', { hasText: 'Node 2 feeds the load' }).waitFor(),
  // Rows enough to see what they are.
  transactions: async (page) => {
    const { width, height } = page.viewportSize() ?? PHONE.viewport;
    await page.setViewportSize({ width, height: Math.min(height, 700) });
  },
  wallet: async (page) => {
    await page.getByLabel('Energy (Wh)').fill('2.5');
    await page.getByText('costs').waitFor();
  },
};

const browser = await openBrowser();
try {
  mkdirSync(folder, { recursive: true });
  const { url, password } = await ready;
  for (const { name, options, places, fullPage } of shots) {
    const context = await browser.newContext({ ...options, locale: 'en-GB', timezoneId: 'Europe/Paris' });
    const page = await context.newPage();
    page.on(
      'console',
      (message) => message.type() === 'error' && process.stderr.write(`${message.text()}\n`),
    );
    page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
    await page.goto(url);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    // What it is for has been read; a picture shows what it shows every day.
    await page.getByRole('button', { name: 'I see' }).click();
    for (const place of places) {
      await page.goto(`${url}/#/${place}`);
      await sleep(2000);
      await page.setViewportSize(options.viewport);
      await prepare[place]?.(page);
      await page.screenshot({ path: join(folder, `${place}${name}.png`), fullPage });
    }
    await context.close();
  }
} finally {
  await browser.close();
  lab.kill('SIGINT');
}
