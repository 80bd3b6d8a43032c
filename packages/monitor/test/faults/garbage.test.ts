/** Sensors that send garbage and half lines, on the wires they really use, into a running monitor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createMqttMeter, createSerialMeter, type Meter } from '@daisee/meter';
import { Duration, Instant, Seconds, systemClock } from '@daisee/units';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { createMonitor, openStore } from '../../src/index.ts';
import { until } from './process.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const collecting = async (meter: Meter) => {
  const store = openStore({ file: ':memory:' });
  const { id } = store.addSensor({ name: meter.name, sign: meter.sign });
  const warnings: string[] = [];
  const monitor = createMonitor({
    store,
    clock: systemClock,
    port: 0,
    meters: [{ sensorId: id, meter }],
    onWarning: ({ message }) => warnings.push(message),
  });
  ends.push(
    () => store.close(),
    () => monitor.stop(),
  );
  await monitor.start();
  const stored = () => store.samples(id, Instant(0), Instant(Number.MAX_SAFE_INTEGER));
  return { monitor, warnings, stored, powers: () => stored().map(({ power }) => Number(power)) };
};

/** Part of every Linux (util-linux). */
const SCRIPT = 'script';

/** A pseudo-terminal (of util-linux' `script`), behind which no program reads: what is written to it, its device says. */
const pseudoTerminal = async (): Promise<{
  readonly device: string;
  readonly write: (bytes: string | Buffer) => void;
}> => {
  const child: ChildProcess = spawn(SCRIPT, ['-qec', 'stty raw -echo; tty; exec sleep 600', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Of its own group: `script` is ended together with what runs in it.
    detached: true,
  });
  const closed = once(child, 'close');
  ends.push(async () => {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await closed;
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    said += piece;
  });
  await until(() => /\/dev\/\S+\s/.test(said));
  return {
    device: /\/dev\/\S+/.exec(said)?.[0] ?? '',
    write: (bytes) => void child.stdin?.write(bytes),
  };
};

describe('a monitor whose sensor sends garbage and half lines', () => {
  it('on a serial line stores the whole lines, and only those (a partial line killed v0.2’s collector)', async () => {
    const { device, write } = await pseudoTerminal();
    const { stored, powers, monitor } = await collecting(
      createSerialMeter({ name: 'Arduino', path: device, clock: systemClock, reopenAfter: Duration(50) }),
    );
    // The port is open once a line arrives; the first may be taken for the rest of a line.
    let n = 0;
    const opened = setInterval(() => write(`3.9800|87.50|${++n}.00\r\n`), 50);
    await until(() => powers().length > 0);
    clearInterval(opened);
    for (const garbage of [
      '3.98',
      '00|87.',
      '50|',
      '\r\n',
      '\xff\xfe\0\0\r\n',
      '||||\r\n',
      '3.9800|87.50|12.3.4\r\n',
      'x'.repeat(5000),
      '\r\n',
    ])
      write(Buffer.from(garbage, 'latin1'));
    write('3.9800|87.50|7777.00\r\n3.9800|8');
    await until(() => powers().includes(7777));
    write('6.50|8888.00\r\n');
    await until(() => powers().includes(8888));
    expect(powers().filter((power) => power > n || !Number.isInteger(power))).toEqual([7777, 8888]);
    expect(stored().at(-1)).toMatchObject({ voltage: 3.98, stateOfCharge: 86.5, power: 8888 });
    expect((await fetch(`${monitor.url}/api/v1/health`)).status).toBe(200);
  });

  it('over MQTT stores what can be read, and again once the broker was away and is back', async () => {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const listen = async (port: number): Promise<Server> => {
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket)));
        aedes.handle(socket);
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
      return server;
    };
    const leave = async (server: Server): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    };
    let server = await listen(0);
    ends.push(
      () => aedes.close(),
      () => leave(server),
    );
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const topic = 'house/sensor/power/state';
    const publish = (payload: string): Promise<void> =>
      new Promise((resolve, reject) =>
        aedes.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, (error) =>
          error ? reject(error) : resolve(),
        ),
      );
    const { powers, stored, warnings } = await collecting(
      createMqttMeter({
        name: 'Plug',
        url: `mqtt://127.0.0.1:${port}`,
        topics: [topic],
        clock: systemClock,
        reconnectAfter: Duration(50),
        repeatEvery: Seconds(600),
      }),
    );
    const hears = async (power: number): Promise<void> => {
      const again = setInterval(() => void publish(String(power)), 100);
      await until(() => powers().includes(power)).finally(() => clearInterval(again));
    };
    await hears(100);
    for (const garbage of ['{"power": 4', 'on', '\0\xff', '1e300', '[[[[', '']) await publish(garbage);
    await hears(200);
    await leave(server);
    await until(() => aedes.connectedClients === 0);
    server = await listen(port);
    await hears(300);
    expect([...new Set(powers())]).toEqual([100, 200, 300]);
    const instants = stored().map(({ at }) => Number(at));
    expect(instants).toEqual([...new Set(instants)].toSorted((a, b) => a - b));
    // The meter speaks for itself; nothing of it was a trouble of the monitor's.
    expect(warnings).toEqual([]);
  });
});
