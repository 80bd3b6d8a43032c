import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createRelayHttpClient, RelayHttpAnswer, RelayLoginRefused, RelayUnreachable } from '../src/index.ts';
import { startHttpLab, token, until } from './support/http.ts';

describe('the HTTP client', () => {
  it('reads, orders with a reason and a lease, and renews', async () => {
    await using lab = await startHttpLab({
      server: { tokens: [token('agent', 'secret-of-the-agent', 'read', 'switch')] },
    });
    const refusals: string[] = [];
    const client = createRelayHttpClient({
      url: lab.server.url,
      token: 'secret-of-the-agent',
      lease: Duration(50_000),
      onRefusal: (code) => refusals.push(code),
    });
    expect([...(await client.read([2, 0]))]).toEqual([
      [2, false],
      [0, false],
    ]);
    const order = new Map([
      [0, true],
      [1, true],
    ]);
    expect(await client.order(order, 'low battery')).toBe(true);
    expect(lab.logbook.entries(1)).toMatchObject([{ reason: 'low battery', by: 'agent (127.0.0.1)' }]);
    const leaseUntil = () => lab.board.report().loads[0]?.leaseUntil ?? 0;
    const given = leaseUntil();
    await until(() => Date.now() > given - 50_000 + 5);
    await client.read([0, 1]);
    expect(leaseUntil()).toBe(given);
    await client.renew([0, 1]);
    expect(leaseUntil()).toBeGreaterThan(given);
    expect(await client.order(new Map([[0, false]]))).toBe(false);
    expect(await client.order(new Map([[9, true]]))).toBe(false);
    expect(refusals).toEqual(['relay.two-sources', 'relay.unknown-channel']);
    await expect(client.read([9])).rejects.toThrow(RelayHttpAnswer);
    client.close();
  });

  it('tells a wrong token from a relay that is not there', async () => {
    await using lab = await startHttpLab({
      server: { tokens: [token('agent', 'secret-of-the-agent', 'read')] },
    });
    const { url } = lab.server;
    const wrong = createRelayHttpClient({ url, token: 'another' });
    await expect(wrong.read([0])).rejects.toThrow(RelayLoginRefused);
    await lab.server.stop();
    await expect(wrong.read([0])).rejects.toMatchObject({ retryable: true, code: 'relay.unreachable' });
    wrong.close();
  });

  it('speaks TLS with the authority it was given, and with no other', async () => {
    const pem = (file: string) => readFileSync(join(import.meta.dirname, 'tls', file), 'utf8');
    const cert = pem('certificate.pem');
    await using lab = await startHttpLab({ server: { tls: { cert, key: pem('key.pem') } } });
    const { url } = lab.server;
    expect(url).toMatch(/^https:/);
    const client = createRelayHttpClient({ url, ca: cert });
    expect((await client.read([0])).get(0)).toBe(false);
    client.close();
    const stranger = createRelayHttpClient({ url });
    await expect(stranger.read([0])).rejects.toThrow(RelayUnreachable);
    stranger.close();
  });
});
