/** Transactions as CSV (RFC 4180), a part at a time. */
import { Readable } from 'node:stream';
import type { Transaction } from '../api.ts';

const COLUMNS = ['block', 'time', 'type', 'from', 'to', 'energy_wh', 'coins', 'price', 'hash'] as const;

const lineOf = (one: Transaction): string =>
  [
    one.block,
    new Date(one.at).toISOString(),
    one.type,
    one.from ?? '',
    one.to ?? '',
    one.energy ?? '',
    one.coins ?? '',
    one.price ?? '',
    one.hash,
  ].join(',');

/** @param page the transactions before a position, newest first */
export const csvOf = (page: (before?: number) => readonly Transaction[]): Readable =>
  Readable.from(
    (function* () {
      yield `${COLUMNS.join(',')}\r\n`;
      for (let before: number | undefined; ; ) {
        const rows = page(before);
        if (rows.length === 0) return;
        yield `${rows.map(lineOf).join('\r\n')}\r\n`;
        before = rows.at(-1)?.position;
      }
    })(),
  );
