/** A monitor that lies to its client; found with hostile input. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Instant, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createMonitorClient, type MonitorClient } from '../src/index.ts';

const FROM = Instant(1_795_348_000_000);
const TO = Instant(FROM + 3_600_000);

/** Asks a server that has `/api/v1` or not and otherwise always says the same. */
const told = async <T>(
  isV1: boolean,
  said: unknown,
  work: (client: MonitorClient) => Promise<T>,
): Promise<T> => {
  const server = createServer((request, response) => {
    const isHealth = request.url?.endsWith('/health');
    response.writeHead(isHealth && !isV1 ? 303 : 200);
    response.end(
      JSON.stringify(isHealth ? { status: 'ok', api: 'v1', now: 1, sensors: 1, waiting: 0 } : said),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await work(
      createMonitorClient({ url: `http://127.0.0.1:${port}`, sensorId: 1, timeout: Seconds(20) }),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

describe('a monitor that lies', () => {
  it('about the next page is not asked for ever', async () => {
    const asked = told(true, { samples: [], next: FROM }, (client) => client.samples(FROM, TO));
    await expect(asked).rejects.toMatchObject({ code: 'monitor.answer' });
  });

  it('about the time of samples is not believed', async () => {
    const sample = { id: 1, at: TO, power: 1, register: '1.000000' };
    const asked = told(true, { samples: [sample] }, (client) => client.samples(FROM, TO));
    await expect(asked).rejects.toMatchObject({ code: 'monitor.answer' });
  });

  it('about where a sensor stands is not believed', async () => {
    const standing = {
      now: FROM,
      store: 'one',
      revision: 0,
      id: 1,
      end: { at: FROM, register: '1.000000' },
      newest: null,
      age: null,
      interval: null,
      charge: null,
      highest: null,
      gaps: [],
      marks: [{ id: 1, key: 'a', at: FROM, register: '1.000000' }],
    };
    const ask = (other: object) =>
      told(true, { ...standing, ...other }, (client) => client.standing({ after: 0, firstMark: 0 }));
    expect(await ask({})).toMatchObject({ end: { register: 1_000_000n }, marks: [{ key: 'a' }] });
    for (const other of [
      { now: 1e300 },
      { id: 'many' },
      { end: { at: FROM, register: '-1' } },
      { end: { at: FROM, register: '1e6' } },
      { end: { at: 1e16, register: '1.000000' } },
      { marks: [{ id: 1, key: 'a', at: FROM }] },
      { charge: { age: 0, value: 101, interval: null } },
    ])
      await expect(ask(other)).rejects.toMatchObject({ code: 'monitor.answer' });
    const mark = told(true, { id: 1, key: 'a', at: 1e16 }, (client) => client.mark({ key: 'a', at: FROM }));
    await expect(mark).rejects.toMatchObject({ code: 'monitor.answer' });
  });

  it('in numbers that no energy has is refused as such', async () => {
    const asked = told(false, { data: [{ value: 1e300 }] }, (client) =>
      client.energyBySteps(FROM, TO, 'PT1H', 'UTC'),
    );
    await expect(asked).rejects.toMatchObject({ code: 'monitor.answer' });
  });
});
