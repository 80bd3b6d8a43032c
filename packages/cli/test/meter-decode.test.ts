import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch } from './support/daisee.ts';

/** A telegram of DSMR 3, which has no checksum: power 1,010 W, 2,002 Wh. */
const TELEGRAM = [
  '/ISk5\\2MT382-1004',
  '',
  '1-0:1.8.1(00001.001*kWh)',
  '1-0:1.8.2(00001.001*kWh)',
  '1-0:1.7.0(0001.01*kW)',
  '!',
  '',
].join('\r\n');

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
};

describe('daisee meter decode', () => {
  it('prints a line a frame, in watts and watt-hours, with the format found by itself', async () => {
    const { code, stdout } = await daisee(['meter', 'decode', file('p1.txt', TELEGRAM + TELEGRAM), '--json']);
    expect(code).toBe(0);
    const [first, second] = records(stdout);
    expect(first).toMatchObject({
      at: null,
      power: 1010,
      import: 2002,
      export: null,
      phases: [],
      tariff: null,
      format: 'p1',
      problems: [],
    });
    expect(second).toMatchObject({ offset: TELEGRAM.length });
  });

  it('reads the same bytes written as hexadecimal text', async () => {
    const hex = Buffer.from(TELEGRAM).toString('hex').replaceAll(/(..)/g, '$1 ');
    const { code, stdout } = await daisee(['meter', 'decode', file('p1.hex', hex), '--json']);
    expect(code).toBe(0);
    expect(records(stdout)[0]).toMatchObject({ power: 1010 });
  });

  it('ends with 1 when something was not understood, and says at which byte', async () => {
    const cut = file('cut.txt', TELEGRAM + TELEGRAM.slice(0, 40));
    const { code, stdout, stderr } = await daisee(['meter', 'decode', cut, '--json']);
    expect(code).toBe(1);
    expect(records(stdout)[1]).toMatchObject({
      power: null,
      problems: [{ offset: TELEGRAM.length + 40, problem: 'a telegram without its end ("!")' }],
    });
    expect(stderr).toContain('1 place was not understood');
  });

  it('says in one line that a file is of no format, cannot be read, or that a key is none', async () => {
    const unknown = await daisee(['meter', 'decode', file('x', 'hello world, hello world'), '--json']);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^These are no frames of .*--format.*\n$/);
    const missing = await daisee(['meter', 'decode', '/nonexistent/file']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('/nonexistent/file cannot be read');
    const key = await daisee(['meter', 'decode', file('p1.txt', TELEGRAM)], { DAISEE_METER_KEY: 'abc' });
    expect([key.code, key.stderr]).toEqual([1, expect.stringContaining('32 hexadecimal digits')]);
  });

  it('has help with an example', async () => {
    const { code, stdout } = await daisee(['meter', 'decode', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Example: daisee meter decode');
  });
});
