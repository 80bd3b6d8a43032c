/** Samples as they come, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { openEventStream } from '@daisee/http';
import { type Duration, Instant } from '@daisee/units';
import type { FastifyReply } from 'fastify';
import type { SampleStore, StoredSample } from '../../store/store.ts';
import type { CountedSensor } from '../measured/sensors.ts';
import { sampleAnswer } from './shapes.ts';

/** Hears of every sample that was stored. Returns how to stop hearing. */
export type Subscribe = (listener: (event: SampleEvent) => void) => () => void;

export interface SampleEvent {
  readonly sensorId: number;
  readonly sample: StoredSample;
}

export interface LiveOptions {
  readonly store: SampleStore;
  readonly subscribe: Subscribe;
  /** How long a connection may be silent, in real time. */
  readonly patience: Duration;
  /** Hears why a stream was cut that had begun. */
  readonly onFailure: (error: unknown) => void;
}

/** The last event that a client has seen: by its place in the order of storing, or by its instant. */
export type LastEvent = { readonly id: number } | { readonly at: Instant };

/** The longest time between comments that keep proxies from closing a quiet stream, ms. */
const HEARTBEAT = 15_000;
/** Stored samples, or identities, looked through at a time for one that resumes. */
const PAGE = 1000;

/** Reads an event's id: `s` and the sample's id, or an instant in Unix ms. */
export const lastEventOf = (text: unknown): LastEvent | undefined => {
  const [, stored, number] = /^(s?)(\d{1,15})$/.exec(typeof text === 'string' ? text : '') ?? [];
  if (number === undefined) return undefined;
  return stored === 's' ? { id: Number(number) } : { at: Instant(Number(number)) };
};

/**
 * Sends the samples of a sensor until the client goes: first those stored after the `last` event that it has seen, if
 * there is one, then each new one.
 *
 * They come in the order of storing, and so do the ids: a sample that arrives late, with an older instant, has a place
 * of its own in that order, so that one who was away misses none. An id without an event (the standard's way to set
 * the last event id alone) tells where the stream begins, for a client that is cut off before the first event.
 * @throws StoreError before anything is sent; later the stream is cut, and the client comes again.
 */
export const streamSamples = async (
  reply: FastifyReply,
  sensor: CountedSensor,
  last: LastEvent | undefined,
  { store, subscribe, patience, onFailure }: LiveOptions,
): Promise<void> => {
  // Until the stream has caught up, the store is read again instead, so that nothing waits in memory.
  let live = false;
  let heard = false;
  /** Up to here all samples were sent, or were there before the client first came. */
  let sentUpTo = 0;
  const unsubscribe = subscribe(({ sensorId, sample }) => {
    if (sensorId !== sensor.id) return;
    if (!live) heard = true;
    else if (sample.id > sentUpTo) send(sample);
  });

  let newest: number;
  try {
    newest = await store.newestId(sensor.id);
  } catch (error) {
    unsubscribe();
    throw error;
  }
  // From here on the answer is written without Fastify.
  reply.hijack();
  const stream = openEventStream(reply.raw, {
    onClose: unsubscribe,
    heartbeat: Math.min(HEARTBEAT, patience / 2),
  });
  const sendAs = (id: string, sample: StoredSample): void =>
    stream.send({ id, name: 'sample', data: sampleAnswer(sample, sensor) });
  let highest = 0;
  const send = (sample: StoredSample): void => {
    // Never back, whatever order events come in: what has an id below was sent before.
    highest = Math.max(highest, sample.id);
    sendAs(`s${highest}`, sample);
  };

  const catchUp = async (from: LastEvent | undefined): Promise<void> => {
    if (from && 'at' in from)
      // Oldest first under ids that are instants, so that one who is cut off on the way resumes the same way.
      for (let after: Instant | undefined = from.at; after !== undefined && !stream.isClosed; ) {
        const page = await store.samples(
          sensor.id,
          Instant(after + 1),
          Instant(Number.MAX_SAFE_INTEGER),
          PAGE,
        );
        for (const sample of page) if (sample.id <= newest) sendAs(`${sample.at}`, sample);
        after = page.length < PAGE ? undefined : page.at(-1)?.at;
        await stream.taken();
      }
    // An id that is past all there is comes from another store.
    sentUpTo = from && 'id' in from ? Math.min(from.id, newest) : newest;
    highest = sentUpTo;
    stream.mark(`s${highest}`);
    for (let end = newest; !live && !stream.isClosed; ) {
      for (; sentUpTo < end && !stream.isClosed; await stream.taken()) {
        const next = Math.min(sentUpTo + PAGE, end);
        const page = await store.samplesById(sensor.id, sentUpTo + 1, next + 1);
        for (const sample of page.toSorted((a, b) => a.id - b.id)) send(sample);
        sentUpTo = next;
      }
      live = !heard;
      heard = false;
      if (!live) end = await store.newestId(sensor.id);
    }
  };

  if (stream.isClosed) return;
  try {
    await catchUp(last);
  } catch (error) {
    onFailure(error);
    stream.cut();
  }
};
