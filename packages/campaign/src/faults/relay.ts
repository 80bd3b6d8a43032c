/** A relay that refuses, lies, says nothing or half, and a board behind it that does the same. */
import type { BoardDevice, Fault, Law } from '../doors.ts';
import { answering, inWords, isOrder, lasting, seconds, seenIf } from './lasting.ts';

const board = (name: string, tries: readonly Law[], begin: (device: BoardDevice) => () => void): Fault => ({
  name,
  tries,
  weight: 2,
  strike: async (stage, chance, signal) => {
    const length = seconds(chance, 20, 300);
    await lasting(stage, length, signal, begin(stage.board));
    return `for ${inWords(length)}`;
  },
});

const asBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const isTrue = (text: string): boolean => text.trim() === 'True';

/** It carries the order out and answers that it did not. */
const denied: Fault = {
  name: 'relay answers False',
  tries: [1, 6, 7, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links['agent1-relay'];
    const length = seconds(chance, 60, 480);
    let lies = 0;
    const end = link.answer
      ? answering(link, async (request) => {
          if (!isOrder(request)) return undefined;
          await request.pass();
          lies++;
          return { status: 503, body: '{"status":503,"code":"relay.failed","detail":"It failed."}' };
        })
      : link.garble((chunk, way) => {
          if (way === 'there' || !isTrue(Buffer.from(chunk).toString('latin1'))) return chunk;
          lies++;
          return asBytes('False');
        });
    await lasting(stage, length, signal, end);
    return seenIf(lies > 0, `${lies} orders carried out and denied in ${inWords(length)}`);
  },
};

/** It answers that it did and carries nothing out. */
const pretended: Fault = {
  name: 'relay answers True and does nothing',
  tries: [1, 6, 8],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const link = stage.links['agent1-relay'];
    const length = seconds(chance, 60, 480);
    let lies = 0;
    const end = link.answer
      ? answering(link, (request) => {
          if (!isOrder(request)) return undefined;
          lies++;
          return { status: 200, body: '{"done":true}' };
        })
      : link.garble((chunk, way) => {
          if (way === 'back' || chunk[0] !== '{'.charCodeAt(0)) return chunk;
          lies++;
          // A word that the relay refuses: nothing moves.
          return asBytes('{99: True}');
        });
    await lasting(stage, length, signal, end);
    return seenIf(lies > 0, `${lies} orders not carried out in ${inWords(length)}`);
  },
};

const silent: Fault = {
  name: 'relay answers nothing',
  tries: [6, 7, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links['agent1-relay'];
    const length = seconds(chance, 20, 300);
    let requests = 0;
    // What was ordered is carried out; only its answer never comes.
    const end = link.garble((chunk, way) => {
      if (way === 'there') return chunk;
      requests++;
      return 'hold';
    });
    await lasting(stage, length, signal, end);
    return seenIf(requests > 0, `${requests} answers held back for ${inWords(length)}`);
  },
};

const half: Fault = {
  name: 'relay answers half',
  tries: [1, 6, 8],
  weight: 2,
  strike: async (stage, chance, signal) => {
    const link = stage.links['agent1-relay'];
    const length = seconds(chance, 20, 300);
    let cut = 0;
    const end = link.garble((chunk, way) => {
      if (way === 'there' || chance.next() < 0.3) return chunk;
      cut++;
      return chunk.length < 2 ? 'cut' : chunk.subarray(0, chance.whole(1, chunk.length - 1));
    });
    const resets = setResets(() => link.reset());
    await lasting(stage, length, signal, end, resets);
    return seenIf(cut > 0, `${cut} answers cut short in ${inWords(length)}`);
  },
};

/** Real ms after which a half answer's connection ends. */
const HALF_ENDS = 300;

const setResets = (reset: () => void): (() => void) => {
  // Between real sockets, so in the machine's time.
  const timer = setInterval(reset, HALF_ENDS);
  return () => clearInterval(timer);
};

export const relayFaults: readonly Fault[] = [
  denied,
  pretended,
  silent,
  half,
  board('board refuses orders', [6, 7, 8], (device) => device.refuse()),
  board('board answers nothing', [6, 7, 8], (device) => device.freeze()),
  board('board answers half', [6, 7, 8], (device) => device.half()),
];
