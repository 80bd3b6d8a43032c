/** A file of shares in any of its forms, told apart by the first line. */
import { FileRefused } from '../files/file-error.ts';
import { fieldsOf, SEPARATORS } from '../files/lines.ts';
import { isShareList, readShareList } from './share-list.ts';
import { readShareTable } from './share-table.ts';
import type { SharesOptions, SharesSource } from './shares.ts';
import { isSpanish, readSpanishCoefficients } from './spanish-coefficients.ts';

/**
 * Reads shares for a rule and the points of a table: a list (`point,share,from,until`), a table by interval
 * (`start,consumer:A,consumer:B`), or Spain's file (`CUPS;0,123456`). @throws FileRefused
 */
export const readShares = (text: string, options: SharesOptions): SharesSource => {
  const content = text.replace(/^\uFEFF/, '');
  const [first = ''] = content.split(/\r?\n/, 1);
  if (isSpanish(first.trim())) return readSpanishCoefficients(content, options);
  if (isShareList(first)) return readShareList(content, options);
  if (SEPARATORS.some((separator) => /^consumer:/i.test(fieldsOf(first, separator)[1] ?? '')))
    return readShareTable(content, options);
  throw new FileRefused(
    options.file,
    1,
    `The first line ${JSON.stringify(first.slice(0, 60))} begins no file of shares: expected point,share (with producer, factor, rank, from, until where they are needed), start,consumer:A,consumer:B, or CUPS;0,123456.`,
  );
};
