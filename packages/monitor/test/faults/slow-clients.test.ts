/** Clients that send or take too slowly, and bodies that are too large: others are served, memory stays bounded. */
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, JSON_BODY, type Service, type ServiceOptions, startService, until } from './process.ts';

/** Seconds that this service waits for its clients. */
const PATIENCE = 2;
/** Samples that a body of just under 10 MB holds. */
const STORED = 300_000;
/** Samples whose events are more than a connection's buffers take, 120 bytes each. */
const LIVE = 100_000;
const MB = 1024 * 1024;
const NDJSON = { 'Content-Type': 'application/x-ndjson' };

let folder = '';
let service: Service;
let base = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'daisee-slow-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A service for a part of the tests, on the folder of all of them. */
const serving = (options: Partial<ServiceOptions>): void => {
  beforeAll(async () => {
    service = await startService({ folder, ...options });
    base = `${service.url}/api/v1/sensors/1`;
  });
  afterAll(() => service?.stop());
};

/** Opens a connection and writes to it; what comes back until it ends. */
const raw = async (
  text: string,
): Promise<{
  readonly socket: Socket;
  readonly ended: Promise<string>;
  readonly answered: () => string;
}> => {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    answer += piece;
  });
  const ended = new Promise<string>((resolve) => {
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  return { socket, ended, answered: () => answer };
};
/** Writes a byte now and then until the connection is closed. */
const drip = (socket: Socket): void => {
  const timer = setInterval(() => socket.write('x'), 200);
  socket.on('close', () => clearInterval(timer));
};
const health = async (): Promise<number> => (await ask(`${service.url}/api/v1/health`)).status;
const post =
  'POST /api/v1/sensors/1/samples HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';

interface Reader {
  /** Reads what is left, to the end. */
  read(): Promise<{ readonly text: string; readonly whole: boolean }>;
  readonly response: IncomingMessage;
}
/** Begins to read an answer and stops. */
const stuck = (path: string): Promise<Reader> =>
  new Promise((resolve, reject) => {
    get(`${base}${path}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('error', () => undefined);
      const closed = new Promise<void>((done) => response.on('close', done));
      resolve({
        response,
        read: async () => {
          response.on('data', (piece: string) => {
            text += piece;
          });
          await closed;
          return { text, whole: response.complete };
        },
      });
    }).on('error', reject);
  });
const stuckMany = async (count: number, path: string): Promise<readonly Reader[]> => {
  const readers: Reader[] = [];
  // One after the other: a service that is busy with the first would lose its patience with the last.
  while (readers.length < count) readers.push(await stuck(path));
  return readers;
};
/** Until the monitor has lost its patience with all of them. */
const givenUp = (): Promise<void> => until(async () => (await service.order('report')).connections === 0);
const idsOf = (text: string): readonly number[] =>
  [...text.matchAll(/^id: s(\d+)\nevent: sample\n/gm)].map(([, id]) => Number(id));

describe('a monitor that is sent large and broken bodies', () => {
  serving({});

  it('takes bodies of just under 10 MB, refuses those over with 413, and its memory stays bounded', async () => {
    const sample = (i: number) => `{"at":${1_700_000_000_000 + i * 1000},"power":${i % 3000}}`;
    const all = Array.from({ length: STORED }, (_, i) => sample(i));
    let body = `[${all.join(',')}]`;
    expect(body.length).toBeLessThan(10 * MB);
    body += ' '.repeat(10 * MB - body.length);
    const url = `${base}/samples`;
    const { status, text } = await ask(url, { body, headers: JSON_BODY });
    expect([status, JSON.parse(text)]).toEqual([200, { stored: STORED, repeated: 0 }]);
    expect(JSON.parse((await ask(url, { body, headers: JSON_BODY })).text)).toEqual({
      stored: 0,
      repeated: STORED,
    });
    const over = await ask(url, { body: `${body} `, headers: JSON_BODY });
    expect(over.status).toBe(413);
    expect(JSON.parse(over.text)).toMatchObject({ status: 413, code: 'monitor.too-large' });
    // No word of its length before: cut when it is too long.
    const unsaid = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: JSON_BODY }, (response) =>
        resolve(response.resume().statusCode),
      );
      sent.on('error', reject);
      sent.write(body);
      sent.end(' ');
    });
    expect(unsaid).toBe(413);
    expect(await health()).toBe(200);
  }, 60_000);

  it.each([
    ['a JSON list of millions of numbers', `[${'1,'.repeat(5_000_000)}1]`, JSON_BODY, 413],
    ['lists in lists', '['.repeat(10_000_000), JSON_BODY, 400],
    ['millions of empty lines', '\n'.repeat(10_000_000), NDJSON, 200],
    ['millions of lines', '1\n'.repeat(5_000_000), NDJSON, 413],
    ['one line', `"${'x'.repeat(10_000_000)}"`, NDJSON, 400],
  ])(
    'is not exhausted by %s',
    async (_what, body, headers, status) => {
      expect((await ask(`${base}/samples`, { body, headers })).status).toBe(status);
      expect(service.peak()).toBeLessThan(1200 * MB);
    },
    60_000,
  );

  it('stores nothing of a body that is cut, and goes on (a sensor whose connection breaks)', async () => {
    const before = (await ask(`${base}/samples?from=0&to=2000000`)).text;
    const whole = '[{"at": 1000000, "power": 1}, {"at": 1008000, "power": 1}]';
    const cut = [
      `${post}Content-Length: 1000\r\n\r\n${whole}`,
      `${post}Transfer-Encoding: chunked\r\n\r\n${whole.length.toString(16)}\r\n${whole}\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\n40\r\n${whole}`,
      `${post.replace('json', 'x-ndjson')}Content-Length: 1000\r\n\r\n{"at": 1000000, "power": 1}\n{"at": 10080`,
    ];
    for (const text of cut) {
      const { socket, ended } = await raw(text);
      socket.end();
      await ended;
    }
    for (const text of cut) (await raw(text)).socket.resetAndDestroy();
    for (const garbage of [
      '\0\x01\x02',
      'GET',
      `${post}Content-Length: -1\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ]) {
      const { socket, ended } = await raw(`${garbage}\r\n\r\n`);
      socket.end();
      expect(await ended).toMatch(/^(HTTP\/1\.1 400 |$)/);
    }
    expect(await health()).toBe(200);
    expect((await ask(`${base}/samples?from=0&to=2000000`)).text).toBe(before);
  });

  it('closes event streams whose readers stop while they are live, before much waits for them', async () => {
    const readers = await stuckMany(5, '/live');
    const body = JSON.stringify(
      Array.from({ length: LIVE }, (_, i) => ({ at: 1_750_000_000_000 + i * 1000, power: 1 })),
    );
    const before = service.peak();
    expect((await ask(`${base}/samples`, { body, headers: JSON_BODY })).status).toBe(200);
    await givenUp();
    // 5 times 12 MB of events: what the kernel does not take, no more than one for each waits.
    expect(service.peak() - before).toBeLessThan(150 * MB);
    for (const reader of readers) {
      const { text, whole } = await reader.read();
      expect(whole).toBe(false);
      expect(idsOf(text).length).toBeLessThan(LIVE);
    }
    expect(await health()).toBe(200);
  });
});

