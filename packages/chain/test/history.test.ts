import { join } from 'node:path';
import {
  Coin,
  Duration,
  Energy,
  Instant,
  MICRO,
  Price,
  Register,
  systemClock,
  wattHours,
} from '@daisee/units';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type Address,
  createHistory,
  createKey,
  type History,
  type HistoryChange,
  type HistoryEvent,
  HistoryNotStarted,
  type Ledger,
  type Signer,
  signerOf,
} from '../src/index.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { temporaryDirectory } from './support/directory.ts';

let chain: DevChain;
let admin: Ledger;
let producer: Ledger;
let consumer: Ledger;
let register = 0n;
const keys: Record<'producer' | 'consumer', Signer> = {
  producer: signerOf(createKey()),
  consumer: signerOf(createKey()),
};
const histories: History[] = [];
const always = { from: Instant(0), to: Instant(8e15) };

beforeAll(async () => {
  chain = await startDevChain();
  admin = chain.connect({ signer: chain.admin });
  producer = chain.connect({ signer: keys.producer });
  consumer = chain.connect({ signer: keys.consumer });
  await Promise.all([admin.start(), producer.start(), consumer.start()]);
  await chain.mining(async () => {
    await admin.registerNode({ account: keys.producer.address, kind: 'producer', price: Price(MICRO) });
    await admin.registerNode({ account: keys.consumer.address, kind: 'consumer' });
    await admin.mint(keys.consumer.address, Coin(1000n * MICRO));
    await produce(50);
    await consumer.buyEnergy({
      seller: keys.producer.address,
      energy: wattHours(20),
      maxCost: Coin(20n * MICRO),
      purchasedBefore: Energy(0n),
    });
    await consumer.reportConsumption(keys.producer.address, Register(5n * MICRO));
    await consumer.reportConsumption(keys.consumer.address, Register(3n * MICRO));
    // An approval without end passes what a database's integers hold.
    await consumer.approve(Coin(2n ** 256n - 1n));
  });
});
afterAll(() => chain.stop());
afterEach(async () => {
  for (const history of histories.splice(0)) await history.stop();
});

const produce = (wh: number) => {
  register += BigInt(wh) * MICRO;
  return producer.reportProduction(Register(register));
};

interface Watched {
  readonly history: History;
  readonly changes: HistoryChange[];
}

/** A history that reads when it is told to. */
const opened = async (file = ':memory:', ledger: Ledger = admin): Promise<Watched> => {
  const changes: HistoryChange[] = [];
  const history = createHistory({
    ledger,
    file,
    clock: systemClock,
    pollInterval: Duration(3_600_000),
    onChange: (change) => changes.push(change),
  });
  histories.push(history);
  await history.start();
  await history.catchUp();
  return { history, changes };
};

/** The events as the chain tells them now. */
const onChain = async (): Promise<readonly unknown[]> => admin.createFeed().poll();
const withoutPosition = ({ position: _position, ...event }: HistoryEvent): unknown => event;
const all = (history: History): readonly unknown[] =>
  history.page({ order: 'oldest', limit: 100_000 }).map(withoutPosition);

