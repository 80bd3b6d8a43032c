/** Whether many open pages slow the node's agent: the period of its looks and the timers of its process, without and with event streams. */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLab } from './lab.ts';

const STREAMS = [0, 500];
/** The agent looks every 8 s of lab time: every 2 s here. */
const SPEED = 4;
const LOOKS = 30;

interface Stream {
  readonly isOpen: () => boolean;
  close(): void;
}

const open = (url: string, agent: Agent, onBytes: (bytes: number) => void): Promise<Stream> =>
  new Promise((resolve, reject) => {
    const asked = get(`${url}/api/events`, { agent }, (response) => {
      response.on('data', (chunk: Buffer) => onBytes(chunk.length));
      response.on('error', () => undefined);
      if (response.statusCode === 200)
        resolve({ isOpen: () => !response.closed, close: () => void asked.destroy() });
      else reject(new Error(`A stream was answered ${response.statusCode}.`));
    });
    // After the answer it is the response that tells.
    asked.on('error', reject);
  });

export const measureStreams = async (): Promise<void> => {
  const rows: Record<string, Record<string, string>> = {};
  for (const count of STREAMS) {
    const lab = await startLab(SPEED);
    const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
    let bytes = 0;
    const streams = await Promise.all(
      Array.from({ length: count }, () =>
        open(lab.url, agent, (more) => {
          bytes += more;
        }),
      ),
    );
    const [begin, early] = [lab.looks.length, lab.late.length];
    const [cpu, from] = [lab.cpu(), performance.now()];
    bytes = 0;
    while (lab.looks.length < begin + LOOKS + 1) await sleep(100);
    const seconds = (performance.now() - from) / 1000;
    const looks = lab.looks.slice(begin);
    const late = lab.late.slice(early).toSorted((a, b) => a - b);
    const lateAt = (share: number) => (late[Math.floor(share * (late.length - 1))] ?? 0).toFixed(1);
    const gaps = looks.slice(1).map(({ lab: at }, i) => at - (looks[i]?.lab ?? at));
    const [first, last] = [looks[0], looks.at(-1)];
    if (!first || !last) throw new TypeError('unreachable: looks were waited for');
    const pace = (last.lab - first.lab) / (last.told - first.told);
    rows[`${count} streams`] = {
      'open at the end': String(streams.filter(({ isOpen }) => isOpen()).length),
      looks: String(gaps.length),
      'period (s of the lab)': `${Math.min(...gaps) / 1000} to ${Math.max(...gaps) / 1000}`,
      'lab seconds a second': pace.toFixed(3),
      'timers late by (ms): half, 99 %, most': `${lateAt(0.5)}, ${lateAt(0.99)}, ${lateAt(1)}`,
      'CPU of the lab (%)': (((lab.cpu() - cpu) / seconds) * 100).toFixed(1),
      'sent (kB/s)': (bytes / 1000 / seconds).toFixed(1),
    };
    for (const stream of streams) stream.close();
    agent.destroy();
    await lab.stop();
  }
  process.stdout.write(
    `\nThe agent's looks (every 8 s of a lab at ${SPEED} times real time) beside open event streams of one App\n`,
  );
  console.table(rows);
};
