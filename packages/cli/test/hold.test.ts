/** Where and how long samples are held before they are written. */
import { userInfo } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { monitor } from '../src/settings/monitor.ts';
import { monitorFrom } from '../src/settings/monitoring.ts';
import { memoryDirectory } from '../src/settings/places.ts';

describe('samples that are held', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('are where systemd keeps what a service has in memory, else in a folder of the user', () => {
    vi.stubEnv('RUNTIME_DIRECTORY', '/run/daisee:/run/other');
    expect(memoryDirectory()).toBe('/run/daisee/held');
    vi.stubEnv('RUNTIME_DIRECTORY', '');
    expect(memoryDirectory()).toBe(`/dev/shm/daisee-${userInfo().uid}`);
  });

  it('are held as long as the settings say, or not at all', () => {
    const given = (holdFor: unknown) =>
      monitorFrom(monitor.parse(holdFor === undefined ? {} : { holdFor }), {}).holdFor;
    expect(given(undefined)).toBeUndefined();
    expect(given('10m')).toBe(600_000);
    expect(given(30)).toBe(30_000);
    expect(given(false)).toBe(false);
    expect(() => given(0)).toThrow(/length of time above zero/);
  });
});
