/** A disk without room: a small tmpfs in a mount namespace of the service's own, root or not. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, JSON_BODY, type Service, startService, until } from './process.ts';

/** Runs a command where `folder` is a file system of 3 MB: as root, or as root of a user namespace. */
const onSmallDisk = (folder: string): readonly string[] => {
  const script = 'mount -t tmpfs -o size=3m tmpfs "$1" && shift && exec "$@"';
  for (const flags of ['-m', '-rm']) {
    const wrap = ['unshare', flags, 'sh', '-c', script, 'sh', folder];
    const [command = '', ...args] = wrap;
    if (spawnSync(command, [...args, 'true']).status === 0) return wrap;
  }
  return [];
};

describe.each([
  ['writes each sample of its meters at once', false],
  ['holds them in memory', true],
])('a monitor whose disk is full and that %s', (_how, holds) => {
  let folder = '';
  let memory = '';
  let service: Service;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-full-'));
    const wrap = onSmallDisk(folder);
    expect(wrap, 'a kernel that lets this user mount a tmpfs in a namespace of its own').not.toEqual([]);
    memory = mkdtempSync(join(tmpdir(), 'daisee-memory-'));
    service = await startService({ folder, metered: true, ...(holds ? { holds: memory } : {}) }, wrap);
  });
  afterAll(async () => {
    await service?.stop();
    for (const one of [folder, memory]) rmSync(one, { recursive: true });
  });

  const read = async (path: string): Promise<Record<string, unknown>> => {
    const { status, text } = await ask(`${service.url}/api/v1${path}`);
    expect(status).toBe(200);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const T0 = 1_790_000_000_000;
  let next = 0;
  const acknowledged: number[] = [];
  const send = async (count: number) => {
    const samples = Array.from({ length: count }, (_, i) => ({ at: T0 + (next + i) * 1000, power: 360 }));
    const reply = await ask(`${service.url}/api/v1/sensors/1/samples`, {
      body: JSON.stringify(samples),
      headers: JSON_BODY,
    });
    if (reply.status === 200) {
      acknowledged.push(...samples.map(({ at }) => at));
      next += count;
    }
    return reply;
  };

  it('refuses samples with a clear error, answers what is read, keeps what its meters bring, and recovers', async () => {
    expect((await send(100)).status).toBe(200);
    await until(async () => Number((await read('/health'))['sensors']) === 2);
    await service.order('fill');

    // What room the files have left is used up first.
    let refused = await send(500);
    for (let tries = 0; refused.status === 200 && tries < 100; tries++) refused = await send(500);
    expect(refused).toMatchObject({
      status: 507,
      headers: {
        'content-type': expect.stringMatching(/^application\/problem\+json/) as string,
        'retry-after': '5',
      },
    });
    expect(JSON.parse(refused.text)).toMatchObject({
      status: 507,
      code: 'monitor.store-full',
      detail: expect.stringMatching(/has no room left: free space on its disk/) as string,
    });
    for (let i = 0; i < 20; i++) expect((await send(500)).status).toBe(507);
    expect(
      (
        await ask(`${service.url}/api/v1/tokens`, {
          body: '{"name": "x", "scopes": ["read"]}',
          headers: JSON_BODY,
        })
      ).status,
    ).toBe(507);

    const energy = `/sensors/1/energy?from=${T0}&to=${T0 + next * 1000}`;
    expect(await read(energy)).toMatchObject({ energy: ((next - 1) * 0.1).toFixed(6) });
    expect(await read('/sensors/1/latest')).toMatchObject({ sample: { at: acknowledged.at(-1) } });
    expect((await ask(`${service.url}/metrics`)).status).toBe(200);
    await until(async () => (await read('/health'))['status'] === 'degraded');
    const waiting = Number((await read('/health'))['waiting']);
    await until(async () => Number((await read('/health'))['waiting']) > waiting + 5);

    await service.order('free');
    await until(async () => (await read('/health'))['status'] === 'ok');
    expect((await send(500)).status).toBe(200);
    const { samples } = (await read(`/sensors/1/samples?from=${T0}&limit=10000`)) as {
      samples: { at: number }[];
    };
    expect(samples.map(({ at }) => at)).toEqual(acknowledged);
    // The meter numbers its samples by their power: none is missing.
    const metered = (await read('/sensors/2/samples?limit=10000')) as { samples: { power: number }[] };
    expect(metered.samples.map(({ power }) => power)).toEqual(metered.samples.map((_, number) => number));
    expect(metered.samples.length).toBeGreaterThan(waiting + 5);

    // Each kind of trouble was said once, not for each request.
    const { warnings } = await service.order('report');
    expect(warnings.filter((text) => text.includes('POST /api/v1/sensors/1/samples failed'))).toHaveLength(1);
    expect(warnings.filter((text) => text.startsWith('Samples of meter steady wait'))).toHaveLength(1);
    expect(warnings).toContain('Samples of meter steady are being stored again.');
  }, 60_000);
});
