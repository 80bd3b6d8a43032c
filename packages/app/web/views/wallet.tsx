import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Address, Identity, Quote, WalletAccount } from '../../src/api.ts';
import { get } from '../ask.ts';
import { useAsked } from '../asked.ts';
import { hasBrowserWallet, knownWalletAccount } from '../browser-wallet.ts';
import { approval, coins, decimal, energy, who } from '../format.ts';
import { Card, Freshness, LiveTile } from '../parts/card.tsx';
import { carryOut, type Order, POLL_INTERVAL, type Signing } from '../parts/signing.ts';
import { isFresh, usePage } from '../store.ts';
import { type Sentence, sentenceOf, Told } from '../told.tsx';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const isAmount = (text: string): boolean => /^\d+(\.\d{1,6})?$/.test(text) && Number(text) > 0;
const isAddress = (text: string): text is Address => /^0x[0-9a-fA-F]{40}$/.test(text);

const OrderForm = ({
  title,
  button,
  order,
  wrong,
  signing,
  identity,
  children,
}: {
  readonly title: string;
  readonly button: string;
  readonly order: Order;
  /** Why it cannot be sent yet. */
  readonly wrong: Sentence | undefined;
  readonly signing: Signing;
  readonly identity: Identity;
  readonly children: ComponentChildren;
}) => {
  const [state, setState] = useState<{
    readonly busy: boolean;
    readonly said?: Sentence;
    readonly bad?: boolean;
  }>({
    busy: false,
  });
  const waiting = useRef(new AbortController());
  useEffect(() => () => waiting.current.abort(), []);
  const go = async (): Promise<void> => {
    // What became of the order before is told under Transactions.
    waiting.current.abort();
    waiting.current = new AbortController();
    const { signal } = waiting.current;
    const tell = (said: Sentence, bad = false): void => {
      if (!signal.aborted) setState({ busy: false, said, bad });
    };
    setState({ busy: true, said: say('working') });
    try {
      await carryOut(order, signing, identity, tell, signal);
    } catch (error) {
      tell(sentenceOf(error), true);
    }
  };
  return (
    <Card title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        {children}
        {wrong !== undefined && (
          <p class="note">
            <Told said={wrong} identity={identity} />
          </p>
        )}
        <button type="submit" class="main" disabled={state.busy || wrong !== undefined}>
          {button}
        </button>
        {state.said !== undefined && (
          <p class={state.bad ? 'bad' : 'good'} role={state.bad ? 'alert' : 'status'}>
            <Told said={state.said} identity={identity} />
          </p>
        )}
      </form>
    </Card>
  );
};

