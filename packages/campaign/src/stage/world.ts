/** The bench of the campaign: small batteries, so that a source runs low and recovers every few minutes of lab time. */
import type { PowerSeries } from '@daisee/meter';
import type { Wiring } from '@daisee/relay';
import { createTwin, type Twin, type TwinEvent } from '@daisee/sim';
import { Duration, type Instant, Percent } from '@daisee/units';

/** One channel a node, on one device with two outputs. */
const wiring: Wiring = {
  loads: [{ name: 'Node 1', own: [0], sellers: [{ name: 'Node 2', channels: [1] }] }],
};

export const OWN_CHANNEL = 0;
export const SELLER_CHANNEL = 1;

/** The sensors of the v0.2 page give a sample every 8 s. */
export const SAMPLE_PERIOD = Duration(8000);
/** The longest time between two samples that is bridged, for monitors and agents. */
export const MAX_GAP = Duration(60_000);

/** State of charge below which Node 1 buys, and from which it returns. */
export const LIMIT = 60;
export const RESUME = 63;
/** What it buys at a time, Wh: two minutes of its load. */
export const DELTA_WH = 0.6;

const MINUTE = 60_000;

/** A slow wave that begins again without an end. */
const wave = (name: string, mean: number, swing: number, minutes: number): PowerSeries => {
  const rows = minutes * 2;
  const instants = Float64Array.from({ length: rows }, (_, row) => row * (MINUTE / 2));
  return {
    file: name,
    instants,
    watts: instants.map((_, row) => mean + swing * Math.sin((2 * Math.PI * row) / rows)),
    step: Duration(MINUTE / 2),
  };
};

/**
 * Node 1 takes 20 W; on its own source its battery loses 10 W, on the seller's it gains 10 W, and three points of its
 * 20 Wh take three to four minutes; what is below the limit lasts for an hour without a seller. Node 2's panel gives
 * 30 W, more than is ever sold, and its battery bears the rest.
 */
export const createBench = (seed: number, start: Instant, onEvent: (event: TwinEvent) => void): Twin =>
  createTwin({
    seed,
    start,
    wiring,
    onEvent,
    node1: {
      batteryWh: 20,
      initialSoc: Percent(LIMIT + 4),
      chargerW: 11,
      load: { kind: 'replay', series: wave('the load of the bench', 20, 2, 17) },
    },
    node2: {
      batteryWh: 4000,
      initialSoc: Percent(50),
      solar: { kind: 'replay', series: wave('the sun of the bench', 30, 8, 59) },
    },
  });
