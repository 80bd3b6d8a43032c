/** What the tests of a consumer look at in its lab. */
import type { Duration } from '@daisee/units';
import { expect } from 'vitest';
import { type Lab, NODE, SELLER_1, SELLER_2 } from './lab.ts';

/** 200 W on 100 Wh: 3.3 points a minute, so a charge of 22 % is below the limit of 20 % after 36 s. */
export const lowSoon = { wattHours: 100, charge: 22, charger: 0 };

/** What was told, without what is told each period. */
export const kindsOf = (lab: Lab): readonly string[] =>
  lab.events
    .filter(({ type }) => !['soc', 'consumed-locally', 'reported', 'buying'].includes(type))
    .map((event) => {
      if (event.type === 'switched') return `${event.why}: ${event.to}`;
      if (event.type === 'trouble') return `trouble ${event.code}`;
      if (event.type === 'recovered') return `recovered ${event.code}`;
      return event.type;
    });

export const registersOf = (lab: Lab) => ({
  own: Number(lab.ledger.nodeOf(NODE).ownUse),
  from1: Number(lab.ledger.tradeOf(NODE, SELLER_1).consumed),
  from2: Number(lab.ledger.tradeOf(NODE, SELLER_2).consumed),
});

/** Law 1: registers on the ledger are the integral of what each wire carried, within 1 µWh. */
export const expectTrueBooks = (lab: Lab): void => {
  const { own, from1, from2 } = registersOf(lab);
  const wires = [
    [own, lab.truth('own')],
    [from1, lab.truth(SELLER_1)],
    [from2, lab.truth(SELLER_2)],
  ] as const;
  for (const [books, truth] of wires)
    expect(Math.abs(books - truth), `${books} against ${truth}`).toBeLessThanOrEqual(1);
};

export const isAtRest = (lab: Lab): boolean => [...lab.states.values()].every((on) => !on);

/** A consumer's life of that length, stopped in good order. */
export const run = async (lab: Lab, duration: Duration): Promise<void> => {
  const agent = lab.consumer();
  await agent.start();
  await lab.pass(duration);
  await agent.stop(lab.stopped);
};
