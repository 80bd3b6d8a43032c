import { createKey, type Ledger, signerOf } from '@daisee/chain';
import { Coin, DaiseeError, Duration, formatMicro, MICRO, systemClock } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  Community as CommunityAnswer,
  Consumption,
  Identity,
  LiveState,
  PowerSeries,
  Prepared,
  Problem,
  Quote,
  ReceiptAnswer,
  TransactionPage,
  WalletAccount,
} from '../src/api.ts';
import { type Community, startCommunity } from './support/community.ts';
import { type Served, serve } from './support/served.ts';
import { steadyMonitor, type ToldAgent, tellableAgent } from './support/stand-ins.ts';

class Away extends DaiseeError {
  constructor() {
    super({ code: 'test.away', message: 'The chain is away.', retryable: true });
  }
}

let community: Community;
let served: Served;
let agent: ToldAgent;
const ALWAYS = 'from=0&to=8640000000000000';

beforeAll(async () => {
  community = await startCommunity();
  const { consumer, accounts } = community;
  agent = tellableAgent(systemClock, {
    limit: 20,
    delta: '1.000000',
    resume: 30,
    priceCap: null,
    budget: null,
  });
  served = await serve(consumer, {
    account: accounts.consumer,
    kind: 'consumer',
    names: { [accounts.producer]: 'Neighbour' },
    monitor: steadyMonitor(systemClock),
    relay: {
      contacts: {
        read: async () =>
          new Map([
            [0, true],
            [1, true],
          ]),
      },
      sources: [
        { source: 'own', name: 'own', channels: [0] },
        { source: accounts.producer, name: 'Neighbour', channels: [1] },
      ],
    },
    agent,
  });
});
afterAll(async () => {
  await served.stop();
  await community.stop();
});

const minedOrder = (path: string, body: unknown) =>
  community.mining(() => served.post<ReceiptAnswer & Problem>(`/api/wallet/${path}`, body));

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

describe('the API', () => {
  it('describes each of its operations, and each answers or refuses in words', async () => {
    const { paths } = await served.json<OpenApi>('/api/openapi.json');
    const queries: Readonly<Record<string, string>> = {
      '/power': '?from=0&to=60000',
      '/consumption': '?from=0&to=7200000&step=PT1H&zone=UTC',
      '/community': `?${ALWAYS}`,
      '/wallet/account': `?account=${community.accounts.producer}`,
      '/wallet/quote': `?seller=${community.accounts.producer}&energy=1`,
    };
    const known: string[] = [];
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { operationId }] of Object.entries(methods)) {
        known.push(operationId);
        const inside = path.replace('/api', '');
        if (operationId === 'events') continue;
        if (method === 'get') {
          const answer = await served.ask(`/api${inside}${queries[inside] ?? ''}`);
          expect([operationId, answer.status]).toEqual([operationId, 200]);
          continue;
        }
        // Each refuses what it does not know, as a problem that names it.
        const { status, body } = await served.post<Problem>(
          `/api${inside}`,
          { nonsense: 1 },
          method.toUpperCase(),
        );
        expect([operationId, status, body.code]).toEqual([operationId, 400, 'app.bad-request']);
        expect(body.detail).toContain('nonsense');
      }
    expect(known.toSorted()).toEqual([
      'account',
      'approve',
      'buy',
      'changeSettings',
      'community',
      'consumption',
      'events',
      'held',
      'identity',
      'login',
      'logout',
      'ownSource',
      'power',
      'prepare',
      'quote',
      'session',
      'settings',
      'state',
      'transactions',
      'transactionsCsv',
      'transfer',
    ]);
    expect(served.failures).toEqual([]);
  });

  it('says whose App it is', async () => {
    const { consumer, accounts } = community;
    expect(await served.json<Identity>('/api/identity')).toEqual({
      name: 'Home',
      kind: 'consumer',
      address: accounts.consumer,
      exchange: consumer.exchange,
      coin: consumer.coin,
      chainId: 20171,
      names: { [accounts.producer]: 'Neighbour' },
      speed: 1,
      signs: true,
      relay: true,
      agent: true,
    });
  });

  it('shows what is live: chain, account, purchases, sellers, power, wires and the health of each', async () => {
    await expect.poll(async () => (await served.json<LiveState>('/api/state')).sellers?.value.length).toBe(1);
    const state = await served.json<LiveState>('/api/state');
    expect(state.chain?.value.client).toMatch(/anvil/i);
    expect(state.account?.value).toMatchObject({ balance: '960.000000', consumed: '20.000000' });
    expect(state.purchases?.value).toEqual([
      {
        seller: community.accounts.producer,
        purchased: '20.000000',
        consumed: '5.000000',
        remain: '15.000000',
        overdrawn: '0.000000',
        owed: '0.000000',
        delivered: '0.000000',
        spent: '40.000000',
      },
    ]);
    expect(state.sellers?.value[0]).toMatchObject({
      price: '2.000000',
      available: '30.000000',
      active: true,
    });
    expect(state.power?.value).toMatchObject({ watts: 100, stateOfCharge: 42, volts: 3.7 });
    expect(state.wires?.value.sources.map(({ feeding }) => feeding)).toEqual([false, true]);
    expect(state.health.map(({ part, ok }) => `${part} ${ok}`).toSorted()).toEqual([
      'agent true',
      'chain true',
      'monitor true',
      'relay true',
    ]);
  });

  it('pages and filters the books, newest first', async () => {
    const all = await served.json<TransactionPage>('/api/transactions?limit=500');
    const positions = all.transactions.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => b - a));
    const paged: number[] = [];
    let before: number | undefined;
    do {
      const more: string = before === undefined ? '' : `&before=${before}`;
      const page: TransactionPage = await served.json<TransactionPage>(`/api/transactions?limit=2${more}`);
      paged.push(...page.transactions.map(({ position }) => position));
      before = page.before;
    } while (before !== undefined);
    expect(paged).toEqual(positions);
    const bought = await served.json<TransactionPage>('/api/transactions?type=bought');
    expect(bought.transactions[0]).toMatchObject({
      from: community.accounts.producer,
      to: community.accounts.consumer,
      energy: '20.000000',
      coins: '40.000000',
    });
    const wrong = await served.json<Problem>('/api/transactions?account=somebody');
    expect(wrong.detail).toContain('needs an address');
  });

  it('exports all of it as CSV', async () => {
    const answer = await served.ask('/api/transactions.csv');
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.headers.get('content-disposition')).toContain('attachment');
    const lines = (await answer.text()).split('\r\n');
    expect(lines[0]).toBe('block,time,type,from,to,energy_wh,coins,price,hash');
    expect(lines.at(-1)).toBe('');
    const { transactions } = await served.json<TransactionPage>('/api/transactions?limit=500');
    expect(lines).toHaveLength(transactions.length + 2);
    expect(lines.filter((line) => line.includes(',bought,'))[0]).toContain(',20.000000,40.000000,,0x');
  });

  it('draws power, consumption and the community', async () => {
    const power = await served.json<PowerSeries>('/api/power?from=0&to=60000&points=6');
    expect(power.watts).toEqual([100, 100, 100, 100, 100, 100]);
    expect(power.origins['own']).toEqual(power.watts);
    const use = await served.json<Consumption>('/api/consumption?from=0&to=7200000&step=PT1H');
    expect(use.bars).toHaveLength(2);
    const whole = await served.json<CommunityAnswer>(`/api/community?${ALWAYS}`);
    expect(whole.nodes.map(({ kind }) => kind).toSorted()).toEqual(['consumer', 'producer']);
    expect(whole.flows).toContainEqual({
      consumer: community.accounts.consumer,
      origin: community.accounts.producer,
      consumed: '5.000000',
      bought: '20.000000',
      cost: '40.000000',
    });
    expect((await served.json<Problem>('/api/power?from=5&to=5')).detail).toContain('from must be before to');
    expect((await served.json<Problem>('/api/consumption?from=0&to=999999999999&step=PT1H')).status).toBe(
      400,
    );
    expect(
      (await served.json<Problem>('/api/consumption?from=0&to=7200000&step=PT1H&zone=Mars/Base')).status,
    ).toBe(400);
  });
});

