/** `/metrics` as Prometheus reads it. */
import { Instant, Watts } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, type Kept, serveKept } from './kept.ts';
import { BASIC, send } from './served.ts';

describe('/metrics', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await serveKept();
    kept.store.addSensor({ name: 'Grid "A"', sign: 'signed' });
    kept.store.append(
      2,
      [0, 10_000].map((at) => ({ at: Instant(at), power: Watts(-360) })),
    );
  });
  afterAll(() => kept.end());

  it('shows power, registers, samples and requests', async () => {
    await kept.ask(
      'POST /sensors/1/samples',
      [0, 8000].map((at) => ({ at, power: 450 })),
    );
    const scrape = () => send(`${kept.url}/metrics`, { headers: BASIC });
    await Promise.all([scrape(), scrape()]);
    const { status, headers, text } = await scrape();
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      '# TYPE daisee_energy_watt_hours_total counter',
      'daisee_power_watts{sensor="1"} 450',
      'daisee_sample_timestamp_seconds{sensor="1"} 8',
      'daisee_energy_watt_hours_total{sensor="1"} 1',
      'daisee_energy_watt_hours_total{sensor="2"} 0',
      'daisee_exported_watt_hours_total{sensor="2"} 1',
      'daisee_sensor_info{sensor="2",name="Grid \\"A\\"",sign="signed"} 1',
      'daisee_samples_stored_total{sensor="1"} 2',
      'daisee_samples_waiting 0',
      'daisee_http_request_duration_seconds_count{method="POST",route="/api/v1/sensors/:id/samples",status="200"} 1',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('needs the scope read', async () => {
    expect(await send(`${kept.url}/metrics`)).toMatchObject({ status: 401 });
    for (const [scope, status] of [
      ['read', 200],
      ['write', 403],
    ] as const) {
      const { body } = await kept.ask('POST /tokens', { name: 'prometheus', scopes: [scope] });
      const { token } = body as { token: string };
      expect(await send(`${kept.url}/metrics`, { headers: bearer(token) })).toMatchObject({ status });
    }
  });
});
