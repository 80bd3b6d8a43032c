/** What the person logged in may do: the wallet, the node's settings, its own source now. */
import type { Address, Receipt } from '@daisee/chain';
import { type Described, operation, RequestRefused } from '@daisee/http';
import {
  type Clock,
  Coin,
  DaiseeError,
  type Duration,
  Energy,
  formatMicro,
  Seconds,
  sleepOrStop,
} from '@daisee/units';
import * as z from 'zod';
import type { AccountState, Known, Prepared, Quote, ReceiptAnswer, WalletAccount } from '../api.ts';
import type { Live } from '../view/live.ts';
import type { AppAgent, AppHistory, AppLedger } from '../view/ports.ts';
import { saidValues } from '../view/said.ts';
import { transactionOf } from '../view/transactions.ts';
import { ACT, KNOWN, SEE } from './gate.ts';
import { address, amount, amountOrNothing } from './shapes.ts';

export interface ActingContext {
  readonly clock: Clock;
  /** The clock of the people at the page. */
  readonly pace: Clock;
  /** How long they wait for a block. */
  readonly patience: Duration;
  readonly live: Live;
  readonly ledger: AppLedger;
  readonly history: AppHistory;
  readonly agent?: AppAgent;
}

const WALLET = 'Wallet';
const NODE = 'Node';
const MOST_MINUTES = 7 * 24 * 60;

const transfer = z.strictObject({ to: address, amount });
const approve = z.strictObject({ amount: amountOrNothing });
const buy = z.strictObject({ seller: address, energy: amount, maxCost: amountOrNothing });
const prepare = z.strictObject({
  from: address,
  order: z.discriminatedUnion('type', [
    transfer.extend({ type: z.literal('transfer') }),
    approve.extend({ type: z.literal('approve') }),
    buy.extend({ type: z.literal('buy') }),
  ]),
});
const price = z.string().regex(/^\d{1,12}(\.\d{1,6})?$/, 'needs a number with at most 6 decimals');
const settings = z.strictObject({
  price: price.optional(),
  limit: z.number().min(0).max(1e9).optional(),
  delta: price.optional(),
  resume: z.number().min(0).max(100).optional(),
  priceCap: price.nullable().optional(),
  budget: price.nullable().optional(),
});

const answer = (description: string) => ({ 200: { description, shape: z.unknown() } });

/** Longest that a mined order waits for what the account has then. */
const REFRESHED_IN = Seconds(5);

/** Positions are the history's; a receipt's events have their own place. */
const LOGS_OF_BLOCK = 2 ** 20;

