/** Brings what the chain says and what the agents say into one order, and has it told. */
import type { AgentEvent } from '@daisee/agent';
import type { Address, LedgerEvent } from '@daisee/chain';
import { type Duration, formatMicro, type Instant, sleepOrStop, toWattHours, untilNext } from '@daisee/units';
import type { Output } from '../output.ts';
import type { Lab } from './lab.ts';
import { createStory, type Story } from './story.ts';
import type { World } from './world.ts';

export interface NarratorOptions {
  readonly output: Output;
  readonly node1: Address;
  readonly node2: Address;
  readonly names: ReadonlyMap<string, string>;
  readonly blockTime: Duration;
}

type Told = {
  readonly at: Instant;
  readonly ledger?: LedgerEvent;
  readonly agent?: AgentEvent;
  readonly text?: string;
};

export const createNarrator = ({ output, node1, node2, names, blockTime }: NarratorOptions) => {
  const waiting: Told[] = [];
  let now: (() => Instant) | undefined;

  const tell = (story: Story, { at, ledger, agent, text }: Told): void => {
    if (ledger) story.event(ledger);
    else if (agent?.type === 'soc') story.soc(at, agent.stateOfCharge);
    else if (agent?.type === 'switched')
      story.switched(at, agent.channels, agent.to === 'own' ? node1 : agent.to);
    else if (agent?.type === 'trouble') story.trouble(at, agent.message);
    else if (text) story.trouble(at, text);
  };

  return {
    agent: (_node: Address, event: AgentEvent): void => {
      waiting.push({ at: event.at, agent: event });
    },
    trouble: (text: string): void => {
      if (now) waiting.push({ at: now(), text });
      else output.note(text);
    },
    introduce: (lab: Lab, world: World, speed: number): void => {
      const { node1: one, node2: two } = world.settings;
      const panel =
        two.solar.kind === 'panel'
          ? `a panel of ${two.solar.peakWatts.toFixed(0)} W`
          : 'a panel that replays measured watts';
      output.result(
        `DAISEE lab on chain ${lab.chain.chainId} at ${lab.chain.url}, ${speed} times as fast as real time`,
        { type: 'lab', chainId: lab.chain.chainId, url: lab.chain.url, node1, node2, speed },
      );
      output.line(
        `  Node 1 ${node1}  a battery of ${one.batteryWh.toFixed(1)} Wh, a load of about ${world.meanLoad.toFixed(0)} W; below ${world.limit} % it buys what brings it to ${toWattHours(world.delta).toFixed(2)} Wh`,
      );
      output.line(
        `  Node 2 ${node2}  ${panel}, a battery of ${two.batteryWh.toFixed(1)} Wh; sells at 1 coin per Wh`,
      );
      output.line(
        `  Each has ${formatMicro(world.coins).replace(/\.?0+$/, '')} coins. Lab time begins at ${new Date(lab.clock.now()).toISOString()}. Ctrl-C ends it.`,
      );
      output.line();
      output.line('block   lab time  what happened');
    },
    /** Follows a running lab; `end` tells the rest. */
    follow: (lab: Lab) => {
      const story = createStory({ output, node1, node2, names, purchased: lab.purchased });
      const stop = new AbortController();
      const feed = lab.ledger.createFeed({ from: lab.firstBlock });
      now = () => lab.clock.now();
      const catchUp = async (): Promise<void> => {
        const events = await feed.poll();
        story.reached(lab.chain.latest().number);
        const all: Told[] = [
          ...events.filter((event) => event.type !== 'reverted').map((ledger) => ({ at: ledger.at, ledger })),
          ...waiting.splice(0),
        ];
        for (const one of all.toSorted(
          (a, b) => a.at - b.at || Number(Boolean(a.agent)) - Number(Boolean(b.agent)),
        ))
          tell(story, one);
      };
      const loop = lab.clock.task(async () => {
        while (await sleepOrStop(lab.clock, untilNext(lab.clock.now(), blockTime), stop.signal))
          await catchUp();
      });
      return {
        end: async (): Promise<void> => {
          stop.abort();
          await loop;
          await catchUp();
          story.flush(lab.clock.now());
        },
      };
    },
  };
};
