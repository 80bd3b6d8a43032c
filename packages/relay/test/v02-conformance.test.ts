import { once } from 'node:events';
import { connect } from 'node:net';
import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createSimulatedDriver, type RelayServerEvent } from '../src/index.ts';
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
    ['as a dictionary with spaces before its colons', '{0 : True,1 : True , 2:  True,3 :\r\nTrue}', on],
    ['that names channels twice', '{0: True, 1: True, 1: True, 2: True, 3: on, 0: 1}', on],
    ['as a block map that names a channel twice', '0: on\n1: on\n2: on\n3: on\n0 : on\n', on],
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

  // The seller's second channel of the client's own example file is its consumer's, or nobody's.
  it('takes what v0.2’s client sends with its own example file', async () => {
    lab = await startLab({ board: { wiring: pageWiring } });
    expect(await ask(lab.port, 'ReadDATA|1, 0')).toBe('{1: False, 0: False}');
    expect(await ask(lab.port, '{0: True, 1: True, 1: True, 2: True}')).toBe('True');
    expect(await ask(lab.port, 'ReadDATA|0, 1, 2, 3')).toBe('{0: True, 1: True, 2: True, 3: False}');
    expect(await ask(lab.port, '{0: False, 1: False, 1: False, 2: False}')).toBe('True');
    expect([...lab.board.states().values()]).toEqual([false, false, false, false]);
  });

  // Each was found by comparing `decode` with PyYAML 6.0.3 under v0.2's server; v0.2 answered `False` or died.
  it.each([
    '\t{0: True}',
    '{0:\tTrue}',
    '{\t0: True}',
    '{0: True\t}',
    '{0: True,\t1: True}',
    '{0: True}\t',
    '{\t}',
    '0:\ton\n',
    '0\t: on\n',
    '0: on\t\n',
    '0: on\n\t\n',
    '{0:True}',
    '{0:True,1:True,2:True,3:True}',
    '{0 :True}',
    '{0: True, 1:True}',
    '{0\n: True}',
    '{0\r\n: True}',
    '{0: True, 1\n : True}',
  ])('answers %j, which PyYAML does not read, with False and changes nothing', async (request) => {
    lab = await startLab({ board: { wiring: { loads: [] } }, server: { splitTimeout: Duration(60) } });
    expect(await talk(lab.port, [request], { halfClose: true })).toEqual({ reply: 'False', ended: true });
    expect([...lab.board.states().values()]).toEqual([false, false, false, false]);
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
    '0: on\n0: off\n',
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

describe('a request that is refused', () => {
  const told = async (
    requests: readonly (string | Uint8Array)[],
    clock = new VirtualClock({ start: Instant(0) }),
  ) => {
    const events: RelayServerEvent[] = [];
    lab = await startLab({
      board: { wiring: pageWiring },
      server: { clock, splitTimeout: Duration(30), onEvent: (event) => events.push(event) },
    });
    for (const request of requests) expect(await ask(lab.port, request)).toBe('False');
    return events;
  };

  it.each([
    [
      'hello',
      'requestRefused',
      /^The request "hello" is none of the protocol; nothing was changed\. A request is/,
    ],
    ['{0: True, 0: False}', 'requestRefused', /switches channel 0 on and off at once/],
    ['{0:\tTrue}', 'requestRefused', /"\{0:\\tTrue\}" has a tab, which YAML refuses/],
    ['{0:True}', 'requestRefused', /has "0:True" where a channel and its state are expected/],
    ['{0: Tr', 'requestRefused', /"\{0: Tr" breaks off/],
    ['\x1b[2J\x9b\xff\n', 'requestRefused', /"\\u001b\[2J\\u009b\\u00ff" is none/],
    ['x'.repeat(300), 'requestRefused', /^The request "x{80}"… has more than 255 bytes/],
    ['ReadDATA|9', 'requestRefused', /no channel 9; nothing was changed\. Its channels are 0 to 3/],
    ['{9: True}', 'orderRefused', /no channel 9/],
    ['{1: True}', 'orderRefused', /its own source and seller1 feed node 1 at once/],
  ] as const)('is told with its client and why: %j', async (request, type, message) => {
    expect(await told([Buffer.from(request, 'latin1')])).toMatchObject([
      { type, client: '127.0.0.1', error: { message: expect.stringMatching(message) as string }, untold: 0 },
    ]);
  });

  it('is not told for ever: ten at once, then one each ten seconds with the number of the others', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    const events = await told(
      Array.from({ length: 25 }, () => 'hello'),
      clock,
    );
    expect(events).toHaveLength(10);
    await clock.task(() => clock.sleep(Seconds(11)));
    expect(await ask(lab.port, 'hello')).toBe('False');
    expect(await ask(lab.port, 'hello')).toBe('False');
    expect(events).toHaveLength(11);
    expect(events[10]).toMatchObject({ untold: 15 });
  });
});
