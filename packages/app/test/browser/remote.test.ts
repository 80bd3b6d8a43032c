/** A node's App in a process of its own, whose chain, monitor and agent are elsewhere, and come and go. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectLedger,
  createKey,
  deployContracts,
  type Ledger,
  signerOf,
  writeKeyFile,
} from '@daisee/chain';
import { Coin, Duration, MICRO, Price, systemClock } from '@daisee/units';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_WITHIN, openBrowser } from '../support/browser.ts';
import { freePort } from './line.ts';
import { type Daisee, daisee, endAll } from './processes.ts';
import { type Browsing, browse, card, go, soon, TEST_WITHIN, tile } from './seen.ts';

const folder = mkdtempSync(join(tmpdir(), 'daisee-app-'));
const env = { DAISEE_HOME: folder, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
const settings = join(folder, 'parameters.yml');
const keys = { consumer: createKey(), producer: createKey() };
const consumer = signerOf(keys.consumer).address;
const producer = signerOf(keys.producer).address;
let ledger: Ledger;
let browser: Browser;
let browsing: Browsing;
let chain: Daisee;
let ports: Readonly<Record<'chain' | 'app' | 'monitor' | 'relay', number>>;

const startChain = async (): Promise<Daisee> => {
  const started = daisee(
    ['chain', '--port', String(ports.chain), '--block-time', '300ms', '--data', join(folder, 'chain')],
    env,
  );
  await started.record(({ type }) => type === 'listening');
  return started;
};
const startApp = async (): Promise<{ readonly app: Daisee; readonly url: string }> => {
  const app = daisee(
    ['app', '-c', settings, '--port', String(ports.app), '--password-file', join(folder, 'app.password')],
    env,
  );
  const { url } = await app.record(({ type }) => type === 'app');
  return { app, url: String(url) };
};
beforeAll(async () => {
  browser = await openBrowser();
}, BROWSER_WITHIN);
beforeAll(async () => {
  browsing = browse(browser);
  ports = {
    chain: await freePort(),
    app: await freePort(),
    monitor: await freePort(),
    relay: await freePort(),
  };
  chain = await startChain();
  // The treasury of an embedded chain has its key beside it; it sets the community up.
  const admin = signerOf(readFileSync(join(folder, 'chain', 'treasury.key'), 'utf8').trim() as `0x${string}`);
  const rpc = `http://127.0.0.1:${ports.chain}`;
  const common = { url: rpc, signer: admin, clock: systemClock, pollInterval: Duration(100) };
  const { exchange, coin } = await deployContracts({ ...common, admin: admin.address });
  ledger = connectLedger({ ...common, exchange, coin });
  await ledger.start();
  await ledger.registerNode({ account: producer, kind: 'producer', price: Price(2n * MICRO) });
  await ledger.mint(consumer, Coin(100n * MICRO));
  await writeKeyFile(join(folder, 'keystore'), keys.consumer, 'lab', {
    now: systemClock.now(),
    cost: 2 ** 12,
  });
  writeFileSync(join(folder, 'app.password'), 'open sesame\n', { mode: 0o600 });
  writeFileSync(
    settings,
    `contracts: { daisee: '${exchange}', token: '${coin}', node: '${rpc}' }
node:
  address: '${consumer}'
  name: Our home
  type: C
  url: 'http://127.0.0.1:${ports.monitor}'
  id: 1
  login: user
  limit: 30
  report: 15m
  fuelgauge: False
  delta: 1
  channel: 0
sellers:
  Neighbour: { account: '${producer}', channel: 1 }
relay: { host: 127.0.0.1, port: ${ports.relay} }
`,
  );
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await ledger?.stop();
  await endAll();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

describe('the App of a node whose parts are elsewhere', { timeout: TEST_WITHIN }, () => {
  it('says what is wrong with what is away, goes on with the rest, and comes back by itself', {
    timeout: 2 * TEST_WITHIN,
  }, async () => {
    const started = await startApp();
    const { page, context } = await browsing.open(started.url);
    const enter = async () => {
      await page.getByLabel('Password').fill('open sesame');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.locator('nav').waitFor();
    };
    // Nothing is seen without a login here.
    await enter();
    /** What the banner says of one part. */
    const banner = (part: string) =>
      page.locator('.banner.bad li').filter({ has: page.locator('strong', { hasText: part }) });
    await banner('Monitor').filter({ hasText: 'cannot be reached' }).waitFor();
    await banner('Agent').filter({ hasText: 'agent does not answer at' }).waitFor();
    await banner('Relay').filter({ hasText: 'agent does not answer at' }).waitFor();
    await soon(() => tile(page, 'Coins')).toBe(100);
    expect(await banner('Chain').count()).toBe(0);

    // The chain is killed under the open page.
    chain.kill('SIGKILL');
    await chain.ended;
    await banner('Chain')
      .filter({ hasText: /unreachable|cannot be reached|does not answer/i })
      .waitFor();
    const coins = page.locator('.tile', { hasText: 'Coins' });
    await coins
      .and(page.locator('.stale'))
      .getByText(/^last seen /)
      .waitFor();
    chain = await startChain();
    await banner('Chain').waitFor({ state: 'detached' });
    await coins.and(page.locator(':not(.stale)')).waitFor();
    // What happens now shows by itself.
    await ledger.mint(consumer, Coin(11n * MICRO));
    await soon(() => tile(page, 'Coins')).toBe(111);

    // Settings change in the agent's file, which an agent in another process goes by.
    await go(page, 'settings');
    await page.getByLabel('Coins a day (empty: all there are)').fill('5');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').filter({ hasText: 'Saved' }).waitFor();

    // The App itself ends, cleanly, and is started again.
    started.app.kill('SIGTERM');
    expect(await started.app.ended).toBe(0);
    await page.getByText('This page has lost its server').waitFor();
    const again = await startApp();
    // Its sessions ended with it.
    await enter();
    await page.getByText('This page has lost its server').waitFor({ state: 'detached' });
    await go(page, 'settings');
    const budget = page.getByLabel('Coins a day (empty: all there are)');
    await soon(() => budget.inputValue()).toBe('5');
    await go(page, 'network');
    await card(page, 'Chain').getByText('20171').waitFor();
    expect(browsing.complaints).toEqual([]);
    await context.close();
    again.app.kill('SIGTERM');
    expect(await again.app.ended).toBe(0);
  });

  it('shows an agent of another process as what it is: live with its reports slow, and the age of what a silent meter said', {
    timeout: 2 * TEST_WITHIN,
  }, async () => {
    await ledger.registerNode({ account: consumer, kind: 'consumer' });
    const relay = daisee(['relay', '--port', String(ports.relay), '--own', '0', '--seller', '1'], env);
    await relay.record(({ type }) => type === 'listening');
    // A sample a second for twenty; then the meter is silent.
    const watts = Array.from({ length: 20 }, (_, second) => `${1_700_000_000 + second},1200`);
    writeFileSync(join(folder, 'load.csv'), watts.join('\n'));
    const options = ['--port', String(ports.monitor), '--data', join(folder, 'monitor'), '--login', 'user'];
    const monitor = daisee(['monitor', ...options, '--replay', join(folder, 'load.csv')], env);
    const agent = daisee(['agent', '-c', settings], env);
    await agent.record(({ type }) => type === 'started');
    const { page, context } = await browsing.open((await startApp()).url);
    await page.getByLabel('Password').fill('open sesame');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('nav').waitFor();
    const power = page.locator('.tile', { hasText: 'Power now' });
    await power
      .and(page.locator('.stale'))
      .getByText(/^measured \d+ \w+ ago$/)
      .waitFor({ timeout: 90_000 });
    await page
      .locator('figure.wires')
      .getByText(/1,200 W, \d+ \w+ ago/)
      .first()
      .waitFor();
    expect(await power.getByText('live', { exact: true }).count()).toBe(0);
    // Nothing flows that is not measured; the contacts are live, as the agent reads them.
    expect(await page.locator('path.flow').count()).toBe(0);
    await page.locator('figure.wires:not(.stale)').getByText('Own source').first().waitFor();
    // Its books are older than its reports, and it looks all the same.
    const banner = (part: string) =>
      page.locator('.banner.bad li').filter({ has: page.locator('strong', { hasText: part }) });
    await banner('Monitor').filter({ hasText: 'silent since' }).waitFor({ timeout: 90_000 });
    expect(await banner('Agent').count()).toBe(0);
    expect(await banner('Relay').count()).toBe(0);

    // Suspended it does not answer, and is no longer shown as live; killed likewise.
    agent.kill('SIGSTOP');
    await banner('Agent').filter({ hasText: 'no answer' }).waitFor();
    agent.kill('SIGCONT');
    await banner('Agent').waitFor({ state: 'detached' });
    agent.kill('SIGKILL');
    await agent.ended;
    await banner('Agent').filter({ hasText: 'nothing runs there' }).waitFor();
    expect(browsing.complaints).toEqual([]);
    await context.close();
    monitor.kill('SIGTERM');
  });
});
