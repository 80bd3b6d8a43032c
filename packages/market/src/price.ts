import { Coin, Energy, MICRO, type Price, QuantityError } from '@daisee/units';

/** Checks that an amount is not negative and returns it. */
const amount = <T extends bigint>(quantity: string, value: T): T => {
  if (value < 0n) throw new QuantityError(quantity, value, 'zero or more');
  return value;
};

/**
 * What `energy` costs at `price`, rounded up to the next millionth of a coin, in the seller's favour: the same
 * arithmetic as the ledger's, to the last unit.
 *
 * `cost(wattHours(1.5), Price(2_000_000n))` → 3 coins.
 *
 * @throws QuantityError when the energy is negative.
 */
export const cost = (energy: Energy, price: Price): Coin =>
  Coin((amount('Energy for sale', energy) * price + MICRO - 1n) / MICRO);

/**
 * The most energy that `coin` pays for at `price`, rounded down, so that `cost` of it never exceeds `coin`. None at
 * price 0: on the ledger a seller with price 0 sells nothing.
 *
 * @throws QuantityError when the amount of coin is negative.
 */
export const energyFor = (coin: Coin, price: Price): Energy =>
  Energy(price === 0n ? 0n : (amount('An amount of coin', coin) * MICRO) / price);
