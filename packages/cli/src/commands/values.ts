/** Amounts and addresses as commands take and show them. */
import { type Address, toAddress } from '@daisee/chain';
import { type Coin, Energy, formatMicro, messageOf } from '@daisee/units';
import { InvalidArgumentError } from 'commander';
import { micro } from '../options.ts';

export const addressText = (text: string): Address => {
  try {
    return toAddress(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
};

export const energyText = (text: string): Energy => Energy(micro(text));
export const coinText = (text: string): Coin => micro(text) as Coin;

/** `12.500000` → `12.5`, for people. */
export const brief = (millionths: bigint): string => formatMicro(millionths).replace(/\.?0+$/, '');
