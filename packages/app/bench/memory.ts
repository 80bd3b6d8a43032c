/** Whether the page's memory stays flat while transactions arrive. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryEvent } from '@daisee/chain';
import { Energy, Instant, Register } from '@daisee/units';
import { openBrowser } from '../test/support/browser.ts';
import { startCommunity } from '../test/support/community.ts';
import { serve } from '../test/support/served.ts';

const TRANSACTIONS = 10_000;
const AT_ONCE = 10;
const TELL_EACH = 1000;

export const measureMemory = async (): Promise<void> => {
  const community = await startCommunity();
  const { consumer, accounts } = community;
  const served = await serve(consumer, { account: accounts.consumer, kind: 'consumer' });
  const browser = await openBrowser();
  const rows: Record<string, Record<string, string | number>> = {};
  try {
    const page = await browser.newPage();
    await page.goto(`${served.front.url}/#/transactions`);
    await page.locator('table.transactions').waitFor();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    const look = async (count: number): Promise<void> => {
      for (let time = 0; time < 3; time++) await devtools.send('HeapProfiler.collectGarbage');
      const { metrics } = await devtools.send('Performance.getMetrics');
      const value = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
      rows[`after ${count}`] = {
        'heap (MB)': (value('JSHeapUsedSize') / 1e6).toFixed(2),
        'nodes of the document': value('Nodes'),
        listeners: value('JSEventListeners'),
      };
    };
    const first = served.history.page({ limit: 1 })[0];
    await look(0);
    for (let told = 0; told < TRANSACTIONS; told += AT_ONCE) {
      const events: HistoryEvent[] = Array.from({ length: AT_ONCE }, (_, i) => ({
        position: (first?.position ?? 0) + told + i + 1,
        block: first?.block ?? 0,
        at: Instant(Date.now()),
        hash: `0x${(told + i).toString(16).padStart(64, '0')}`,
        logIndex: told + i,
        type: 'consumed',
        consumer: accounts.consumer,
        origin: accounts.producer,
        energy: Energy(1000n),
        register: Register(BigInt(told + i)),
      }));
      served.app.onHistory({ type: 'added', events });
      await sleep(20);
      if ((told + AT_ONCE) % TELL_EACH === 0) {
        // All of it has arrived.
        await page.locator(`tr[title="${events.at(-1)?.hash}"]`).waitFor();
        await look(told + AT_ONCE);
      }
    }
  } finally {
    await browser.close();
    await served.stop();
    await community.stop();
  }
  process.stdout.write('\nThe page under Transactions while they arrive (after collecting garbage)\n');
  console.table(rows);
};
