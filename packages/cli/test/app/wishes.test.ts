import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentRelay } from '@daisee/agent';
import { toAddress } from '@daisee/chain';
import { systemClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contactsByBooks, createAgentSeen, steadyWishes } from '../../src/parts/app-agent.ts';
import { sourcesOf } from '../../src/parts/node-app.ts';
import { watchRelay } from '../../src/parts/watched-relay.ts';
import {
  consumerWishes,
  inForce,
  openWishes,
  producerWishes,
  WishesDamaged,
  WishRefused,
} from '../../src/parts/wishes.ts';
import { parseSettings } from '../../src/settings/read.ts';
import { scratch } from '../support/daisee.ts';

const account = toAddress('0x00625a1a269ac76c7c7b98939b5e60916fd41070');
const settings = { limit: 20, delta: '1.000000', resume: 30, priceCap: null, budget: null };
const seen = (file: string) =>
  createAgentSeen({
    clock: systemClock,
    account,
    store: join(file, '../agent.sqlite'),
    wishes: openWishes(file),
    settings,
  });

describe('what is set in the App', () => {
  it('is kept in a file that an App and an agent in two processes both read and write', () => {
    const file = join(scratch(), 'node', 'wishes.json');
    const [app, agent] = [openWishes(file), openWishes(file)];
    expect(agent.current()).toEqual({});
    app.change({ limit: 25 });
    expect(agent.current()).toEqual({ limit: 25 });
    agent.change({ budget: '5' });
    app.change({ priceCap: null });
    expect(agent.current()).toEqual({ limit: 25, budget: '5', priceCap: null });
  });

  it('holds instead of the settings, and the rest of the settings as they are', () => {
    const given = fc.record(
      {
        limit: fc.integer({ min: 0, max: 29 }),
        delta: fc.constantFrom('0.5', '200'),
        priceCap: fc.constantFrom(null, '2'),
        budget: fc.constantFrom(null, '9'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(given, (wished) => {
        expect(inForce(settings, wished)).toEqual({ ...settings, ...wished });
      }),
    );
  });

  it('is refused in words where it contradicts itself, and then nothing changes', async () => {
    const file = join(scratch(), 'wishes.json');
    const agent = seen(file);
    for (const [wrong, words] of [
      [{ limit: 30 }, 'the first must be the higher one'],
      [{ resume: 20 }, 'the first must be the higher one'],
      [{ limit: 101 }, 'give 0 to 100'],
      [{ delta: '0' }, 'more than nothing'],
      [{ price: '2' }, 'price is nothing that this node goes by'],
    ] as const) {
      await expect(agent.change(wrong)).rejects.toThrow(WishRefused);
      await expect(agent.change(wrong)).rejects.toThrow(words);
    }
    expect(openWishes(file).current()).toEqual({});
    expect(await agent.change({ limit: 40, resume: 50 })).toMatchObject({ limit: 40, resume: 50 });
  });

  it('wakes the agent, and holds it on its own source for as long as was said', async () => {
    const file = join(scratch(), 'wishes.json');
    const agent = seen(file);
    let woken = 0;
    agent.wakes({ wake: () => woken++ });
    const { until = 0 } = await agent.ownSource(10);
    expect(until - systemClock.now()).toBeGreaterThan(9 * 60_000);
    expect(consumerWishes(openWishes(file).current())).toEqual({ ownUntil: until });
    expect(agent.held()).toEqual({ until });
    expect(await agent.ownSource(0)).toEqual({});
    expect(agent.held()).toEqual({});
    expect(woken).toBe(2);
  });

  it('does not stop the agent when its file is damaged: the last that could be read holds, and it is told once', () => {
    const file = join(scratch(), 'wishes.json');
    const wishes = openWishes(file);
    wishes.change({ limit: 25 });
    const told: WishesDamaged[] = [];
    const wished = steadyWishes(wishes, (error) => told.push(error));
    expect(wished()).toEqual({ limit: 25 });
    writeFileSync(file, '{"limit": ');
    expect([wished(), wished()]).toEqual([{ limit: 25 }, { limit: 25 }]);
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain(file);
    expect(told[0]?.message).toContain('delete it to go by the settings alone');
    // The App shows it as a trouble and changes nothing over it.
    const agent = seen(file);
    expect(agent.troubles().map(({ message }) => message)).toEqual([told[0]?.message]);
    expect(() => wishes.change({ limit: 26 })).toThrow(WishesDamaged);
    writeFileSync(file, '{}');
    expect(wished()).toEqual({});
    expect(agent.troubles()).toEqual([]);
  });

  it('reaches the agent in its own quantities', () => {
    expect(consumerWishes({ limit: 25, delta: '1.5', resume: 40, priceCap: null, budget: '3' })).toEqual({
      limit: 25,
      delta: 1_500_000n,
      resume: 40,
      priceCap: null,
      budgetPerDay: 3_000_000n,
    });
    expect(producerWishes({ price: '0.25' })).toEqual({ price: 250_000n });
    expect(producerWishes({})).toEqual({});
  });
});

describe('an agent in another process', () => {
  it('counts as quiet while its file says nothing of now, and the contacts as unknown', async () => {
    const folder = scratch();
    const where = { clock: systemClock, account, store: join(folder, 'agent.sqlite') };
    const agent = createAgentSeen({
      ...where,
      wishes: openWishes(join(folder, 'wishes.json')),
      settings,
      elsewhere: true,
    });
    expect(agent.troubles()[0]?.message).toMatch(/^The agent has booked nothing yet: does it run/);
    await expect(contactsByBooks(where, []).read([0])).rejects.toThrow('has booked nothing yet');
  });
});

describe('a relay that the App watches through its agent', () => {
  it('is never asked by the App itself, so that an open page renews no lease', async () => {
    let asked = 0;
    const relay: AgentRelay = {
      read: async () => {
        asked++;
        return new Map([[0, true]]);
      },
      order: async () => true,
    };
    const { relay: watched, contacts } = watchRelay(relay, systemClock);
    await expect(contacts.read([0])).rejects.toThrow('has not yet looked at the relay');
    await watched.read([0]);
    for (let look = 0; look < 10; look++) expect(await contacts.read([0])).toEqual(new Map([[0, true]]));
    expect(asked).toBe(1);
  });

  it('shows what the agent was told when the relay does not answer', async () => {
    const away: AgentRelay = {
      read: async () => {
        throw new WishRefused('nothing', 'The relay is away.');
      },
      order: async () => true,
    };
    const { relay, contacts } = watchRelay(away, systemClock);
    await expect(relay.read([0])).rejects.toThrow('away');
    await expect(contacts.read([0])).rejects.toThrow('The relay is away.');
  });
});

describe('the section app', () => {
  const node = `node: { address: '${account}', type: C, url: 'http://h:1', id: 1, login: u, limit: 20, delta: 1, channel: [0, 1] }
sellers: { neighbour: { account: '0x004ec07d2329997267ec62b4166639513386f32e', channel: 2 } }
relay: { host: h }
`;
  const read = (app: string) => () => parseSettings(`${node}app: ${app}\n`, 'parameters.yml');

  it('takes an address, a password and whether all may look, or false', () => {
    expect(read('{ host: 0.0.0.0, port: 8001, passwordFile: /p, view: true }')().app).toEqual({
      host: '0.0.0.0',
      port: 8001,
      passwordFile: '/p',
      view: true,
    });
    expect(read('false')().app).toBe(false);
  });

  it('says what is wrong with it', () => {
    expect(read('{ port: 0 }')).toThrow('app.port: needs a port number from 1 to 65535');
    expect(read('{ prot: 8000 }')).toThrow('app.prot: is not known; did you mean "port"?');
    expect(read('{ password: a, passwordFile: b }')).toThrow('app.password: is given beside passwordFile');
    expect(() => parseSettings('app: { port: 8000 }', 'f')).toThrow('app: needs a section node');
  });

  it('finds the sources that the relay can put on the load', () => {
    const given = read('{}')();
    if (!given.node) throw new TypeError('unreachable: it has a node');
    expect(sourcesOf(given.node, given.sellers)).toMatchObject([
      { source: 'own', channels: [0, 1] },
      { name: 'neighbour', channels: [2] },
    ]);
  });
});
