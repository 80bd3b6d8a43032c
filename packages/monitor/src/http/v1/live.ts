/** Samples as they come, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Instant } from '@daisee/units';
import type { SampleStore, Sensor, StoredSample } from '../../store/store.ts';
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
}

/** Real ms between comments that keep proxies from closing a quiet stream: guards a socket, so no clock of ours. */
const HEARTBEAT = 15_000;
/** Bytes that may wait for a slow reader before its stream is closed; it resumes where it was. */
const MOST_WAITING = 1_000_000;
/** Stored samples read at a time for one that resumes. */
const PAGE = 1000;

/**
 * Sends the samples of a sensor until the client goes: first those stored after `resumeAfter`, if given, then each
 * new one. An event's id is its instant in Unix ms. One that comes late (older than the last) is sent when it comes.
 */
export const streamSamples = async (
  response: ServerResponse,
  sensor: Sensor,
  resumeAfter: Instant | undefined,
  { store, subscribe }: LiveOptions,
): Promise<void> => {
  const write = (sample: StoredSample): void => {
    response.write(
      `id: ${sample.at}\nevent: sample\ndata: ${JSON.stringify(sampleAnswer(sample, sensor))}\n\n`,
    );
    if (response.writableLength > MOST_WAITING) response.destroy();
  };
  // Samples stored while the older ones are being sent wait here, so that none is missed between the two.
  let waiting: StoredSample[] | undefined = [];
  const unsubscribe = subscribe(({ sensorId, sample }) => {
    if (sensorId !== sensor.id) return;
    if (waiting) waiting.push(sample);
    else write(sample);
  });
  const heartbeat = setInterval(() => response.write(': alive\n\n'), HEARTBEAT);
  response.once('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.write(': live\n\n');

  const sent = new Set<number>();
  for (let after = resumeAfter; after !== undefined && !response.destroyed; ) {
    const page = await store.samples(sensor.id, Instant(after + 1), Instant(Number.MAX_SAFE_INTEGER), PAGE);
    for (const sample of page) {
      write(sample);
      sent.add(sample.id);
    }
    after = page.length < PAGE ? undefined : page.at(-1)?.at;
    while (response.writableNeedDrain && !response.destroyed) await nextTurn();
  }
  for (const sample of waiting) if (!sent.has(sample.id)) write(sample);
  waiting = undefined;
};
