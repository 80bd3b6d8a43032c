import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Address, Identity, Prepared, Quote, ReceiptAnswer } from '../../src/api.ts';
import { get, send } from '../ask.ts';
import { hasBrowserWallet, sendByWallet, walletAccount, walletChain } from '../browser-wallet.ts';
import { approval, coins, energy, named, who } from '../format.ts';
import { Card, Tile } from '../parts/card.tsx';
import { learn, usePage } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

type Signing = 'node' | 'browser';
type Order =
  | { readonly type: 'transfer'; readonly to: string; readonly amount: string }
  | { readonly type: 'approve'; readonly amount: string }
  | { readonly type: 'buy'; readonly seller: string; readonly energy: string; readonly maxCost: string };

const isAmount = (text: string): boolean => /^\d+(\.\d{1,6})?$/.test(text) && Number(text) > 0;
const isAddress = (text: string): text is Address => /^0x[0-9a-fA-F]{40}$/.test(text);
/** People write a comma where their language does. */
const decimal = (text: string): string => text.trim().replace(',', '.');

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Has an order signed and sent, by the node's key or by the wallet in this browser. What to say about it. */
const carryOut = async (order: Order, by: Signing, identity: Identity): Promise<string> => {
  if (by === 'node') {
    const { type, ...rest } = order;
    const { block, balance, account } = await send<ReceiptAnswer>(`wallet/${type}`, rest);
    if (account) learn({ account });
    return say('receipt', { block, balance: coins(balance) });
  }
  const from = await walletAccount();
  if (!from) throw new Error(say('noBrowserWallet'));
  const chain = await walletChain();
  if (chain !== identity.chainId)
    throw new Error(say('wrongWalletChain', { is: chain, needs: identity.chainId }));
  const prepared = await send<Prepared>('wallet/prepare', { from, order });
  return say('sent', { hash: await sendByWallet(from, prepared) });
};

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
  readonly wrong: string | undefined;
  readonly signing: Signing;
  readonly identity: Identity;
  readonly children: ComponentChildren;
}) => {
  const [state, setState] = useState<{
    readonly busy: boolean;
    readonly said?: string;
    readonly bad?: boolean;
  }>({
    busy: false,
  });
  const go = async (): Promise<void> => {
    setState({ busy: true, said: say('working') });
    try {
      setState({ busy: false, said: await carryOut(order, signing, identity) });
    } catch (error) {
      setState({ busy: false, said: named(reason(error), identity), bad: true });
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
        {wrong !== undefined && <p class="note">{wrong}</p>}
        <button type="submit" class="main" disabled={state.busy || wrong !== undefined}>
          {button}
        </button>
        {state.said !== undefined && (
          <p class={state.bad ? 'bad' : 'good'} role={state.bad ? 'alert' : 'status'}>
            {state.said}
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
  const [refused, setRefused] = useState<string | undefined>();
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
          if (!over.signal.aborted) setRefused(named(reason(error), identity));
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
        {say('atPrice', { price: coins(seller.price) })}
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

export const Wallet = ({ identity, session, onLogin }: ViewProps) => {
  const { live } = usePage();
  const byNode = identity.signs && session.loggedIn;
  const [signing, setSigning] = useState<Signing>(byNode ? 'node' : 'browser');
  const account = live?.account?.value;
  const browser = hasBrowserWallet();
  const chosen: Signing = byNode ? signing : 'browser';
  return (
    <>
      <div class="tiles">
        <Tile label={say('balance')} value={account ? coins(account.balance) : '–'} />
        <Tile label={say('approved')} value={account ? approval(account.approved) : '–'} />
      </div>
      <Card title={say('signWith')} wide>
        <div class="choices">
          <button
            type="button"
            aria-pressed={chosen === 'node'}
            disabled={!byNode}
            onClick={() => setSigning('node')}
          >
            {say('nodeKey')}
          </button>
          <button
            type="button"
            aria-pressed={chosen === 'browser'}
            disabled={!browser}
            onClick={() => setSigning('browser')}
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
        {chosen === 'browser' && !browser && <p class="note">{say('noBrowserWallet')}</p>}
      </Card>
      {(chosen === 'node' || browser) && (
        <>
          {identity.kind === 'consumer' && <Buy signing={chosen} identity={identity} />}
          <Transfer signing={chosen} identity={identity} />
          <Approve signing={chosen} identity={identity} />
        </>
      )}
    </>
  );
};