describe('The history', () => {
  test('has every event as the chain tells it, to the last digit', async () => {
    const { history } = await opened();
    expect(all(history)).toEqual(await onChain());
    expect(history.page({ types: ['approved'], limit: 1 })[0]).toMatchObject({ amount: 2n ** 256n - 1n });
  });

  test('gives pages that neither miss nor double an event', async () => {
    const { history } = await opened();
    const pages: HistoryEvent[] = [];
    for (let before: number | undefined; ; ) {
      const page = history.page({ limit: 3, ...(before === undefined ? {} : { before }) });
      pages.push(...page);
      before = page.at(-1)?.position;
      if (before === undefined) break;
    }
    expect(pages.toReversed().map(withoutPosition)).toEqual(await onChain());
    expect(history.count()).toBe(pages.length);
  });

  test('finds what names an account, of a kind, since and until', async () => {
    const { history } = await opened();
    const account = keys.producer.address;
    const named = history.page({ account, order: 'oldest' }).map(({ type }) => type);
    expect(named).toEqual(['nodeRegistered', 'produced', 'bought', 'transferred', 'consumed']);
    expect(history.count({ account, types: ['bought', 'consumed'] })).toBe(2);
    const [bought] = history.page({ account, types: ['bought'] });
    const later = history.page({ account: account.toLowerCase() as Address, after: bought?.position ?? 0 });
    expect(later.map(({ type }) => type)).toEqual(['consumed', 'transferred']);
    expect(history.count({ from: Instant(0), to: Instant(1) })).toBe(0);
  });

  test('adds up who consumed and bought whose energy, and what was produced', async () => {
    const { history } = await opened();
    const { address: self } = keys.consumer;
    const { address: origin } = keys.producer;
    const flows = new Map(history.flows(always.from, always.to).map((flow) => [flow.origin, flow]));
    expect(flows.get(origin)).toEqual({
      consumer: self,
      origin,
      consumed: wattHours(5),
      bought: wattHours(20),
      cost: Coin(20n * MICRO),
    });
    expect(flows.get(self)).toMatchObject({ consumed: wattHours(3), bought: Energy(0n) });
    expect(history.produced(always.from, always.to).get(origin)).toBe(register);
    expect(history.flows(Instant(0), Instant(1))).toEqual([]);
  });

  test('goes on after a restart from where it was, and reads nothing twice', async () => {
    const file = join(temporaryDirectory(), 'history.sqlite');
    const first = await opened(file);
    await first.history.stop();
    await chain.mining(() => produce(1));
    const second = await opened(file);
    const added = second.changes.flatMap((change) => (change.type === 'added' ? change.events : []));
    expect(added.map(({ type }) => type)).toEqual(['produced']);
    expect(all(second.history)).toEqual(await onChain());
  });

  test('holds after a reorganisation what the chain holds, while it looks on and while it was closed', async () => {
    const file = join(temporaryDirectory(), 'history.sqlite');
    const first = await opened(file);
    await chain.mine(3);
    await first.history.catchUp();
    await chain.mining(() => produce(1));
    await first.history.catchUp();
    await chain.rpc.request('anvil_reorg', [4, []]);
    await chain.mine(1);
    await first.history.catchUp();
    expect(first.changes.some(({ type }) => type === 'reverted')).toBe(true);
    expect(all(first.history)).toEqual(await onChain());
    // What was reorganised away may be reported again.
    await chain.mining(() => produce(2));
    await first.history.catchUp();
    await first.history.stop();
    await chain.rpc.request('anvil_rollback', [2]);
    const second = await opened(file);
    expect(all(second.history)).toEqual(await onChain());
    expect(second.history.flows(always.from, always.to)).toEqual(
      (await opened()).history.flows(always.from, always.to),
    );
  });

  test('reads all of it again when it is told to', async () => {
    const { history } = await opened();
    const before = all(history);
    await history.rebuild();
    expect(all(history)).toEqual(before);
    expect(before).toEqual(await onChain());
  });

  test('begins anew when the file is of another community', async () => {
    const file = join(temporaryDirectory(), 'history.sqlite');
    await (await opened(file)).history.stop();
    const elsewhere: Ledger = { ...admin, exchange: keys.consumer.address, chainId: admin.chainId };
    const { history } = await opened(file, elsewhere);
    expect(all(history)).toEqual(await onChain());
  });

  test('follows the chain by itself, says when it is away, and loses nothing meanwhile', async () => {
    let away = false;
    const ledger: Ledger = {
      ...admin,
      chainId: admin.chainId,
      createFeed: (start) => {
        const feed = admin.createFeed(start);
        return {
          get place() {
            return feed.place;
          },
          poll: async () => {
            if (away) return chain.connect({ url: 'http://127.0.0.1:9' }).createFeed({ from: 0 }).poll();
            return feed.poll();
          },
        };
      },
    };
    const changes: HistoryChange[] = [];
    const history = createHistory({
      ledger,
      file: ':memory:',
      clock: systemClock,
      pollInterval: Duration(10),
      onChange: (change) => changes.push(change),
    });
    histories.push(history);
    await history.start();
    const until = async (type: HistoryChange['type']): Promise<void> => {
      while (!changes.some((change) => change.type === type)) await systemClock.sleep(Duration(5));
    };
    await until('added');
    away = true;
    await until('away');
    const { hash } = await chain.mining(() => produce(1));
    away = false;
    await until('back');
    while (!history.page().some((event) => event.hash === hash)) await systemClock.sleep(Duration(5));
    expect(all(history)).toEqual(await onChain());
  });

  test('says that it is not open', () => {
    const history = createHistory({ ledger: admin, file: ':memory:', clock: systemClock });
    expect(() => history.page()).toThrow(HistoryNotStarted);
  });
});
