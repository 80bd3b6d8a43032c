/** What a community agreed on, as its ledger keeps it. */
import { DaiseeError, Duration, Energy, Seconds, wattHours } from '@daisee/units';

export interface Terms {
  /** How long before it takes effect a higher price is announced; whole seconds. */
  readonly priceNotice: Duration;
  /** Whether who owes coins to one seller can buy new energy from others. */
  readonly debtsCloseMarket: boolean;
  /** By how much the registers of a seller and a buyer may differ … */
  readonly tolerance: Energy;
  /** … besides a share of the higher of the two, in thousandths. */
  readonly toleranceShare: number;
}

/**
 * What a new ledger has unless its community wants otherwise. A minute is a few blocks and more than an agent's look; 10 Wh
 * is what a home of 3 kW draws in 12 s, between one report and the other; 2 % are two meters of class 1 (EN 50470).
 */
export const DEFAULT_TERMS: Terms = {
  priceNotice: Seconds(60),
  debtsCloseMarket: true,
  tolerance: wattHours(10),
  toleranceShare: 20,
};

/** Terms that a ledger cannot keep. */
export class BadTerms extends DaiseeError {
  constructor(what: string, got: string, expected: string) {
    super({
      code: 'chain.terms',
      message: `${what} cannot be ${got}: expected ${expected}.`,
      retryable: false,
      values: { what, got, expected },
    });
  }
}

const LONGEST_NOTICE = 2 ** 32 - 1;

/** As the contract takes them. @throws BadTerms */
export const contractTerms = ({ priceNotice, debtsCloseMarket, tolerance, toleranceShare }: Terms) => {
  const seconds = priceNotice / 1000;
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_NOTICE)
    throw new BadTerms('The notice of a price', `${seconds} s`, 'whole seconds, at most 136 years');
  if (tolerance < 0n || tolerance >= 1n << 64n)
    throw new BadTerms('The tolerance', `${tolerance} µWh`, '0 to 18 TWh');
  if (!Number.isInteger(toleranceShare) || toleranceShare < 0 || toleranceShare > 1000)
    throw new BadTerms('The share of the tolerance', `${toleranceShare} thousandths`, '0 to 1000');
  return { priceNotice: seconds, debtsCloseMarket, tolerance, toleranceShare };
};

/** As the contract tells them. */
export const termsOf = (terms: {
  readonly priceNotice: number;
  readonly debtsCloseMarket: boolean;
  readonly tolerance: bigint;
  readonly toleranceShare: number;
}): Terms => ({
  priceNotice: Duration(terms.priceNotice * 1000),
  debtsCloseMarket: terms.debtsCloseMarket,
  tolerance: Energy(terms.tolerance),
  toleranceShare: terms.toleranceShare,
});
