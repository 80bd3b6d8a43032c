import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSimulatedDriver } from '../src/index.ts';
import { ask, type Lab, pageWiring, startLab, talk } from './support/lab.ts';

let lab: Lab;
afterEach(() => lab.stop());

describe('the v0.2 relay protocol, as listed', () => {
  // Requests of one table go to one board, one after the other, as they were captured.
  const page: readonly (readonly [request: string, reply: string])[] = [
    ['ReadDATA|0', '{0: False}'],
    ['ReadDATA|0,1', '{0: False, 1: False}'],
    ['ReadDATA|1, 0', '{1: False, 0: False}'],
    ['{0: True, 1: True}', 'True'],
    ['ReadDATA|0, 1, 2, 3', '{0: True, 1: True, 2: False, 3: False}'],
    ['{2: True, 3: True, 0: True, 1: True}', 'True'],
    ['ReadDATA|0, 1, 2, 3', '{0: True, 1: True, 2: True, 3: True}'],
    ['{2: False, 3: False, 0: False, 1: False}', 'True'],
    ['ReadDATA|0, 1, 2, 3', '{0: False, 1: False, 2: False, 3: False}'],
    ['{9: True}', 'False'],
    ['[0, 1]', 'False'],
    ['hello', 'False'],
    ['readDATA|0', 'False'],
    ["{0: 'on'}", 'False'],
  ];

  it.each([
    { name: 'two channels a node, the default', board: {} },
    { name: 'one channel a node, as on the page', board: { wiring: pageWiring } },
  ])('answers every row byte for byte with $name', async ({ board }) => {
    lab = await startLab({ board });
    for (const [request, reply] of page)
      expect([request, await talk(lab.port, [request])]).toEqual([request, { reply, ended: true }]);
  });

  const on = '{0: True, 1: True, 2: True, 3: True}';
  const off = '{0: False, 1: False, 2: False, 3: False}';
  it.each([
    ['in CR LF', '{0: True, 1: True, 2: True, 3: True}\r\n', on],
    ['as a flow map of yes', '{0: yes, 1: Yes, 2: YES, 3: yes}', on],
    ['as a flow map of on', '{0: on, 1: On, 2: ON, 3: on}', on],
    ['as a flow map of 1', '{0: 1, 1: 1, 2: 1, 3: 1}', on],
    ['as a flow map of YAML truth', '{0: true, 1: TRUE, 2: True, 3: true}', on],
    ['as a flow map over lines', '{\r\n  0: on,\r\n  1: on,\r\n  2: on,\r\n  3: on,\r\n}\r\n', on],
    ['as a dictionary without spaces', '{0:True,1:True,2:True,3:True}', on],
    ['as a block map in CR LF', '0: yes\r\n1: on\r\n2: 1\r\n3: True\r\n', on],
    ['as a block map without an end of line', '0: yes\n1: on\n2: 1\n3: True', on],
    ['as an indented block map', '  0: on\n  1: on\n  2: on\n  3: on\n', on],
    ['as a flow map of no, off, 0', '{0: no, 1: off, 2: 0, 3: False}', off],
    ['as a block map of no, off, 0', '0: No\n1: OFF\n2: 0\n3: FALSE\n', off],
    ['as an empty dictionary', '{}', off],
  ])('takes an order %s', async (_, request, states) => {
    lab = await startLab();
    expect(await ask(lab.port, request)).toBe('True');
    expect(await ask(lab.port, 'ReadDATA|0, 1, 2, 3\r\n')).toBe(states);
  });

  it.each([
    '{0: maybe}',
    '{0: 2}',
    '{0: None}',
    '{0: }',
    '{0}',
    '{-1: True}',
    '{0.5: True}',
    '{True: True}',
    "{'0': True}",
    '{"0": true}',
    '{0: True} {1: True}',
    '{0: True, 0: False}',
    '{{0: True}}',
    '{0: {1: True}}',
    '{0: True,, 1: True}',
    '{01: True}',
    '[]',
    '()',
    'True',
    '-1: on\n',
    '? 0',
    'ReadDATA',
    'ReadDATA|0;1',
    'ReadDATA|0 1',
    ' ReadDATA|0',
  ])('answers %j with False and changes nothing', async (request) => {
    lab = await startLab();
    expect(await talk(lab.port, [request], { halfClose: true })).toEqual({ reply: 'False', ended: true });
    expect([...lab.board.states().values()]).toEqual([false, false, false, false]);
  });

  it('takes a request of 255 bytes and answers a longer one with False', async () => {
    lab = await startLab();
    const longest = 'ReadDATA|0'.padEnd(255);
    expect(await ask(lab.port, longest)).toBe('{0: False}');
    expect(await ask(lab.port, `${longest} `)).toBe('False');
    expect(await ask(lab.port, 'x'.repeat(1_000_000))).toBe('False');
  });

  it('reads a channel that is asked for twice once, as a dictionary has it', async () => {
    lab = await startLab();
    expect(await ask(lab.port, 'ReadDATA|1,0,1')).toBe('{1: False, 0: False}');
  });

  it('answers channels of a board of any size', async () => {
    lab = await startLab({ board: { driver: createSimulatedDriver({ channels: 16 }) } });
    expect(await ask(lab.port, '{15: True}')).toBe('True');
    expect(await ask(lab.port, 'ReadDATA|15, 4')).toBe('{15: True, 4: False}');
  });

  it('closes its side after the reply, and stops without waiting for a client that keeps its own open', async () => {
    lab = await startLab();
    const socket = connect({ host: '127.0.0.1', port: lab.port, allowHalfOpen: true });
    let reply = '';
    socket.on('data', (bytes) => {
      reply += bytes.toString();
    });
    socket.on('error', () => socket.destroy());
    socket.write('{}');
    await once(socket, 'end');
    expect(reply).toBe('True');
    expect(socket.writable).toBe(true);
    await lab.stop();
    socket.destroy();
  });
});
