/** What a community agreed on: shown, changed, and given to a new ledger. */
import { DEFAULT_TERMS, type Terms } from '@daisee/chain';
import { Duration, type Energy, formatMicro } from '@daisee/units';
import { Command, InvalidArgumentError } from 'commander';
import { duration, numberBetween } from '../options.ts';
import { type LedgerOptions, openLedger, signerFrom, withLedger, withSigner } from './connect.ts';
import { action } from './run.ts';
import { brief, energyText } from './values.ts';

export interface TermsOptions {
  readonly priceNotice?: Duration;
  readonly debtsCloseMarket?: boolean;
  readonly tolerance?: Energy;
  readonly toleranceShare?: number;
}

const notice = (text: string): Duration => (/^0\s*\w*$/.test(text) ? Duration(0) : duration(text));
const yesOrNo = (text: string): boolean => {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new InvalidArgumentError('It needs yes or no.');
};
/** In percent, in the steps of the ledger: thousandths. */
const share = (text: string): number => Math.round(numberBetween(0, 100, 'a percentage')(text) * 10);

const { priceNotice, debtsCloseMarket, tolerance, toleranceShare } = DEFAULT_TERMS;

/** Adds the options that change terms. */
export const withTerms = (command: Command): Command =>
  command
    .option(
      '--price-notice <time>',
      `how long before it takes effect a higher price is announced (${priceNotice / 1000} s unless said)`,
      notice,
    )
    .option(
      '--debts-close-market <yes|no>',
      `whether who owes one seller can buy nothing new from others (${debtsCloseMarket ? 'yes' : 'no'} unless said)`,
      yesOrNo,
    )
    .option(
      '--tolerance <wh>',
      `Wh by which the meters of a seller and a buyer may differ (${brief(tolerance)} unless said)`,
      energyText,
    )
    .option(
      '--tolerance-share <percent>',
      `and percent of the higher one besides (${toleranceShare / 10} unless said)`,
      share,
    );

/** The terms with what the options change. */
export const termsFrom = (options: TermsOptions, terms: Terms): Terms => ({
  priceNotice: options.priceNotice ?? terms.priceNotice,
  debtsCloseMarket: options.debtsCloseMarket ?? terms.debtsCloseMarket,
  tolerance: options.tolerance ?? terms.tolerance,
  toleranceShare: options.toleranceShare ?? terms.toleranceShare,
});

const isAsked = (options: TermsOptions): boolean =>
  [options.priceNotice, options.debtsCloseMarket, options.tolerance, options.toleranceShare].some(
    (value) => value !== undefined,
  );

export const termsCommand = (): Command =>
  withTerms(
    withSigner(
      withLedger(
        new Command('terms').description('What the community agreed on; with options its admin changes it.'),
      ),
    ),
  )
    .addHelpText('after', '\nExample: daisee terms -c admin.yml --price-notice 5m')
    .action(
      action<LedgerOptions & TermsOptions>(async (options, output) => {
        const changes = isAsked(options);
        const ledger = await openLedger(options, output, changes ? await signerFrom(options) : undefined);
        try {
          const before = await ledger.terms();
          const terms = termsFrom(options, before);
          if (changes) await ledger.setTerms(terms);
          output.result(
            [
              `A higher price takes effect ${terms.priceNotice / 1000} s after it was announced.`,
              terms.debtsCloseMarket
                ? 'Who owes one seller coins buys nothing new from others before it has paid.'
                : 'Who owes one seller coins can buy from others.',
              `Meters of a seller and a buyer may differ by ${brief(terms.tolerance)} Wh and ${terms.toleranceShare / 10} %.`,
            ].join('\n'),
            {
              type: 'terms',
              priceNotice: terms.priceNotice / 1000,
              debtsCloseMarket: terms.debtsCloseMarket,
              toleranceWh: formatMicro(terms.tolerance),
              toleranceShare: terms.toleranceShare / 10,
            },
          );
        } finally {
          await ledger.stop();
        }
      }),
    );
