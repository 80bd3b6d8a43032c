import { createMonitorClient } from '@daisee/monitor';
import { createRelayClient } from '@daisee/relay';
import { Percent } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createLab, NODE, SELLER_1 } from './world/lab.ts';
import { startV02Monitor, startV02Relay } from './world/v02.ts';

describe('on the wire protocols of v0.2 alone', () => {
  it.each([
    ['with a gauge of its own', { fuelgauge: true, limit: 20 }],
    ['without a gauge', { fuelgauge: false, limit: 3 }],
  ])('it lives %s', async (_name, settings) => {
    const lab = createLab({
      withCharge: false,
      settings,
      battery: { wattHours: 100, charge: 22, charger: 0 },
    });
    const relay = await startV02Relay(lab.states, lab.apply);
    const monitor = await startV02Monitor(lab.monitor);
    const agent = lab.consumer({
      relay: createRelayClient({ host: '127.0.0.1', port: relay.port }),
      monitor: createMonitorClient({
        url: `http://127.0.0.1:${monitor.port}`,
        login: 'user',
        password: 'secret',
        sensorId: 1,
      }),
      ...(settings.fuelgauge ? { gauge: async () => Percent(lab.charge()) } : {}),
    });
    try {
      await agent.start();
      await lab.until(() => lab.of('bought').length >= 2);
      await agent.stop(lab.stopped);
      expect(lab.of('trouble')).toEqual([]);
      expect(lab.of('switched').map((event) => event.why)).toEqual(['below-limit', 'stopping']);
      expect(Math.abs(Number(lab.ledger.nodeOf(NODE).ownUse) - lab.truth('own'))).toBeLessThanOrEqual(1);
      const { consumed } = lab.ledger.tradeOf(NODE, SELLER_1);
      expect(Math.abs(Number(consumed) - lab.truth(SELLER_1))).toBeLessThanOrEqual(1);
    } finally {
      await relay.stop();
      await monitor.stop();
      await lab.end();
    }
  });
});
