import { createServer } from 'node:net';
import { Duration, systemClock } from '@daisee/units';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { runChecks } from '../../src/doctor/check.ts';
import { meterChecks } from '../../src/doctor/meters.ts';
import { parseSettings } from '../../src/settings/read.ts';

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** A real broker that knows one user, who may read one topic. */
const broker = async (): Promise<string> => {
  const aedes = await Aedes.createBroker({
    authenticate: (_client, user, password, done) =>
      done(null, user === 'daisee' && String(password) === 'secret'),
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic === 'power' ? subscription : null),
  });
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(
    () =>
      new Promise((resolve) => {
        aedes.close(() => server.close(() => resolve()));
      }),
  );
  const address = server.address();
  return `mqtt://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
};

const look = async (url: string, password: string, topic: string) => {
  const settings = parseSettings(
    `monitor: { meter: { driver: mqtt, url: '${url}', username: daisee, password: ${password}, topic: ${topic} } }`,
    'x',
  );
  return (await runChecks(meterChecks(settings, systemClock), Duration(20_000)))[0];
};

describe('the check of a broker', () => {
  it('says that all is well, that the password is wrong, and that the topic is not for this user', async () => {
    const url = await broker();
    expect(await look(url, 'secret', 'power')).toMatchObject({
      state: 'ok',
      text: expect.stringContaining('read power') as string,
    });
    expect(await look(url, 'wrong', 'power')).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('refuses the login') as string,
    });
    expect(await look(url, 'secret', 'private')).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('does not let daisee read private') as string,
    });
  });
});