const AmountField = ({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) => (
  <label>
    {label}
    <input
      inputMode="decimal"
      autocomplete="off"
      value={value}
      onInput={(event) => onValue(event.currentTarget.value)}
    />
  </label>
);

const Transfer = ({ signing, identity }: { readonly signing: Signing; readonly identity: Identity }) => {
  const [to, setTo] = useState('');
  const [amount, setAmount] = useState('');
  const known = Object.entries(identity.names).filter(([address]) => address !== identity.address);
  const wrong =
    to === '' && amount === ''
      ? ''
      : isAddress(to.trim())
        ? isAmount(decimal(amount))
          ? undefined
          : say('amountWrong')
        : say('addressWrong');
  return (
    <OrderForm
      title={say('transfer')}
      button={say('doTransfer')}
      order={{ type: 'transfer', to: to.trim(), amount: decimal(amount) }}
      wrong={wrong}
      signing={signing}
      identity={identity}
    >
      <label>
        {say('receiver')}
        <input
          list="known"
          autocomplete="off"
          spellcheck={false}
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
        <datalist id="known">
          {known.map(([address, name]) => (
            <option key={address} value={address}>
              {name}
            </option>
          ))}
        </datalist>
      </label>
      <AmountField label={say('balance')} value={amount} onValue={setAmount} />
    </OrderForm>
  );
};

const Approve = ({ signing, identity }: { readonly signing: Signing; readonly identity: Identity }) => {
  const [amount, setAmount] = useState('');
  const valid = /^\d+(\.\d{1,6})?$/.test(decimal(amount));
  return (
    <OrderForm
      title={say('approve')}
      button={say('doApprove')}
      order={{ type: 'approve', amount: decimal(amount) }}
      wrong={amount === '' ? '' : valid ? undefined : say('amountWrong')}
      signing={signing}
      identity={identity}
    >
      <AmountField label={say('balance')} value={amount} onValue={setAmount} />
      {identity.kind === 'consumer' && signing.by === 'node' && <p class="note">{say('approveAnew')}</p>}
    </OrderForm>
  );
};

const Buy = ({ signing, identity }: { readonly signing: Signing; readonly identity: Identity }) => {
  const { live } = usePage();
  const sellers = (live?.sellers?.value ?? []).filter(
    ({ account, active, price }) => active && Number(price) > 0 && account !== identity.address,
  );
  const [chosen, setChosen] = useState('');
  const [amount, setAmount] = useState('');
  const [quote, setQuote] = useState<Quote | undefined>();
  const [refused, setRefused] = useState<Sentence | undefined>();
  const seller = sellers.find(({ account }) => account === chosen) ?? sellers[0];
  const wanted = decimal(amount);
  useEffect(() => {
    setQuote(undefined);
    setRefused(undefined);
    if (!seller || !isAmount(wanted)) return undefined;
    const over = new AbortController();
    const timer = setTimeout(() => {
      get<Quote>('wallet/quote', { seller: seller.account, energy: wanted }, over.signal).then(
        setQuote,
        (error: unknown) => {
          if (!over.signal.aborted) setRefused(sentenceOf(error));
        },
      );
    }, 250);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [seller?.account, seller?.price, wanted]);
  if (!seller)
    return (
      <Card title={say('buy')}>
        <p class="note">{say('noSellers')}</p>
      </Card>
    );
  const wrong =
    amount === '' ? '' : isAmount(wanted) ? (quote ? undefined : (refused ?? '')) : say('amountWrong');
  return (
    <OrderForm
      title={say('buy')}
      button={say('doBuy', { cost: quote ? coins(quote.cost) : '…' })}
      order={{ type: 'buy', seller: seller.account, energy: wanted, maxCost: quote?.cost ?? '0' }}
      wrong={wrong}
      signing={signing}
      identity={identity}
    >
      <label>
        {say('seller')}
        <select value={seller.account} onChange={(event) => setChosen(event.currentTarget.value)}>
          {sellers.map((one) => (
            <option key={one.account} value={one.account}>
              {who(one.account, identity)}
            </option>
          ))}
        </select>
      </label>
      <p class="note">
        {say('nowAvailable', { energy: energy(seller.available) })},{' '}
        {say('atPrice', { price: coins(seller.price) })}{' '}
        {!isFresh(live?.sellers) && <Freshness known={live?.sellers} />}
      </p>
      <AmountField label={`${say('energy')} (Wh)`} value={amount} onValue={setAmount} />
      {quote && (
        <p>
          {energy(wanted)} {say('costs')} <strong>{coins(quote.cost)}</strong> {say('balance').toLowerCase()}.
        </p>
      )}
    </OrderForm>
  );
};

/** Whose the wallet in this browser is, once that is known, and what it has there. */
const useBrowserAccount = (isAsked: boolean) => {
  const [account, setAccount] = useState<Address | undefined>();
  const [orders, setOrders] = useState(0);
  useEffect(() => {
    if (isAsked) void knownWalletAccount().then((known) => setAccount((before) => before ?? known));
  }, [isAsked]);
  const { known, isAnswer } = useAsked<WalletAccount>(
    'wallet/account',
    `${isAsked && account} ${orders}`,
    () => (isAsked && account ? { account } : undefined),
    POLL_INTERVAL,
  );
  return {
    account,
    // What it had before its last order is no longer so.
    has: isAnswer ? known : undefined,
    onWallet: (told: Address): void => {
      setAccount(told);
      setOrders((times) => times + 1);
    },
  };
};

export const Wallet = ({ identity, session, onLogin }: ViewProps) => {
  const { live } = usePage();
  const byNode = identity.signs && session.loggedIn;
  const [chosen, choose] = useState<Signing['by']>(byNode ? 'node' : 'browser');
  const browser = hasBrowserWallet();
  const by = byNode ? chosen : 'browser';
  const { account, has, onWallet } = useBrowserAccount(by === 'browser' && browser);
  const own = by === 'node' || account === undefined;
  const tiles = {
    known: own ? live?.account : has,
    note: say('coinsOf', { name: own ? identity.name : who(account, identity) }),
  };
  const signing: Signing = { by, onWallet };
  return (
    <>
      <div class="tiles">
        <LiveTile {...tiles} label={say('balance')} text={({ balance }) => coins(balance)} />
        <LiveTile {...tiles} label={say('approved')} text={({ approved }) => approval(approved)} />
      </div>
      <Card title={say('signWith')} wide>
        <div class="choices">
          <button
            type="button"
            aria-pressed={by === 'node'}
            disabled={!byNode}
            onClick={() => choose('node')}
          >
            {say('nodeKey')}
          </button>
          <button
            type="button"
            aria-pressed={by === 'browser'}
            disabled={!browser}
            onClick={() => choose('browser')}
          >
            {say('browserWallet')}
          </button>
        </div>
        {!byNode && (
          <p class="note">
            {say(identity.signs ? 'walletNeedsLogin' : 'walletNoKey')}{' '}
            {identity.signs && (
              <button type="button" class="quiet" onClick={onLogin}>
                {say('login')}
              </button>
            )}
          </p>
        )}
        {by === 'browser' && !browser && <p class="note">{say('noBrowserWallet')}</p>}
      </Card>
      {(by === 'node' || browser) && (
        <>
          {identity.kind === 'consumer' && <Buy signing={signing} identity={identity} />}
          <Transfer signing={signing} identity={identity} />
          <Approve signing={signing} identity={identity} />
        </>
      )}
    </>
  );
};
