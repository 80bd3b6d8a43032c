/** Processes that die, end and hang. */
import type { Duration } from '@daisee/units';
import type { Chance, Fault, Law, PartName, Stage } from '../doors.ts';
import { agentAbsence } from './absence.ts';
import { bringBack, inWords, lasting, seconds, seenIf } from './lasting.ts';

const PARTS: readonly PartName[] = ['chain', 'monitor1', 'monitor2', 'relay', 'agent1', 'agent2', 'app'];

/** What each part's absence could break. */
const TRIED: Readonly<Record<PartName, readonly Law[]>> = {
  chain: [3, 4, 8],
  monitor1: [1, 8],
  monitor2: [1, 2, 8],
  relay: [6, 7, 8],
  agent1: [1, 3, 7, 8],
  agent2: [1, 2, 8],
  app: [8],
};

/** Those whose state a fault tries most are struck twice as often. */
const weightOf = (name: PartName): number =>
  name === 'agent1' || name === 'relay' || name === 'chain' ? 2 : 1;

const absence = (stage: Stage, chance: Chance, name: PartName, longest: number): Duration => {
  const usual = seconds(chance, 0, longest);
  return name === 'agent1' ? agentAbsence(stage, chance, usual) : usual;
};

const killed = (name: PartName): Fault => ({
  name: `${name} killed`,
  tries: TRIED[name],
  weight: weightOf(name),
  strike: async (stage, chance, signal) => {
    const length = absence(stage, chance, name, 60);
    const part = stage.parts[name];
    const pid = part.pid;
    await part.kill();
    await lasting(stage, length, signal);
    await bringBack(stage, part, signal);
    return seenIf(
      pid !== undefined,
      `process ${pid} got SIGKILL and was started again after ${inWords(length)}`,
    );
  },
});

const ended = (name: PartName): Fault => ({
  name: `${name} ended`,
  tries: TRIED[name],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const length = absence(stage, chance, name, 120);
    const part = stage.parts[name];
    const { running } = part;
    await part.stop();
    await lasting(stage, length, signal);
    await bringBack(stage, part, signal);
    return seenIf(running, `it ended at SIGTERM and was started again after ${inWords(length)}`);
  },
});

const paused = (name: PartName): Fault => ({
  name: `${name} paused`,
  tries: TRIED[name],
  weight: weightOf(name),
  strike: async (stage, chance, signal) => {
    // Short enough for a busy machine, or beyond every lease and time-out.
    const usual = chance.next() < 0.5 ? seconds(chance, 3, 60) : seconds(chance, 60, 300);
    const length = name === 'agent1' ? agentAbsence(stage, chance, usual) : usual;
    const part = stage.parts[name];
    const { running } = part;
    part.pause();
    await lasting(stage, length, signal, () => part.resume());
    return seenIf(running, `it stood still for ${inWords(length)}`);
  },
});

/** anvil alone, under a chain that lives on: it has to notice and start another. */
const anvilKilled: Fault = {
  name: 'anvil killed under the chain',
  tries: [3, 4, 8],
  weight: 1,
  strike: async (stage, _chance, _signal) => {
    const { chain } = stage.parts;
    const [anvil] = chain.children();
    if (anvil === undefined) return seenIf(false, 'there was no anvil just then');
    await chain.killOnly(anvil);
    return `process ${anvil} got SIGKILL, the chain's own went on`;
  },
};

export const processFaults: readonly Fault[] = [
  ...PARTS.map(killed),
  ended('agent1'),
  ended('relay'),
  ...PARTS.map(paused),
  anvilKilled,
];
