import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentStatus } from '@daisee/agent';
import { toAddress } from '@daisee/chain';
import { DaiseeError, Duration, Instant, Seconds, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentContacts, createAppAgent, type KnownAgent, steadyWishes } from '../../src/parts/app-agent.ts';
import { sourcesOf } from '../../src/parts/node-app.ts';
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
const neighbour = toAddress('0x004ec07d2329997267ec62b4166639513386f32e');
const alive: AgentStatus = {
  role: 'consumer',
  account,
  pid: 4711,
  startedAt: Instant(0),
  now: Instant(1_800_000_000_000),
  period: Seconds(8),
  sinceLook: Duration(500),
  contacts: { age: Duration(500), feed: 'own', states: new Map([[0, true]]) },
  troubles: [],
};
const known = (latest: () => AgentStatus | DaiseeError = () => alive): KnownAgent & { woken: number } => {
  const agent = {
    woken: 0,
    latest,
    sources: async () => [
      { at: Instant(1), origin: account },
      { at: Instant(2), origin: neighbour },
    ],
    wake: async () => {
      agent.woken += 1;
    },
  };
  return agent;
};
const seen = (file: string, agent: KnownAgent = known()) =>
  createAppAgent({ clock: systemClock, agent, wishes: openWishes(file), settings });

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
    const waking = known();
    const agent = seen(file, waking);
    const { until = 0 } = await agent.ownSource(10);
    expect(until - systemClock.now()).toBeGreaterThan(9 * 60_000);
    expect(consumerWishes(openWishes(file).current())).toEqual({ ownUntil: until });
    expect(agent.held()).toEqual({ until });
    expect(await agent.ownSource(0)).toEqual({});
    expect(agent.held()).toEqual({});
    expect(waking.woken).toBe(2);
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

class Away extends DaiseeError {
  constructor() {
    super({ code: 'agent.away', message: 'Nobody answers there.', retryable: true });
  }
}

describe('the agent as the App sees it', () => {
  const wishes = () => join(scratch(), 'wishes.json');

  it('is quiet where it does not answer, and takes what is wished all the same', async () => {
    const away = { ...known(() => new Away()), wake: async () => Promise.reject(new Away()) };
    const file = wishes();
    const agent = seen(file, away);
    const before = systemClock.now();
    expect(agent.troubles()).toEqual([
      { message: 'Nobody answers there.', code: 'agent.away', since: expect.any(Number) },
    ]);
    expect(agent.troubles()[0]?.since).toBeGreaterThanOrEqual(before);
    expect(agent.lastSwitch()).toBeUndefined();
    expect(await agent.sources(Instant(0), Instant(9))).toEqual([]);
    await expect(agentContacts(away).read([0])).rejects.toThrow('Nobody answers there.');
    expect(await agent.change({ limit: 22 })).toMatchObject({ limit: 22 });
    expect(openWishes(file).current()).toEqual({ limit: 22 });
  });

  it('lives by its looks, however long ago it booked or reported', () => {
    const measuredAt = Instant(alive.now - 3_600_000);
    expect(
      seen(
        wishes(),
        known(() => ({ ...alive, measuredAt })),
      ).troubles(),
    ).toEqual([]);
  });

  it('hangs when it answers and does not look', () => {
    const agent = seen(
      wishes(),
      known(() => ({ ...alive, sinceLook: Seconds(40) })),
    );
    expect(agent.troubles().map(({ code, message }) => [code, message])).toEqual([
      [
        'cli.agent-hangs',
        'The agent runs (process 4711) but has not looked for 40 s, where 8 s are usual. Is the machine overloaded, or the process suspended?',
      ],
    ]);
  });

  it('tells its troubles with what their sentences name, and which source fed when', async () => {
    const trouble = {
      area: 'relay' as const,
      code: 'relay.unreachable',
      message: 'The relay at 127.0.0.1:1 is away.',
      retryable: true,
      since: Instant(5),
      values: { host: '127.0.0.1', port: 1 },
    };
    const agent = seen(
      wishes(),
      known(() => ({ ...alive, troubles: [trouble], lastSwitch: { at: Instant(7), why: 'below-limit' } })),
    );
    const { area: _, retryable: _r, ...said } = trouble;
    expect(agent.troubles()).toEqual([said]);
    expect(agent.lastSwitch()).toEqual({ at: 7, why: 'below-limit' });
    expect(await agent.sources(Instant(0), Instant(9))).toEqual([
      { at: 1, source: 'own' },
      { at: 2, source: neighbour },
    ]);
  });

  it('shows the contacts as it last read them; the App itself asks no relay', async () => {
    expect(await agentContacts(known()).read([0])).toEqual(new Map([[0, true]]));
    const { contacts, ...blind } = alive;
    await expect(agentContacts(known(() => blind)).read([0])).rejects.toThrow(
      'The agent has not yet looked at the relay',
    );
    const old = contacts && { ...contacts, age: Seconds(26) };
    await expect(agentContacts(known(() => ({ ...alive, contacts: old }))).read([0])).rejects.toThrow(
      'The agent has not for 26 s looked at the relay',
    );
    const away = {
      area: 'relay' as const,
      code: 'relay.unreachable',
      message: 'The relay is away.',
      retryable: true,
      since: Instant(5),
      values: { host: 'h', port: 1 },
    };
    const { code, message, values } = away;
    await expect(
      agentContacts(known(() => ({ ...alive, troubles: [away] }))).read([0]),
    ).rejects.toMatchObject({ code, message, values });
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