describe('a monitor with clients that are slow', () => {
  serving({ patience: PATIENCE });

  it('ends with 408 a hundred that send their headers or their bodies byte by byte, and serves others meanwhile', async () => {
    const slow = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        raw(
          i % 2 === 0
            ? 'GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-'
            : `${post}Content-Length: 1000000\r\n\r\n[`,
        ),
      ),
    );
    for (const { socket } of slow) drip(socket);
    let served = 0;
    const gone = new AbortController();
    const answers = Promise.all(slow.map(({ ended }) => ended)).finally(() => gone.abort());
    while (!gone.signal.aborted) {
      expect(await health()).toBe(200);
      served++;
    }
    for (const answer of await answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(served).toBeGreaterThan(10);
  });

  it('lets a body that comes steadily take its time', async () => {
    const line = `{"at": 1, "power": 1}${' '.repeat(600)}\n`;
    const { status } = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${base}/samples`, { method: 'POST', headers: NDJSON }, resolve).on(
        'error',
        reject,
      );
      let lines = 0;
      const timer = setInterval(() => {
        sent.write(line);
        if (++lines < 15) return;
        clearInterval(timer);
        sent.end();
      }, 200);
    }).then((response) => ({ status: response.resume().statusCode }));
    expect(status).toBe(200);
  });

  it('drops a connection on which nothing comes', async () => {
    const { ended } = await raw(`${post}Content-Length: 10\r\n\r\n`);
    expect(await ended).toMatch(/^HTTP\/1\.1 408 /);
    const idle = await raw('GET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await until(() => idle.answered() !== '');
    expect(idle.answered()).toMatch(/^HTTP\/1\.1 200 /);
    idle.socket.destroy();
  });

  it('gives up readers that stop in the middle of a long CSV, and serves one that is slow the whole of it', async () => {
    const readers = await stuckMany(5, '/samples.csv');
    let lines = 0;
    for await (const piece of (await stuck('/samples.csv')).response) {
      lines += String(piece).split('\n').length - 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(lines).toBeGreaterThan(STORED);
    await givenUp();
    for (const reader of readers) {
      const { text, whole } = await reader.read();
      expect(whole).toBe(false);
      expect(text.split('\n').length).toBeLessThan(lines);
    }
    expect(await health()).toBe(200);
  });

  it('closes event streams whose readers stop while they catch up, and they resume where they were', async () => {
    const readers = await stuckMany(3, '/live?lastEventId=s0');
    await givenUp();
    for (const reader of readers) {
      const { text, whole } = await reader.read();
      const ids = idsOf(text);
      const last = ids.at(-1) ?? 0;
      expect([whole, ids.length, ids[0]], text.slice(0, 300)).toEqual([false, last, 1]);
      let more = '';
      for await (const piece of (await stuck(`/live?lastEventId=s${last}`)).response) {
        more += String(piece);
        if (idsOf(more).length > 0) break;
      }
      expect(idsOf(more)[0]).toBe(last + 1);
    }
  });
});
