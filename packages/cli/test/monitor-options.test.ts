/** Options of `daisee monitor` that cannot be used: one clear line each, before anything starts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/main.ts';

describe('daisee monitor refuses', () => {
  let home = '';
  let said = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'daisee-options-'));
    vi.stubEnv('DAISEE_HOME', home);
    said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    process.exitCode = 0;
    rmSync(home, { recursive: true, force: true });
  });

  it.each([
    [['--mqtt', 'mqtt://b'], '--mqtt needs --topic beside it, like --topic tele/plug/SENSOR.'],
    [
      ['--mqtt', 'b:1883', '--topic', 't'],
      '--mqtt: needs the address of a broker, like mqtt://192.168.0.10:1883 or mqtts://broker.lan',
    ],
    [['--mqtt', 'mqtt://b', '--topic', 'tele/#'], '--topic: needs one topic, without + and #'],
    [
      ['--mqtt', 'mqtt://b', '--topic', 't', '--shelly', 'h'],
      'A sensor has one source: give only one of --mqtt, --shelly (several meters go into the settings: monitor.meters).',
    ],
    [['--topic', 't'], '--topic needs a source beside it: --mqtt, --shelly, --serial, --sysfs or --replay.'],
    [['--serial', '/dev/tty', '--phase', 'a'], '--phase: is of no use with this source'],
    [
      ['--shelly', 'h', '--component', 'EM'],
      '--component: needs a component of a Shelly that measures: em:0, em1:0, pm1:0, switch:0, cover:0 or light:0',
    ],
    [
      ['--shelly', 'h', '--sign', 'both'],
      "--sign: needs 'load' (what it takes), 'source' (what it gives) or 'signed' (import positive)",
    ],
    [
      ['--shelly', 'h', '--shelly-password-file', '/nowhere'],
      /^The file with the password, \/nowhere, cannot be read/,
    ],
    [['--home-assistant'], '--home-assistant needs the address of its broker where there is no --mqtt.'],
    [
      ['--home-assistant', 'mqtt://b', '--home-assistant-id', 'my node'],
      '--home-assistant-id: needs up to 64 letters, digits, _ and -',
    ],
    [
      ['--database', 'db.lan/daisee'],
      '--database: needs the address of a PostgreSQL database, like postgres://daisee@db.lan/daisee',
    ],
    [
      ['--database', 'postgres://db.lan/daisee', '--shelly', 'h'],
      'In a database that others may use the sensor needs a name: give --name.',
    ],
    [
      ['--database', 'postgres://daisee@127.0.0.1:1/daisee'],
      /The store postgres:\/\/daisee@127\.0\.0\.1:1\/daisee cannot be reached: start PostgreSQL or check the address/,
    ],
  ] as const)('%j', async (options, line) => {
    await main(['node', 'daisee', 'monitor', '--port', '0', ...options]);
    expect(process.exitCode).toBe(1);
    if (typeof line === 'string') expect(said).toBe(`${line}\n`);
    else expect(said).toMatch(line);
  });
});
