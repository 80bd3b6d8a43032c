import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHostNames, wrongName } from '../src/index.ts';

const REBOUND = [
  'evil.example',
  'evil.example:8000',
  '127.0.0.1.evil.example',
  'localhost.evil.example:80',
  'localhost.evil',
  'pi.evil.example',
  'evil.local',
  'evil.lan:80',
  'xpi',
  'pi.local.evil.example',
  '::1:80:80',
  '[::1].evil.example',
  '1.2.3',
  '127.1',
  '0x7f000001',
  '2130706433',
  'pi.local@evil.example',
  '',
  ':8000',
  ' ',
];

describe('a server that lets everybody in', () => {
  const { accepts } = createHostNames({ loopbackOnly: true, machine: 'pi', names: ['Home.Example'] });

  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1:8000', '127.9.9.9', '[::1]', '[::1]:8000', 'localhost.'])(
    'is asked as %s',
    (host) => expect(accepts(host)).toBe(true),
  );
  it('is asked by the name of a proxy that was named', () => {
    expect(accepts('home.example')).toBe(true);
    expect(accepts('HOME.example:443')).toBe(true);
    expect(accepts('www.home.example')).toBe(false);
  });
  it.each([undefined, ...REBOUND, '10.0.0.1', '[fe80::1]', 'pi', 'pi.local'])('is not asked as %s', (host) =>
    expect(accepts(host)).toBe(false),
  );
});

describe('a server with a login', () => {
  const { accepts, names } = createHostNames({
    loopbackOnly: false,
    machine: 'Pi.fritz.box',
    names: ['home.example'],
  });

  it.each([
    'localhost',
    '127.0.0.1:8000',
    '[::1]:8000',
    '10.0.0.1',
    '192.168.0.10:8080',
    '[fd00::2]:80',
    'pi',
    'PI:8000',
    'pi.local',
    'pi.lan',
    'pi.home.arpa',
    'pi.internal.',
    'pi.fritz.box:80',
    'home.example:443',
  ])('is asked as %s', (host) => expect(accepts(host)).toBe(true));

  it('is asked without a name by programs of HTTP/1.0', () => expect(accepts(undefined)).toBe(true));

  it.each(REBOUND)('is not asked as %s', (host) => expect(accepts(host)).toBe(false));

  it('is asked by nothing else: no name of more than one part passes that is not on its list', () => {
    const part = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 5 }), fc.nat(65_535), (parts, port) => {
        const name = parts.join('.');
        fc.pre(!names.includes(name) && !/^\d+(\.\d+){3}$/.test(name));
        expect(accepts(`${name}:${port}`)).toBe(false);
      }),
    );
  });

  it('is asked by the names that its certificate is made out to', () => {
    const certificate = readFileSync(join(import.meta.dirname, 'tls/certificate.pem'));
    const tls = createHostNames({ loopbackOnly: false, machine: 'pi', certificate });
    for (const host of ['relay.example:15556', 'RELAY.example', 'one.homes.example'])
      expect(tls.accepts(host)).toBe(true);
    for (const host of ['evil.example', 'relay.example.evil.example', 'homes.example'])
      expect(tls.accepts(host)).toBe(false);
  });
});

describe('the refusal', () => {
  it('says what was asked and where to name it, and nothing longer than a name', () => {
    expect(wrongName('app', 'evil.example:8000')).toMatchObject({
      status: 421,
      code: 'app.host',
      message: expect.stringContaining('add the name to app.hosts') as string,
    });
    expect(wrongName('app', 'x'.repeat(10_000)).message.length).toBeLessThan(400);
  });
});
