/** One store measured at each size that it grows to. */
import { type Asked, asking } from './asking.ts';
import { type IngestRow, ingest } from './ingest.ts';
import type { BenchOptions, Kind } from './options.ts';
import { type Ground, groundOf, grow } from './places.ts';
import { makeToken, type Row, rowsFor } from './questions.ts';
import { startService } from './service.ts';

/** How many ask at once where several do. */
export const CLIENTS = 16;

/** A question's row, asked one after the other and by several clients at once. */
export interface QuestionResult extends Pick<Row, 'name' | 'v02' | 'target'> {
  readonly alone: Asked;
  readonly together: Asked;
  /** ms of the monitor's CPU for each request, asked one after the other. */
  readonly cpu: number;
  /** The longest time in ms in which it answered nobody. */
  readonly stall: number;
  /** The most resident bytes of the monitor, for one client and for several. */
  readonly peak: { readonly alone: number; readonly together: number };
}

export interface Result {
  readonly kind: Kind;
  readonly samples: number;
  /** Bytes of the store on the disk. */
  readonly size: number;
  /** Samples in a second by calls in this process, 5000 at a time. */
  readonly grown: number;
  readonly questions: readonly QuestionResult[];
  readonly ingest: readonly IngestRow[];
  /** Resident bytes of the monitor: at its start, after the questions, after the ingest, and the most there were. */
  readonly memory: {
    readonly idle: number;
    readonly asked: number;
    readonly fed: number;
    readonly peakAsked: number;
    readonly peak: number;
  };
}

interface Measuring {
  readonly options: BenchOptions;
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
}

const measureAt = async (
  kind: Kind,
  ground: Ground,
  { samples, grown, first }: { samples: number; grown: number; first: { place: number } },
  { options, signal, onProgress }: Measuring,
): Promise<Result> => {
  const { length } = options;
  const sensors: number[] = [];
  for (let n = 0; n < CLIENTS; n++)
    sensors.push((await ground.store.addSensor({ name: `Client ${n}`, sign: 'load' })).id);
  // Once before, so that what it compiles is there, as it is on any machine from its second start on.
  await (await startService(ground.place, { node: options.node, signal })).stop();
  const service = await startService(ground.place, { node: options.node, signal });
  try {
    const idle = (await service.usage()).memory;
    const token = await makeToken(service.url);
    const questions: QuestionResult[] = [];
    for (const { next, reconnect = false, ...row } of await rowsFor(service.url, samples, token)) {
      onProgress(row.name);
      await asking(next, { clients: 1, length: length / 10, reconnect, signal });
      await service.usage();
      const alone = await asking(next, { clients: 1, length, reconnect, signal });
      const used = await service.usage();
      const together = await asking(next, { clients: CLIENTS, length, reconnect, signal });
      const crowded = await service.usage();
      questions.push({
        ...row,
        alone,
        together,
        cpu: used.cpu / alone.answers,
        stall: Math.max(crowded.stall, used.stall),
        peak: { alone: used.peak, together: crowded.peak },
      });
    }
    const asked = await service.usage();
    const peakAsked = Math.max(asked.peak, ...questions.flatMap(({ peak }) => [peak.alone, peak.together]));
    const take = (count: number): number => {
      const place = first.place;
      first.place += count;
      return place;
    };
    const ingested = await ingest(service, { token, sensors, take, length, signal, onProgress });
    const fed = await service.usage();
    return {
      kind,
      samples,
      size: await ground.size(),
      grown,
      questions,
      ingest: ingested,
      memory: {
        idle,
        asked: asked.memory,
        fed: fed.memory,
        peakAsked,
        peak: Math.max(peakAsked, fed.peak, ...ingested.map(({ peak }) => peak)),
      },
    };
  } finally {
    await service.stop();
  }
};

export const measure = async (kind: Kind, measuring: Measuring): Promise<readonly Result[]> => {
  const { options, signal, onProgress } = measuring;
  onProgress('a new store');
  const ground = await groundOf(kind);
  try {
    const results: Result[] = [];
    // What is ingested comes after all that the store will have grown to.
    const first = { place: options.sizes.at(-1) ?? 0 };
    let size = 0;
    for (const samples of options.sizes) {
      const grown = await grow(ground, size, samples, {
        signal,
        onProgress: (now) => onProgress(`${now} samples`),
      });
      size = samples;
      results.push(await measureAt(kind, ground, { samples, grown, first }, measuring));
    }
    return results;
  } finally {
    await ground.remove();
  }
};