describe('the wallet', () => {
  it('tells the cost before, and buys, transfers and approves with a receipt after', async () => {
    const { accounts, consumer } = community;
    const quote = await served.json<Quote>(`/api/wallet/quote?seller=${accounts.producer}&energy=1.5`);
    expect(quote).toMatchObject({ cost: '3.000000', price: '2.000000' });
    const before = await consumer.balance(accounts.consumer);
    const bought = await minedOrder('buy', { seller: accounts.producer, energy: '1.5', maxCost: quote.cost });
    expect(bought.status).toBe(200);
    expect(bought.body.transactions.map(({ type }) => type)).toContain('bought');
    expect(await consumer.balance(accounts.consumer)).toBe(before - 3n * MICRO);
    const sent = await minedOrder('transfer', { to: accounts.producer, amount: '7.25' });
    expect(sent.body).toMatchObject({ balance: '949.750000' });
    await minedOrder('approve', { amount: '5' });
    expect((await served.json<LiveState>('/api/state')).account?.value.approved).toBe('5.000000');
    await minedOrder('approve', { amount: '0' });
    expect((await served.json<LiveState>('/api/state')).account?.value.approved).toBe('0.000000');
  });

  it('says in plain words what a contract refuses', async () => {
    const { accounts } = community;
    const much = await minedOrder('transfer', { to: accounts.producer, amount: '100000' });
    expect([much.status, much.body.title]).toEqual([409, 'Conflict']);
    expect(much.body.code).toBe('chain.refused.ERC20InsufficientBalance');
    // For a page in another language: millionths, as the contract has them.
    expect(much.body.values).toMatchObject({ sender: accounts.consumer, needed: '100000000000' });
    expect(much.body.detail).toMatch(/coins/);
    expect(much.body.detail).not.toMatch(/0x[0-9a-f]{8}\b|revert|ERC20InsufficientBalance\(/i);
    const scarce = await minedOrder('buy', { seller: accounts.producer, energy: '29', maxCost: '58' });
    expect(scarce.status).toBe(409);
    const dear = await minedOrder('buy', { seller: accounts.producer, energy: '1', maxCost: '1.5' });
    expect(dear.status).toBe(409);
    for (const body of [
      { to: 'me', amount: '1' },
      { to: accounts.producer, amount: '0' },
      { to: accounts.producer, amount: '1.2345678' },
    ])
      expect((await minedOrder('transfer', body)).status).toBe(400);
  });

  it('prepares a transaction for a wallet elsewhere, and refuses in words what it could not do', async () => {
    const other = signerOf(createKey());
    const order = { type: 'transfer', to: community.accounts.producer, amount: '1' };
    const refused = await served.post<Problem>('/api/wallet/prepare', { from: other.address, order });
    expect(refused.status).toBe(409);
    await community.mining(() => community.admin.mint(other.address, Coin(5n * MICRO)));
    const { body } = await served.post<Prepared>('/api/wallet/prepare', { from: other.address, order });
    expect(body).toMatchObject({ to: community.consumer.coin, chainId: 20171 });
    expect(body.data).toMatch(/^0xa9059cbb/);
  });

  it('tells what a wallet elsewhere has', async () => {
    const { accounts, consumer } = community;
    const has = await served.json<WalletAccount>(`/api/wallet/account?account=${accounts.producer}`);
    expect(has).toEqual({
      balance: formatMicro(await consumer.balance(accounts.producer)),
      approved: '0.000000',
    });
  });

  it('says that an order is done although the chain falls silent right after it', async () => {
    const { consumer, accounts } = community;
    let silent = false;
    const away = async (): Promise<never> => {
      throw new Away();
    };
    const falling: Ledger = {
      ...consumer,
      exchange: consumer.exchange,
      coin: consumer.coin,
      chainId: consumer.chainId,
      orders: consumer.orders,
      ...(consumer.address === undefined ? {} : { address: consumer.address }),
      block: () => (silent ? away() : consumer.block()),
      balance: (account) => (silent ? away() : consumer.balance(account)),
      transfer: async (to, amount) => {
        const receipt = await consumer.transfer(to, amount);
        silent = true;
        return receipt;
      },
    };
    const other = await serve(falling, { account: accounts.consumer, kind: 'consumer' });
    try {
      await expect.poll(async () => (await other.json<LiveState>('/api/state')).account).toBeDefined();
      const order = { to: accounts.producer, amount: '1' };
      const { status, body } = await community.mining(() =>
        other.post<ReceiptAnswer>('/api/wallet/transfer', order),
      );
      expect(status).toBe(200);
      expect(body.block).toBeGreaterThan(0);
      expect(body.transactions.map(({ type }) => type)).toContain('transferred');
      expect([body.balance, body.account]).toEqual([undefined, undefined]);
    } finally {
      await other.stop();
    }
  });

  it('does not keep the person waiting for a chain that makes no blocks', async () => {
    const patient = await serve(community.consumer, {
      account: community.accounts.consumer,
      kind: 'consumer',
      patience: Duration(300),
    });
    try {
      const { status, body } = await patient.post<Problem>('/api/wallet/transfer', {
        to: community.accounts.producer,
        amount: '1',
      });
      expect([status, body.code]).toEqual([503, 'app.not-mined']);
      expect(body.detail).toMatch(/Transactions/);
    } finally {
      await patient.stop();
    }
    // It is mined all the same.
    const before = await community.consumer.balance(community.accounts.producer);
    await community.mining(() => community.consumer.settle());
    expect(await community.consumer.balance(community.accounts.producer)).toBe(before + MICRO);
  });
});

describe('the node', () => {
  it('hands settings and its own source now to the agent', async () => {
    const changed = await served.post('/api/settings', { limit: 25, budget: '10' }, 'PATCH');
    expect(changed.body).toMatchObject({ limit: 25, resume: 30, budget: '10' });
    expect(agent.told).toContainEqual({ limit: 25, budget: '10' });
    const held = await served.post<{ until?: number }>('/api/relay/own', { minutes: 10 });
    expect(held.body.until).toBeGreaterThan(Date.now());
    expect(await served.json('/api/relay/own')).toEqual(held.body);
    expect((await served.post('/api/relay/own', { minutes: 0 })).body).toEqual({});
  });

  it('refuses settings that are none', async () => {
    for (const body of [{ limit: -1 }, { delta: 'much' }, { resume: 101 }, { price: '-2' }]) {
      const { status, body: problem } = await served.post<Problem>('/api/settings', body, 'PATCH');
      expect([body, status]).toEqual([body, 400]);
      expect(problem.detail).toContain(`body.${Object.keys(body)[0]}`);
    }
  });

  it('without an agent or a key says so', async () => {
    const bare = await serve(await community.connect(), {
      account: community.accounts.consumer,
      kind: 'consumer',
    });
    try {
      expect((await bare.json<Problem>('/api/settings')).code).toBe('app.no-agent');
      const { status, body } = await bare.post<Problem>('/api/wallet/approve', { amount: '1' });
      expect([status, body.code]).toEqual([409, 'app.no-key']);
    } finally {
      await bare.stop();
    }
  });
});
