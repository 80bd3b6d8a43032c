import { afterEach, describe, expect, it } from 'vitest';
import type { Problem } from '../src/api.ts';
import { AppExposed, AppListen, AppNotListening, createApp, createFront, type Front } from '../src/index.ts';
import { emptyHistory, handClock, quietLedger } from './support/stand-ins.ts';

const fronts: Front[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.stop();
});
const opened = async (): Promise<Front> => {
  const front = createFront({ port: 0 });
  fronts.push(front);
  await front.start();
  return front;
};

describe('the address of an App', () => {
  it('is open before the App is, and says what is awaited', async () => {
    const front = await opened();
    front.awaits('The chain at <http://10.0.0.1> does not answer.');
    const page = await fetch(front.url, { headers: { 'Accept-Language': 'fr-FR, en' } });
    expect(page.status).toBe(503);
    const text = await page.text();
    expect(text).toContain('DAISEE démarre');
    expect(text).toContain('The chain at &#60;http://10.0.0.1&#62; does not answer.');
    expect(text).toContain('http-equiv="refresh"');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; style-src 'sha256-/);
    const asked = await fetch(`${front.url}/api/state`);
    expect(asked.status).toBe(503);
    expect(((await asked.json()) as Problem).code).toBe('app.starting');
  });

  it('keeps the connections of a browser between two clicks', async () => {
    const front = await opened();
    expect((await fetch(front.url)).headers.get('keep-alive')).toBe('timeout=120');
  });

  it('says which port is taken, and that it has none before it is open', async () => {
    const front = await opened();
    const port = Number(new URL(front.url).port);
    const second = createFront({ port });
    await expect(second.start()).rejects.toThrow(AppListen);
    await expect(second.start()).rejects.toThrow(`port ${port}: another program uses that port`);
    expect(() => second.url).toThrow(AppNotListening);
  });

  it('is given to no App without a password that more than its own machine could reach', async () => {
    const clock = handClock();
    const front = createFront({ host: '0.0.0.0', port: 0 });
    const app = createApp({
      clock,
      front,
      name: 'Home',
      kind: 'consumer',
      account: quietLedger().exchange,
      names: {},
      ledger: quietLedger(),
      history: emptyHistory(),
    });
    await expect(app.start()).rejects.toThrow(AppExposed);
  });

  it('lets go of what listens to it when the App ends', async () => {
    const front = await opened();
    front.serve((_request, response) => response.write('hello'));
    const answer = await fetch(front.url);
    const reader = answer.body?.getReader();
    await reader?.read();
    front.serve(undefined);
    await expect(reader?.read()).rejects.toThrow();
    expect((await fetch(front.url)).status).toBe(503);
  });
});
