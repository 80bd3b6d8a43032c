/** One way of one connection: bytes in order, as late, changed or held back as the link's conditions say. */
import type { Socket } from 'node:net';
import type { Conditions, Garble, Way } from './conditions.ts';

/** More than this waiting, and the sender is kept waiting too. */
const LONGEST_QUEUE = 4 * 1024 * 1024;

interface Item {
  readonly what: Uint8Array | 'end' | 'reset';
  /** On the machine's monotonic clock, milliseconds. */
  readonly due: number;
}

export interface Lane {
  push(bytes: Uint8Array): void;
  /** The sender says no more (FIN). */
  end(): void;
  /** The connection is broken off after what was pushed. */
  reset(): void;
  /** Looks again at the conditions. */
  look(): void;
  close(): void;
}

export interface LaneOptions {
  readonly way: Way;
  readonly conditions: Conditions;
  /** Who is kept waiting when too much waits. */
  readonly from: Socket;
  readonly to: Socket;
  /** Hears of each piece that is handed on. */
  readonly onSent?: () => void;
  /** Breaks the whole connection off. */
  readonly breakOff: () => void;
}

export const createLane = ({ way, conditions, from, to, breakOff, onSent }: LaneOptions): Lane => {
  const queue: Item[] = [];
  let waiting = 0;
  let lastDue = 0;
  /** A garble asked to hold: until that garble is over. */
  let held: Garble | undefined;
  // The delays of a link are real ones: it stands between real sockets.
  let timer: NodeJS.Timeout | undefined;

  const send = ({ what }: Item): void => {
    if (what === 'reset') {
      breakOff();
      return;
    }
    if (what === 'end') {
      to.end();
      return;
    }
    waiting -= what.length;
    if (!to.destroyed) {
      to.write(what);
      onSent?.();
    }
    if (waiting < LONGEST_QUEUE && !to.writableNeedDrain) from.resume();
    else if (to.writableNeedDrain) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (let item = queue[0]; item; item = queue[0]) {
      if (conditions.isStalled || held) return;
      const wait = item.due - performance.now();
      if (wait > 0) {
        timer = setTimeout(pump, Math.ceil(wait));
        return;
      }
      queue.shift();
      send(item);
    }
  };

  const add = (what: Item['what']): void => {
    // Never before what was sent earlier, though the delay has become shorter.
    lastDue = Math.max(lastDue, performance.now() + conditions.delay);
    queue.push({ what, due: lastDue });
    pump();
  };

  return {
    push: (bytes) => {
      let changed: Uint8Array = bytes;
      for (const garble of conditions.garbles) {
        const said = garble(changed, way);
        if (said === 'cut') return breakOff();
        if (said === 'hold') held ??= garble;
        else changed = said;
      }
      if (changed.length === 0) return;
      waiting += changed.length;
      if (waiting >= LONGEST_QUEUE) from.pause();
      add(changed);
    },
    end: () => add('end'),
    reset: () => add('reset'),
    look: () => {
      if (held && !conditions.garbles.includes(held)) held = undefined;
      pump();
    },
    close: () => {
      clearTimeout(timer);
      queue.length = 0;
    },
  };
};
