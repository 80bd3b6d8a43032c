/** Connections that are cut, late, reset or silent; which of them, chance says. */
import { Duration } from '@daisee/units';
import type { Chance, Fault, Law, Link, LinkName, Sight } from '../doors.ts';
import { inWords, lasting, seconds, seenIf } from './lasting.ts';

const LINKS: readonly [LinkName, ...LinkName[]] = [
  'agent1-chain',
  'agent2-chain',
  'app-chain',
  'agent1-monitor1',
  'agent2-monitor2',
  'app-monitor1',
  'app-relay',
  'agent1-relay',
  'relay-board',
  'meter1-monitor1',
  'meter2-monitor2',
];

/** Over the v0.2 port the App must not ask the relay. */
const isIdle = (link: Link): boolean => link.carried === 0;
const idle = (link: Link): Sight => seenIf(false, `nobody uses ${link.name}`);

const connection = (
  what: string,
  tries: readonly Law[],
  strike: (link: Link, chance: Chance) => { readonly end: () => void; readonly seen: string },
  longest = 180,
): Fault => ({
  name: `a connection ${what}`,
  tries,
  weight: 4,
  strike: async (stage, chance, signal) => {
    const link = stage.links[chance.pick(LINKS)];
    const length = seconds(chance, 5, longest);
    if (isIdle(link)) return idle(link);
    const { end, seen } = strike(link, chance);
    await lasting(stage, length, signal, end);
    return `${link.name} ${seen} for ${inWords(length)}`;
  },
});

/** Machine milliseconds: the product's own time-outs on sockets are in the machine's time, 5 s and more. */
const SHORTEST_DELAY = 20;
const LONGEST_DELAY = 3000;

export const connectionFaults: readonly Fault[] = [
  connection('cut', [1, 7, 8], (link) => ({ end: link.cut(), seen: 'was cut' })),
  connection('delayed', [1, 6, 8], (link, chance) => {
    const delay = Duration(Math.round(chance.between(SHORTEST_DELAY, LONGEST_DELAY)));
    return { end: link.delay(delay), seen: `was ${delay} ms late each way` };
  }),
  connection('stalled', [1, 6, 8], (link) => ({ end: link.stall(), seen: 'carried nothing' })),
  {
    name: 'connections reset',
    tries: [1, 6, 8],
    weight: 4,
    strike: async (stage, chance, signal) => {
      const link = stage.links[chance.pick(LINKS)];
      const times = chance.whole(1, 8);
      if (isIdle(link)) return idle(link);
      for (let time = 0; time < times; time++) {
        link.reset();
        await lasting(stage, seconds(chance, 1, 15), signal);
      }
      return `${link.name} lost its connections ${times} times`;
    },
  },
];
