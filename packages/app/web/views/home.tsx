import { useState } from 'preact/hooks';
import type { PowerSeries, Transaction } from '../../src/api.ts';
import { useAsked } from '../asked.ts';
import { approval, coins, energy, instant, percent, watts } from '../format.ts';
import { Card, Freshness, LiveTile, Measured, MeterTile } from '../parts/card.tsx';
import { Chart, powerName } from '../parts/chart.tsx';
import { Line } from '../parts/line.tsx';
import { TransactionTable } from '../parts/transactions.tsx';
import { Wires } from '../parts/wires.tsx';
import { communityNow, isFresh, isMeasured, usePage } from '../store.ts';
import { say } from '../words/words.ts';
import type { ViewProps } from './view.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RANGES = [15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR];
const POINTS = 240;
/** How often the chart is asked for again while it is live (real ms). */
const AGAIN = 4000;
/** A stretch that was drawn over is past: only what comes late changes it. */
const AGAIN_PAST = 60_000;
const EXPLAINED = 'daisee.explained';

const rangeName = (range: number): string => {
  if (range < HOUR) return say('lastMinutes', { n: range / MINUTE });
  return range <= 24 * HOUR
    ? say('lastHours', { n: range / HOUR })
    : say('lastDays', { n: range / 24 / HOUR });
};

/** A report of a register that did not move: on the books, and no news. */
const isStandstill = ({ type, energy: reported }: Transaction): boolean =>
  (type === 'produced' || type === 'consumed') && Number(reported) === 0;

const Explanation = ({ identity }: Pick<ViewProps, 'identity'>) => {
  const [seen, setSeen] = useState(localStorage.getItem(EXPLAINED) === 'yes');
  if (seen) return null;
  return (
    <p class="banner explain">
      {say(identity.kind === 'consumer' ? 'whatConsumer' : 'whatProducer', { name: identity.name })}{' '}
      {identity.speed !== 1 && say('lab', { speed: identity.speed })}{' '}
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
  const { known, isAnswer } = useAsked<PowerSeries>(
    'power',
    zoom ? zoom.join() : String(range),
    () => {
      const to = zoom ? zoom[1] : communityNow();
      const from = zoom ? zoom[0] : to - range;
      return { from: Math.round(from), to: Math.round(to), points: POINTS };
    },
    zoom ? AGAIN_PAST : AGAIN,
  );
  const stale = !isAnswer || (!zoom && !isFresh(known));
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
  const title = powerName(identity);
  const stretch = zoom ? `${instant(zoom[0], now)} – ${instant(zoom[1], now)}` : rangeName(range);
  return (
    <Card title={title} side={side} wide>
      {known && (
        <Chart
          series={known.value}
          identity={identity}
          label={`${title}, ${stretch}`}
          stale={stale}
          onZoom={(from, to) => setZoom([from, to])}
        />
      )}
      <p class="note">
        {zoom ? stretch : say('zoomHint')}
        {known && isAnswer && stale && (
          <>
            {' '}
            <Freshness known={known} />
          </>
        )}
      </p>
    </Card>
  );
};

export const Home = ({ identity }: ViewProps) => {
  const { live, transactions } = usePage();
  const account = live?.account;
  const power = live?.power;
  const wires = live?.wires;
  const sellers = live?.sellers;
  const consumer = identity.kind === 'consumer';
  // Of a picture made of both, the one that was seen longer ago.
  const line = power && sellers && sellers.seen < power.seen ? sellers : power;
  return (
    <>
      <Explanation identity={identity} />
      <div class="tiles">
        {power?.value.stateOfCharge !== undefined && (
          <MeterTile
            label={say('battery')}
            power={power}
            text={({ stateOfCharge = 0 }) => percent(stateOfCharge, 1)}
            note={
              <meter
                min="0"
                max="100"
                low={20}
                value={power.value.stateOfCharge}
                aria-label={say('battery')}
              />
            }
          />
        )}
        <MeterTile
          label={say('powerNow')}
          power={power}
          text={(value) => watts(value.watts)}
          note={
            <>
              {say(consumer ? 'consumes' : 'produces')} {isMeasured(power) && <Measured power={power} />}
            </>
          }
        />
        <LiveTile label={say('balance')} known={account} text={({ balance }) => coins(balance)} />
        <LiveTile label={say('approved')} known={account} text={({ approved }) => approval(approved)} />
        <LiveTile label={say('totalConsumed')} known={account} text={({ consumed }) => energy(consumed)} />
        <LiveTile label={say('totalProduced')} known={account} text={({ produced }) => energy(produced)} />
      </div>
      {(identity.relay || consumer) && (
        <Card title={say('wires')} side={<Freshness known={wires} />} wide>
          {wires ? (
            <Wires
              wires={wires.value}
              power={power?.value}
              identity={identity}
              stale={!isFresh(wires)}
              measured={isMeasured(power)}
            />
          ) : (
            <p class="note">{say(identity.relay ? 'never' : 'wiresNone')}</p>
          )}
        </Card>
      )}
      {!identity.relay && !consumer && (
        <Card
          title={say('wires')}
          side={line === power ? <Measured power={power} /> : <Freshness known={line} />}
          wide
        >
          <Line
            power={power?.value}
            own={sellers?.value.find((seller) => seller.account === identity.address)}
            account={account?.value}
            identity={identity}
            stale={!isFresh(line) || !isMeasured(power)}
          />
        </Card>
      )}
      <PowerChart identity={identity} />
      <Card title={say('latest')} side={<a href="#/transactions">{say('all')}</a>} wide>
        <TransactionTable
          transactions={transactions.filter((one) => !isStandstill(one)).slice(0, 8)}
          identity={identity}
        />
      </Card>
      <p class="note address">
        {say(identity.kind)} <code>{identity.address}</code>
      </p>
    </>
  );
};
