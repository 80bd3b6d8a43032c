/** How large the page is, and how soon it is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtPage } from '../src/index.ts';
import { openBrowser } from '../test/support/browser.ts';
import { startLab } from './lab.ts';

export const measureSize = async (): Promise<void> => {
  const folder = join(await builtPage(), 'assets');
  const rows = Object.fromEntries(
    readdirSync(folder).map((name) => {
      const content = readFileSync(join(folder, name));
      return [name, { bytes: content.length, gzipped: gzipSync(content).length }];
    }),
  );
  process.stdout.write('\nThe built page (limit of the script: 150,000 bytes gzipped)\n');
  console.table(rows);
};

const TIMES = 5;

export const measurePaint = async (): Promise<void> => {
  const lab = await startLab(60);
  const browser = await openBrowser();
  const rows: Record<string, Record<string, string>> = {};
  try {
    for (let time = 1; time <= TIMES; time++) {
      // A new context has an empty cache.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(lab.url);
      await page.locator('.wires figcaption').waitFor();
      const shown = await page.evaluate<number>('performance.now()');
      const paint = await page.evaluate<number>(
        `performance.getEntriesByType('paint').find(({ name }) => name === 'first-contentful-paint').startTime`,
      );
      rows[`load ${time}`] = {
        'first paint (ms)': paint.toFixed(0),
        'wires shown by (ms)': shown.toFixed(0),
      };
      await context.close();
    }
  } finally {
    await browser.close();
    await lab.stop();
  }
  process.stdout.write(
    '\nThe page of a running lab, from asking for it (limit of the first paint: 1000 ms)\n',
  );
  console.table(rows);
};