export const actingOperations = (context: ActingContext): readonly Described[] => {
  const { clock, pace, patience, live, ledger, agent } = context;

  /** @throws RequestRefused (503) when nobody mines it in time */
  const inTime = async <T>(mined: Promise<T>): Promise<T> => {
    const over = new AbortController();
    const late = sleepOrStop(pace, patience, over.signal).then((isLate) => {
      if (isLate)
        throw new RequestRefused(
          503,
          'app.not-mined',
          `No block has it after ${patience / 1000} s. It is kept and sent until one has: look under Transactions before you order it again.`,
          { seconds: patience / 1000 },
        );
      return mined;
    });
    // When both fail the page has been told already.
    mined.catch(() => undefined);
    try {
      return await Promise.race([mined, late]);
    } finally {
      over.abort();
    }
  };
  /** The account as it is after a mined order; undefined where the chain has fallen silent since. */
  const accountAfter = async (): Promise<Known<AccountState> | undefined> => {
    const mined = clock.now();
    const over = new AbortController();
    try {
      await Promise.race([live.refresh('chain'), sleepOrStop(pace, REFRESHED_IN, over.signal)]);
    } finally {
      over.abort();
    }
    const { account } = live.state();
    return account && account.seen >= mined ? account : undefined;
  };
  /** Writes in a clock task of its own, since a write waits for blocks. What is mined is done, whatever fails then. */
  const written = async (write: () => Promise<Receipt>): Promise<ReceiptAnswer> => {
    if (ledger.address === undefined)
      throw new RequestRefused(409, 'app.no-key', 'This App has no key of the node: use a browser wallet.');
    const receipt = await inTime(clock.task(write));
    const known = await accountAfter();
    return {
      ...(known ? { account: known, balance: known.value.balance } : {}),
      hash: receipt.hash,
      block: receipt.block,
      at: receipt.at,
      transactions: receipt.events.flatMap((event) =>
        event.type === 'reverted'
          ? []
          : [transactionOf({ position: event.block * LOGS_OF_BLOCK + event.logIndex, ...event })],
      ),
    };
  };
  const agentOr = (): AppAgent => {
    if (!agent)
      throw new RequestRefused(409, 'app.no-agent', 'This App is not connected to the agent of the node.');
    return agent;
  };
  /** A person orders anew with each click, and so on top of all that was purchased until then. */
  const purchasedBy = async (account: Address | undefined): Promise<Energy> =>
    account === undefined ? Energy(0n) : ledger.totalPurchased(account);
  return [
    operation({
      id: 'quote',
      method: 'GET',
      path: '/wallet/quote',
      group: WALLET,
      summary: 'What energy costs from a seller now',
      scope: SEE,
      query: z.strictObject({ seller: address, energy: amount }),
      answers: answer('Cost and what is available'),
      answer: async ({ query: { seller, energy } }): Promise<Quote> => {
        const account = ledger.address;
        const [cost, available, sellers, balance] = await Promise.all([
          ledger.quote(seller, Energy(energy), account),
          ledger.available(seller),
          ledger.sellers(),
          account === undefined ? Coin(0n) : ledger.balance(account),
        ]);
        const row = sellers.find((one) => one.account === seller);
        return {
          cost: formatMicro(cost),
          price: formatMicro(row?.price ?? 0n),
          available: formatMicro(available),
          balance: formatMicro(balance),
        };
      },
    }),
    operation({
      id: 'account',
      method: 'GET',
      path: '/wallet/account',
      group: WALLET,
      summary: 'What an account has: of the wallet in the browser',
      scope: SEE,
      query: z.strictObject({ account: address }),
      answers: answer('Coins, and how many the exchange may take'),
      answer: async ({ query: { account } }): Promise<WalletAccount> => {
        const [balance, approved] = await Promise.all([
          ledger.balance(account),
          ledger.coinAllowance(account),
        ]);
        return { balance: formatMicro(balance), approved: formatMicro(approved) };
      },
    }),
    operation({
      id: 'transfer',
      method: 'POST',
      path: '/wallet/transfer',
      group: WALLET,
      summary: 'Transfer coins of the node',
      scope: ACT,
      body: transfer,
      answers: answer('The receipt, once it is mined'),
      answer: ({ body }) => written(() => ledger.transfer(body.to, Coin(body.amount))),
    }),
    operation({
      id: 'approve',
      method: 'POST',
      path: '/wallet/approve',
      group: WALLET,
      summary: 'Let the exchange take coins of the node; 0: none',
      scope: ACT,
      body: approve,
      answers: answer('The receipt, once it is mined'),
      answer: ({ body }) => written(() => ledger.approve(Coin(body.amount))),
    }),
    operation({
      id: 'buy',
      method: 'POST',
      path: '/wallet/buy',
      group: WALLET,
      summary: 'Buy energy in one transaction',
      scope: ACT,
      body: buy,
      answers: answer('The receipt, once it is mined'),
      answer: ({ body: { seller, energy, maxCost } }) =>
        written(async () =>
          ledger.buyEnergy({
            seller,
            energy: Energy(energy),
            maxCost: Coin(maxCost),
            purchasedBefore: await purchasedBy(ledger.address),
          }),
        ),
    }),
    operation({
      id: 'prepare',
      method: 'POST',
      path: '/wallet/prepare',
      group: WALLET,
      summary: 'An order for a wallet elsewhere to sign, rehearsed',
      scope: SEE,
      body: prepare,
      answers: answer('The transaction'),
      answer: async ({ body: { from, order } }): Promise<Prepared> => {
        const { orders } = ledger;
        const call =
          order.type === 'transfer'
            ? orders.transfer(order.to, Coin(order.amount))
            : order.type === 'approve'
              ? orders.approve(Coin(order.amount))
              : orders.buyEnergy({
                  seller: order.seller,
                  energy: Energy(order.energy),
                  maxCost: Coin(order.maxCost),
                  purchasedBefore: await purchasedBy(from),
                });
        await ledger.rehearse(from, call);
        return { to: call.to, data: call.data, chainId: ledger.chainId };
      },
    }),
    operation({
      id: 'settings',
      method: 'GET',
      path: '/settings',
      group: NODE,
      summary: 'What may be changed while the agent runs',
      scope: KNOWN,
      answers: answer('Settings'),
      answer: () => agentOr().settings(),
    }),
    operation({
      id: 'changeSettings',
      method: 'PATCH',
      path: '/settings',
      group: NODE,
      summary: 'Change them, from the next look on and after a restart',
      scope: ACT,
      body: settings,
      answers: answer('Settings as they are now'),
      answer: async ({ body }) => {
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        try {
          return await agentOr().change(changes);
        } catch (error) {
          if (!(error instanceof DaiseeError) || error instanceof RequestRefused) throw error;
          throw new RequestRefused(409, error.code, error.message, saidValues(error));
        }
      },
    }),
    operation({
      id: 'held',
      method: 'GET',
      path: '/relay/own',
      group: NODE,
      summary: 'Until when the node is kept on its own source',
      scope: KNOWN,
      answers: answer('`until`, absent when the agent decides'),
      answer: () => agentOr().held(),
    }),
    operation({
      id: 'ownSource',
      method: 'POST',
      path: '/relay/own',
      group: NODE,
      summary: 'Back on its own source at once, for so many minutes; 0 lets the agent decide again',
      scope: ACT,
      body: z.strictObject({ minutes: z.number().int().min(0).max(MOST_MINUTES) }),
      answers: answer('`until`'),
      answer: async ({ body: { minutes } }) => {
        const held = await agentOr().ownSource(minutes);
        await live.refresh('relay');
        return held;
      },
    }),
  ];
};
