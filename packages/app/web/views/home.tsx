import { useEffect, useState } from 'preact/hooks';
import type { PowerSeries } from '../../src/api.ts';
import { get } from '../ask.ts';
import { approval, coins, energy, instant, percent, watts } from '../format.ts';
import { Card, Freshness, Tile } from '../parts/card.tsx';
import { Chart } from '../parts/chart.tsx';
import { TransactionTable } from '../parts/transactions.tsx';
import { Wires } from '../parts/wires.tsx';
import { communityNow, isFresh, usePage } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RANGES = [15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR];
const POINTS = 240;
/** How often the chart is asked for again while it is live (real ms). */
const AGAIN = 4000;
const EXPLAINED = 'daisee.explained';

const rangeName = (range: number): string => {
  if (range < HOUR) return say('lastMinutes', { n: range / MINUTE });
  return range <= 24 * HOUR
    ? say('lastHours', { n: range / HOUR })
    : say('lastDays', { n: range / 24 / HOUR });
};

const Explanation = ({ identity }: Pick<ViewProps, 'identity'>) => {
  const [seen, setSeen] = useState(localStorage.getItem(EXPLAINED) === 'yes');
  if (seen) return null;
  return (
    <p class="banner explain">
      {say(identity.kind === 'consumer' ? 'whatConsumer' : 'whatProducer', { name: identity.name })}{' '}
      <button
        type="button"
        class="quiet"
        onClick={() => {
          localStorage.setItem(EXPLAINED, 'yes');
          setSeen(true);
        }}
      >
        {say('understood')}
      </button>
    </p>
  );
};

const PowerChart = ({ identity }: Pick<ViewProps, 'identity'>) => {
  const [range, setRange] = useState(HOUR);
  const [zoom, setZoom] = useState<readonly [number, number] | undefined>();
  const [series, setSeries] = useState<PowerSeries | undefined>();
  const { live } = usePage();
  const ready = live !== undefined;
  useEffect(() => {
    if (!ready) return undefined;
    const over = new AbortController();
    const ask = async (): Promise<void> => {
      const to = zoom ? zoom[1] : communityNow();
      const from = zoom ? zoom[0] : to - range;
      const query = { from: Math.round(from), to: Math.round(to), points: POINTS };
      try {
        setSeries(await get<PowerSeries>('power', query, over.signal));
      } catch {
        // The chart keeps what it had: the banner says what is wrong.
      }
    };
    void ask();
    const timer = zoom ? undefined : setInterval(() => void ask(), AGAIN);
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [range, zoom, ready]);
  const side = (
    <div class="choices">
      {zoom ? (
        <button type="button" onClick={() => setZoom(undefined)}>
          {say('zoomOut')}
        </button>
      ) : (
        RANGES.map((one) => (
          <button key={one} type="button" aria-pressed={one === range} onClick={() => setRange(one)}>
            {rangeName(one)}
          </button>
        ))
      )}
    </div>
  );
  const now = communityNow();
  const stretch = zoom ? `${instant(zoom[0], now)} – ${instant(zoom[1], now)}` : rangeName(range);
  return (
    <Card title={say('power')} side={side} wide>
      {series && (
        <Chart
          series={series}
          identity={identity}
          label={`${say('power')}, ${stretch}`}
          onZoom={(from, to) => setZoom([from, to])}
        />
      )}
      <p class="note">{zoom ? stretch : say('zoomHint')}</p>
    </Card>
  );
};

export const Home = ({ identity }: ViewProps) => {
  const { live, transactions } = usePage();
  const account = live?.account;
  const power = live?.power;
  const wires = live?.wires;
  const stale = !isFresh(account);
  const consumer = identity.kind === 'consumer';
  return (
    <>
      <Explanation identity={identity} />
      <div class="tiles">
        {power?.value.stateOfCharge !== undefined && (
          <Tile
            label={say('battery')}
            value={percent(power.value.stateOfCharge, 1)}
            note={
              <meter
                min="0"
                max="100"
                low={20}
                value={power.value.stateOfCharge}
                aria-label={say('battery')}
              />
            }
            stale={!isFresh(power)}
          />
        )}
        <Tile
          label={say('powerNow')}
          value={power ? watts(power.value.watts) : '–'}
          note={<Freshness known={power} />}
          stale={!isFresh(power)}
        />
        <Tile label={say('balance')} value={account ? coins(account.value.balance) : '–'} stale={stale} />
        <Tile
          label={say('approved')}
          value={account ? approval(account.value.approved) : '–'}
          stale={stale}
        />
        <Tile
          label={say('totalConsumed')}
          value={account ? energy(account.value.consumed) : '–'}
          stale={stale}
        />
        <Tile
          label={say('totalProduced')}
          value={account ? energy(account.value.produced) : '–'}
          stale={stale}
        />
      </div>
      {(identity.relay || consumer) && (
        <Card title={say('wires')} side={<Freshness known={wires} />} wide>
          {wires ? (
            <Wires wires={wires.value} power={power?.value} identity={identity} stale={!isFresh(wires)} />
          ) : (
            <p class="note">{say(identity.relay ? 'never' : 'wiresNone')}</p>
          )}
        </Card>
      )}
      <PowerChart identity={identity} />
      <Card title={say('latest')} side={<a href="#/transactions">{say('all')}</a>} wide>
        <TransactionTable transactions={transactions.slice(0, 8)} identity={identity} />
      </Card>
      <p class="note address">
        {say(identity.kind)} <code>{identity.address}</code>
      </p>
    </>
  );
};
