/**
 * `npm run bench:relay`: requests a second and processor time of the relay, beside v0.2's figures, and how long it is
 * from a request to the changed line. `--quick`, `--json`, `--markdown`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Ask, Told } from './board.ts';
import { type Asks, askV02, createHttpAsk, type Run, run } from './load.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'npm run bench:relay [-- --quick] [--json | --markdown]\nMeasures the relay on a simulated board; a minute, or a few seconds with --quick.\n',
  );
  process.exit(0);
}

/** ms of each measurement, and before it. */
const DURATION = values.quick ? 300 : 2000;
const WARM_UP = values.quick ? 200 : 1000;
const TOKEN = 'bench-token-0123456789';

/** As measured of v0.2: 2 shared cores, one client after the other, connect to close; 8 clients at once. */
const V02: Readonly<Record<string, string>> = {
  read: '11.9–20.3k/s, 26–42 µs',
  switch: '2.7–4.8k/s, 166–271 µs',
  'switch 8': '3.3–3.6k/s (8 clients)',
};

interface Row {
  readonly what: string;
  readonly clients: number;
  readonly perSecond: number;
  /** µs of the server's processor a request. */
  readonly cpu: number;
  /** ms from sending to the whole answer. */
  readonly p50: number;
  readonly p99: number;
  /** ms from sending to the changed line. */
  readonly line50?: number;
  readonly line99?: number;
  readonly failures: number;
  readonly v02: string;
}

const at = (sorted: readonly number[], share: number): number =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) / 1000;

interface Server {
  readonly port: number;
  readonly url: string;
  usage(): Promise<Extract<Told, { type: 'usage' }>>;
  stop(): Promise<void>;
}

const startServer = async (loads: number, breakTime: number): Promise<Server> => {
  const child: ChildProcess = fork(join(import.meta.dirname, 'board.ts'), [
    String(loads),
    String(breakTime),
    TOKEN,
  ]);
  const told = async (): Promise<Told> => ((await once(child, 'message')) as [Told])[0];
  const listening = await told();
  if (listening.type !== 'listening') throw new TypeError('the server says where it listens first');
  const tell = (ask: Ask): void => void child.send(ask);
  return {
    ...listening,
    usage: async () => {
      const answer = told();
      tell('usage');
      const usage = await answer;
      if (usage.type !== 'usage') throw new TypeError('the server says what it used');
      return usage;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      tell('stop');
      await ended;
    },
  };
};

/** From each request to the change of the channel that it switches last: the seller's, or back the own one. */
const lineTimes = ({ sent }: Run, changes: readonly (readonly number[])[]): readonly number[] => {
  const times: number[] = [];
  for (const [client, instants] of sent.entries()) {
    const own = changes[2 * client] ?? [];
    const seller = changes[2 * client + 1] ?? [];
    if (own.length !== instants.length || seller.length !== instants.length) continue;
    for (const [turn, instant] of instants.entries())
      times.push(Math.max(own[turn] ?? instant, seller[turn] ?? instant) - instant);
  }
  return times.sort((a, b) => a - b);
};

const rows: Row[] = [];
let memory = 0;

const measure = async (
  server: Server,
  row: Pick<Row, 'what' | 'clients' | 'v02'>,
  asks: Asks,
  isSwitch: boolean,
): Promise<void> => {
  process.stderr.write(`${row.what}, ${row.clients} clients…\n`);
  await run(row.clients, WARM_UP, asks);
  const before = await server.usage();
  const result = await run(row.clients, DURATION, asks);
  const after = await server.usage();
  memory = Math.max(memory, after.memory);
  const lines = isSwitch ? lineTimes(result, after.changes) : [];
  rows.push({
    ...row,
    perSecond: Math.round((result.requests / result.took) * 1000),
    cpu: Math.round((after.cpu - before.cpu) / result.requests),
    p50: at(result.replies, 0.5),
    p99: at(result.replies, 0.99),
    ...(lines.length > 0 ? { line50: at(lines, 0.5), line99: at(lines, 0.99) } : {}),
    failures: result.failures,
  });
};

const turnOf = (turn: number): boolean => turn % 2 === 0;

const measureV02 = async (clients: number, breakTime: number): Promise<void> => {
  const server = await startServer(clients, breakTime);
  const { port } = server;
  if (breakTime === 0)
    await measure(
      server,
      { what: 'v0.2 port, read 2 channels', clients, v02: clients === 1 ? (V02['read'] ?? '') : '' },
      (client) => askV02(port, `ReadDATA|${2 * client}, ${2 * client + 1}`, /^\{/),
      false,
    );
  await measure(
    server,
    {
      what: `v0.2 port, switch 2 channels, break ${breakTime} ms`,
      clients,
      v02: breakTime === 0 ? (V02[clients === 1 ? 'switch' : 'switch 8'] ?? '') : '',
    },
    (client, turn) => {
      const word = turnOf(turn) ? 'True' : 'False';
      return askV02(port, `{${2 * client}: ${word}, ${2 * client + 1}: ${word}}`, /^True$/);
    },
    true,
  );
  await server.stop();
};

const measureHttp = async (clients: number): Promise<void> => {
  const server = await startServer(clients, 0);
  const http = createHttpAsk(server.url, TOKEN, clients);
  await measure(
    server,
    { what: 'HTTP, state', clients, v02: '' },
    () => http.ask('GET', '/api/v1/state'),
    false,
  );
  // As our own client does, and with the whole board's state in each answer.
  for (const prefer of ['return=minimal', undefined])
    await measure(
      server,
      { what: `HTTP, switch 2 channels, ${prefer ? 'break 0 ms' : 'state answered'}`, clients, v02: '' },
      (client, turn) => {
        const on = turnOf(turn);
        const channels = { [2 * client]: on, [2 * client + 1]: on };
        return http.ask('POST', '/api/v1/switch', JSON.stringify({ reason: 'bench', channels }), prefer);
      },
      true,
    );
  http.close();
  await server.stop();
};

const CLIENTS = [1, 16, 64];
for (const clients of CLIENTS) await measureV02(clients, 0);
for (const clients of [1, 16]) await measureV02(clients, 50);
for (const clients of CLIENTS) await measureHttp(clients);

const [cpu] = cpus();
const machine = `${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}, Node ${process.version}`;
const ms = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
const cells = rows.map((row) => [
  row.what,
  String(row.clients),
  String(row.perSecond),
  String(row.cpu),
  ms(row.p50),
  ms(row.p99),
  ms(row.line50),
  ms(row.line99),
  row.v02,
]);
const head = ['what', 'clients', 'per s', 'CPU µs', 'p50 ms', 'p99 ms', 'line p50', 'line p99', 'v0.2'];

if (values.json) process.stdout.write(`${JSON.stringify({ machine, memory, rows })}\n`);
else {
  const widths = head.map((name, index) =>
    Math.max(name.length, ...cells.map((cell) => cell[index]?.length ?? 0)),
  );
  const line = (cell: readonly string[]): string =>
    `| ${cell.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const table = [
    line(head),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...cells.map(line),
  ];
  const failed = rows.reduce((total, row) => total + row.failures, 0);
  process.stdout.write(
    `${table.join('\n')}\n\n${machine}; clients on the same machine. Server at most ${Math.round(memory / 1e6)} MB; ${failed} requests failed.\n`,
  );
}
