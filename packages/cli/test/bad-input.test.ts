import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, scratch } from './support/daisee.ts';

const address = '0x5eB05b0B4124d0A7F71989Edd789925b86543525';

/** One clear line on standard error, exit code not 0, no stack trace. */
const refusal = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { code, stdout, stderr } = await daisee(args, env);
  expect(code).not.toBe(0);
  expect(stdout).toBe('');
  expect(stderr).not.toMatch(/\n\s+at /);
  return stderr.trim();
};

describe('bad input gets one clear line', { timeout: 120_000 }, () => {
  it('a CSV with a bad row: file, line, what was found, what was expected', async () => {
    const file = join(scratch(), 'load.csv');
    writeFileSync(file, 'timestamp,watts\n2026-01-01T00:00:00Z,100\n2026-01-01T00:01:00Z,a lot\n');
    const line = await refusal(['demo', '--load', file]);
    expect(line).toContain(`${file}, line 3`);
    expect(line).toContain('a lot');
    expect(line.split('\n')).toHaveLength(1);
  });

  it('an option that needs another value', async () => {
    expect(await refusal(['demo', '--duration', 'soon'])).toMatch(
      /--duration .*soon.*It needs a length of time above zero, like 90s, 30m or 2h/,
    );
    expect(await refusal(['token', 'balance', '--account', '0x12'])).toMatch(/0x and 40 hexadecimal digits/);
    expect(await refusal(['demo', '--sped', '3'])).toMatch(/unknown option '--sped'/);
    expect(await refusal(['monitor', '--retention', '30d,7d'])).toMatch(
      /--retention .*30d,7d.*The second length of time needs to be longer than the first/,
    );
  });

  it('a command without what it needs', async () => {
    expect(await refusal(['status'])).toMatch(
      /The contracts are not named: give --exchange and --coin|No chain is named/,
    );
    expect(await refusal(['up', '-c', '/nowhere.yml'])).toBe(
      '/nowhere.yml: does not exist; give the settings with -c FILE',
    );
  });

  it('a password that is wrong, a key that is not there, a file that is another account’s', async () => {
    const keystore = join(scratch(), 'keys');
    const made = await daisee(['account', 'new', '--keystore', keystore, '--json'], {
      DAISEE_ACCOUNTPSWD: 'right',
    });
    const { address: own, file } = JSON.parse(made.stdout) as { address: string; file: string };
    expect(existsSync(file)).toBe(true);
    const deploy = ['deploy', '--rpc', 'http://127.0.0.1:1', '--keystore', keystore];
    expect(await refusal([...deploy, '--account', own], { DAISEE_ACCOUNTPSWD: 'wrong' })).toMatch(
      /The password does not open the key file/,
    );
    expect(await refusal([...deploy, '--account', address], { DAISEE_ACCOUNTPSWD: 'right' })).toMatch(
      /There is no key of 0x5eB0.*daisee account new/,
    );
    expect(
      await refusal(['deploy', '--rpc', 'http://127.0.0.1:1', '--keystore', file, '--account', address], {
        DAISEE_ACCOUNTPSWD: 'right',
      }),
    ).toMatch(/belongs to .*, not to 0x5eB0/);
    const listed = await daisee(['account', 'list', '--keystore', keystore]);
    expect(listed.stdout).toContain(own);
  });

  it('a port in use: who needs it and which option changes it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const taken = server.address();
    const port = String(typeof taken === 'object' && taken ? taken.port : 0);
    try {
      expect(await refusal(['relay', '--port', port])).toMatch(
        new RegExp(`relay server cannot listen on 127.0.0.1:${port}.*--port`),
      );
      expect(await refusal(['monitor', '--port', port, '--data', scratch()])).toMatch(
        new RegExp(`monitor cannot listen on 127.0.0.1 port ${port}.*--port`),
      );
      expect(await refusal(['chain', '--port', port, '--data', scratch()])).toMatch(
        new RegExp(`chain cannot listen on 127.0.0.1:${port}.*--port`),
      );
    } finally {
      server.close();
    }
  });

  it('a lab folder that another lab uses, or that holds another world', async () => {
    const directory = join(scratch(), 'lab');
    const first = await daisee([
      'demo',
      '--speed',
      '6000',
      '--duration',
      '16s',
      '--json',
      '--data',
      directory,
    ]);
    expect(first.code).toBe(0);
    expect(
      await refusal([
        'demo',
        '--speed',
        '6000',
        '--duration',
        '16s',
        '--json',
        '--no-app',
        '--seed',
        '2',
        '--data',
        directory,
      ]),
    ).toMatch(/made with seed 1, not 2/);
    writeFileSync(join(directory, 'lock'), String(process.pid));
    expect(await refusal(['demo', '--data', directory, '--json'])).toMatch(
      /is in use by the lab of process \d+; stop that one, or name another folder with --data/,
    );
  });
});
