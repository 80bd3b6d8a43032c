/**
 * A real browser for tests and screenshots: Chromium or Chrome where it is installed, else installed here and now
 * (Debian as root: by apt; elsewhere what playwright-core downloads), else one line that says what to do.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const found = (): string | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...files, ...PLACES, chromium.executablePath()].find((file) => file !== '' && existsSync(file));
};

/** Not synchronous: a test's process that does not answer for a minute counts as failed. */
const run = async (command: string, ...args: string[]): Promise<void> => {
  await promisify(execFile)(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 2 ** 26,
    timeout: 600_000,
  });
};

/** Longest that opening a browser may take (ms): it may have to be installed, or somebody else may be installing it. */
export const BROWSER_WITHIN = 720_000;

const isDebianRoot = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/**
 * One at a time, as two test files may miss the browser at once; the second finds it there. The lists of packages may be
 * missing or old, and another program of the machine may be installing.
 */
const BY_APT = `command -v chromium >/dev/null && exit
get() { apt-get -oDPkg::Lock::Timeout=600 install -y --no-install-recommends chromium fonts-dejavu-core; }
get || { apt-get -oDPkg::Lock::Timeout=600 update && get; }`;

const install = async (): Promise<void> => {
  if (isDebianRoot()) {
    await run('flock', join(tmpdir(), 'daisee-browser.lock'), 'sh', '-c', BY_APT);
    return;
  }
  const cli = join(dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js');
  await run(process.execPath, cli, 'install', '--no-shell', 'chromium');
};

/** The path of a browser. @throws Error in one line when there is none and none can be had */
const browserPath = async (): Promise<string> => {
  const there = found();
  if (there) return there;
  try {
    await install();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(
      `The App's tests need a browser and none could be installed (${why}): install Chromium, on Debian with "sudo apt-get install chromium".`,
      { cause: error },
    );
  }
  const installed = found();
  if (installed) return installed;
  throw new Error(
    'The App’s tests need a browser: install Chromium, on Debian with "sudo apt-get install chromium".',
  );
};

/** Opens the browser; whoever opens it closes it. */
export const openBrowser = async (): Promise<Browser> =>
  await chromium.launch({
    executablePath: await browserPath(),
    // Chromium's own sandbox does not start under root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
