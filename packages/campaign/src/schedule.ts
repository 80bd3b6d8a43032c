/** Which fault comes when: the same steps for the same seed, whatever happens between them. */
import { type Duration, Seconds } from '@daisee/units';
import { createChance, shuffled } from './chance.ts';
import type { Chance, Fault } from './doors.ts';

export interface Strike {
  readonly fault: Fault;
  readonly chance: Chance;
  /** After the step's begin. */
  readonly lag: Duration;
}

export interface Step {
  /** Counted from 1. */
  readonly number: number;
  /** One, or two that overlap. */
  readonly strikes: readonly Strike[];
  /** How long the lab is left alone once it has recovered. */
  readonly quiet: Duration;
}

/** Share of steps in which a second fault strikes while the first lasts. */
const OVERLAP = 0.2;
/** Share of quiet spells long enough for whole purchases. */
const LONG_SPELL = 0.2;

/**
 * Steps without an end. Faults are drawn as cards of a deck in which each lies as often as it weighs, so that all have
 * been struck before the deck is shuffled anew.
 */
export const schedule = function* (faults: readonly Fault[], seed: number): Generator<Step, never> {
  const chance = createChance(seed, 'schedule');
  let deck: Fault[] = [];
  const draw = (fits: (fault: Fault) => boolean): Fault | undefined => {
    if (deck.length === 0)
      deck = shuffled(
        faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)),
        chance,
      );
    const at = deck.findIndex(fits);
    return at < 0 ? undefined : deck.splice(at, 1)[0];
  };
  for (let number = 1; ; number++) {
    const first = draw(() => true);
    if (!first) throw new TypeError('unreachable: a deck of faults is never empty');
    const isDouble = chance.next() < OVERLAP && first.alone !== true;
    const second = isDouble ? draw((fault) => fault.alone !== true && fault.name !== first.name) : undefined;
    const lag = Seconds(chance.whole(0, 30));
    const strikes = [first, ...(second ? [second] : [])].map((fault, index) => ({
      fault,
      chance: createChance(seed, `${number} ${index} ${fault.name}`),
      lag: index === 0 ? Seconds(0) : lag,
    }));
    const quiet = chance.next() < LONG_SPELL ? chance.whole(150, 300) : chance.whole(10, 60);
    yield { number, strikes, quiet: Seconds(quiet) };
  }
};
