/** Samples into the monitor over HTTP: in batches and one by one, from one client and from several. */
import type { Question } from './asking.ts';
import { asking } from './asking.ts';
import { BASIC } from './questions.ts';
import { sampleOf, samplesOf } from './samples.ts';
import type { Service } from './service.ts';

export interface IngestRow {
  readonly name: string;
  readonly v02: string;
  /** Samples in a second that it should reach. */
  readonly target?: number;
  readonly clients: number;
  readonly errors: number;
  readonly perSecond: number;
  /** ms until a request was answered. */
  readonly p50: number;
  readonly p99: number;
  /** ms of the monitor's CPU for 1000 samples, and the longest time in which it answered nobody. */
  readonly cpu: number;
  readonly stall: number;
  /** Resident bytes of the monitor afterwards, and the most there were meanwhile. */
  readonly memory: number;
  readonly peak: number;
}

interface Way {
  readonly name: string;
  readonly v02?: string;
  readonly target?: number;
  readonly clients: number;
  /** Samples in a request. */
  readonly batch: number;
  /** Each client sends for a sensor of its own. */
  readonly apart?: boolean;
  /** At most so many requests of each client; the time ends it otherwise. */
  readonly length?: number;
}

const JSON_TYPE = 'application/json';

const WAYS: readonly Way[] = [
  { name: 'one by one, 1 client', v02: '178–198/s', target: 2000, clients: 1, batch: 1 },
  { name: 'one by one, 16 clients, one sensor', target: 2000, clients: 16, batch: 1 },
  { name: 'one by one, 16 clients, a sensor each', target: 2000, clients: 16, batch: 1, apart: true },
  { name: 'by 1000, 1 client', target: 50_000, clients: 1, batch: 1000 },
  { name: 'by 1000, 4 clients, a sensor each', target: 50_000, clients: 4, batch: 1000, apart: true },
  { name: '10 MB at once, 1 client', clients: 1, batch: 0 },
];

/** Samples that fit into 10 MiB of JSON. */
const LARGEST = 220_000;

/**
 * @param sensors one for each client that has a sensor of its own, the first for those that share one, and none of them
 * the one that grows: what comes later for an earlier instant changes every register after it. `next` gives the place of
 * so many new samples.
 */
export const ingest = async (
  service: Service,
  {
    token,
    sensors,
    take,
    length,
    signal,
    onProgress,
  }: {
    readonly token: string;
    readonly sensors: readonly number[];
    readonly take: (count: number) => number;
    readonly length: number;
    readonly signal: AbortSignal;
    readonly onProgress: (what: string) => void;
  },
): Promise<readonly IngestRow[]> => {
  const rows: IngestRow[] = [];
  for (const way of WAYS) {
    onProgress(`ingest ${way.name}`);
    const { batch: asked, clients, apart = false } = way;
    const batch = asked === 0 ? LARGEST : asked;
    const next = (client: number): Question => {
      const sensor = sensors[apart ? client : 0] ?? 1;
      const from = take(batch);
      return {
        url: `${service.url}/api/v1/sensors/${sensor}/samples`,
        method: 'POST',
        headers: {
          'Content-Type': JSON_TYPE,
          Authorization: asked === 1 && clients === 1 ? BASIC : `Bearer ${token}`,
        },
        body: JSON.stringify(batch === 1 ? sampleOf(from) : samplesOf(from, batch)),
      };
    };
    // To warm it up, unmeasured.
    if (asked !== 0) await asking(next, { clients, length: length / 10, signal });
    await service.usage();
    const { answers, errors, perSecond, p50, p99 } = await asking(next, {
      clients,
      length: asked === 0 ? 0 : length,
      signal,
    });
    const { cpu, stall, memory, peak } = await service.usage();
    rows.push({
      name: way.name,
      v02: way.v02 ?? '',
      ...(way.target === undefined ? {} : { target: way.target }),
      clients,
      errors,
      perSecond: perSecond * batch,
      p50,
      p99,
      cpu: (cpu / (answers * batch)) * 1000,
      stall,
      memory,
      peak,
    });
  }
  return rows;
};
