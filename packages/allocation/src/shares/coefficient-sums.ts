import { FileRefused } from '../files/file-error.ts';
import { WHOLE, WHOLE_WITHIN } from '../rules/rule.ts';

/** A number of millionths as a decimal. */
export const decimalOf = (millionths: number): string => (millionths / WHOLE).toFixed(6);

/** Holds the sums of coefficients to what the rule asks, and notes what is left for nobody. */
export const createSumCheck = (
  file: string,
  rule: { readonly name: string; readonly whole?: boolean | undefined },
): {
  readonly check: (sum: number, line: number, when: string) => void;
  readonly notes: () => readonly string[];
} => {
  let least = WHOLE;
  let where = '';
  return {
    check: (sum, line, when) => {
      if (sum > WHOLE + WHOLE_WITHIN)
        throw new FileRefused(
          file,
          line,
          `The coefficients${when} add up to ${decimalOf(sum)}: more than is produced would be given. Make them 1.`,
          { sum: decimalOf(sum) },
        );
      if (rule.whole && sum < WHOLE - WHOLE_WITHIN)
        throw new FileRefused(
          file,
          line,
          `The coefficients${when} add up to ${decimalOf(sum)}: ${rule.name} needs 1 (within 0.000001).`,
          { sum: decimalOf(sum) },
        );
      if (sum < least) {
        least = sum;
        where = when;
      }
    },
    notes: () =>
      least < WHOLE
        ? [
            `${file}: the coefficients${where} add up to ${decimalOf(least)}; the rest of the production is nobody's share and stays surplus.`,
          ]
        : [],
  };
};
