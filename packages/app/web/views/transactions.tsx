import { useEffect, useRef, useState } from 'preact/hooks';
import type { Transaction, TransactionPage } from '../../src/api.ts';
import { get, queryText } from '../ask.ts';
import { Card } from '../parts/card.tsx';
import { kindName, TransactionTable } from '../parts/transactions.tsx';
import { MOST_KEPT, usePage } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const PAGE = 50;
/** Rows that may arrive while the table is open before it begins anew with the newest ones. */
const MOST_ARRIVED = 500;
const KINDS: readonly Transaction['type'][] = [
  'produced',
  'consumed',
  'bought',
  'overdrawn',
  'debtPaid',
  'delivered',
  'disputed',
  'transferred',
  'approved',
  'priceChanged',
  'nodeRegistered',
  'nodeRemoved',
  'meterKeyChanged',
  'meterReplaced',
  'registerCorrected',
  'termsChanged',
  'nodeRestored',
  'tradeRestored',
  'paused',
  'unpaused',
];

/** A day of the reader's place as the instants where it begins and ends; a year that is being written is an old one. */
const startOf = (date: string): number | undefined =>
  date ? Math.max(0, new Date(`${date}T00:00`).getTime()) : undefined;
const endOf = (date: string): number | undefined => {
  if (!date) return undefined;
  const end = new Date(`${date}T00:00`);
  end.setDate(end.getDate() + 1);
  return Math.max(0, end.getTime());
};

export const Transactions = ({ identity }: ViewProps) => {
  const { transactions: newest, reorganisations, revertedFrom } = usePage();
  const [kind, setKind] = useState('');
  const [mine, setMine] = useState(false);
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const [pages, setPages] = useState<readonly TransactionPage[]>([]);
  const [arrived, setArrived] = useState<readonly Transaction[]>([]);
  const [begun, begin] = useState(0);
  /** The newest position that was looked at. */
  const told = useRef(-1);
  /** The page after which one is asked for. */
  const asking = useRef<TransactionPage>(undefined);
  const filter = {
    type: kind,
    account: mine ? identity.address : undefined,
    from: startOf(since),
    to: endOf(until),
  };
  const asked = queryText(filter);
  const isAskedFor = (one: Transaction): boolean =>
    (kind === '' || one.type === kind) &&
    (!mine || one.from === identity.address || one.to === identity.address) &&
    (filter.from === undefined || one.at >= filter.from) &&
    (filter.to === undefined || one.at < filter.to);

  const ask = async (before?: number): Promise<TransactionPage> =>
    await get<TransactionPage>('transactions', { ...filter, before, limit: PAGE });
  useEffect(() => {
    let over = false;
    setPages([]);
    setArrived([]);
    told.current = newest[0]?.position ?? -1;
    void ask().then(
      (first) => {
        if (!over) setPages([first]);
      },
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, [asked, reorganisations, begun]);

  // New rows arrive by themselves. More than are told at once, or than a table should grow by, and it begins anew.
  useEffect(() => {
    const more = newest.filter(({ position }) => position > told.current);
    if (more.length === 0) return;
    told.current = more[0]?.position ?? told.current;
    const rows = [...more.filter(isAskedFor), ...arrived];
    if (more.length >= MOST_KEPT || rows.length > MOST_ARRIVED) begin(begun + 1);
    else setArrived(rows);
  }, [newest]);

  const last = pages.at(-1);
  const shown = new Map(pages.flatMap(({ transactions }) => transactions).map((one) => [one.position, one]));
  if (pages.length > 0) for (const one of arrived) shown.set(one.position, one);
  const rows = [...shown.values()].sort((a, b) => b.position - a.position);

  const older = async (): Promise<void> => {
    // One page at a time: an impatient hand asks for the next one, not for the same again.
    if (asking.current === last) return;
    asking.current = last;
    try {
      const next = await ask(last?.before);
      // Unless the table has begun anew meanwhile.
      setPages((now) => (now.at(-1) === last ? [...now, next] : now));
    } catch {
      // The banner says what is wrong; the button is still there.
      asking.current = undefined;
    }
  };
  const side = (
    <a href={`api/transactions.csv${asked ? `?${asked}` : ''}`} download>
      {say('csv')}
    </a>
  );
  return (
    <Card title={say('latest')} side={side} wide>
      {reorganisations > 0 && revertedFrom !== undefined && revertedFrom > 0 && (
        <p class="banner">{say('reverted', { block: Math.floor(revertedFrom / 2 ** 20) })}</p>
      )}
      <form class="filter" onSubmit={(event) => event.preventDefault()}>
        <label>
          {say('kinds')}{' '}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">{say('everyKind')}</option>
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {kindName(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say('from')}{' '}
          <input type="date" value={since} onInput={(event) => setSince(event.currentTarget.value)} />
        </label>
        <label>
          {say('until')}{' '}
          <input type="date" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        </label>
        <label class="check">
          <input type="checkbox" checked={mine} onChange={(event) => setMine(event.currentTarget.checked)} />{' '}
          {say('onlyMine')}
        </label>
      </form>
      {pages.length > 0 && <TransactionTable transactions={rows} identity={identity} />}
      {last?.before !== undefined && (
        <button type="button" onClick={() => void older()}>
          {say('more')}
        </button>
      )}
    </Card>
  );
};
