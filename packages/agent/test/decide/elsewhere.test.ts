import { Energy, Instant, Register, Watts } from '@daisee/units';
import { describe } from 'vitest';
import { NODE, SELLER_1, SELLER_2 } from '../world/lab.ts';
import { buy, check, holding, low, NOW, type Row, switchTo } from './situation.ts';

const registers = new Map([
  [NODE, Register(10n)],
  [SELLER_1, Register(5n)],
]);
/** Registers, with what they show bought. */
const measured = { registers, purchased: new Map([[SELLER_1, Energy(5n)]]) };
const sampleAt = (ms: number) => ({ last: { at: Instant(NOW - ms), power: Watts(200) } });

const elsewhere: readonly Row[] = [
  ['a relay that cannot be read: it does nothing', holding(10), { ...low, feed: 'unknown' }, []],
  [
    'channels that make no source: it orders rest',
    holding(10),
    { ...low, feed: 'disordered' },
    [switchTo('own', 'disorder')],
  ],
  ['nothing new: no report', measured, { reported: registers }, []],
  [
    'the first registers after a start are reported',
    measured,
    { reportedAt: undefined as never },
    [{ type: 'report', why: 'start' }],
  ],
  [
    'after the interval registers are reported',
    measured,
    { reportedAt: Instant(NOW - 61_000) },
    [{ type: 'report', why: 'interval' }],
  ],
  ['before the interval they are not', measured, { reportedAt: Instant(NOW - 60_999) }, []],
  [
    'after a switch they are reported, once the samples around it are booked',
    { ...measured, ...sampleAt(1000), lastSwitch: Instant(NOW - 5000) },
    { reportedAt: Instant(NOW - 20_000) },
    [{ type: 'report', why: 'switch' }],
  ],
  [
    'and not before',
    { ...measured, ...sampleAt(6000), lastSwitch: Instant(NOW - 5000) },
    { reportedAt: Instant(NOW - 20_000) },
    [],
  ],
  ['two reports never run at once', measured, { reportedAt: undefined as never, inFlight: 'report' }, []],
  [
    'nothing is reported before the ledger’s registers are known',
    measured,
    { reported: undefined as never, reportedAt: undefined as never },
    [],
  ],
  [
    'a purchase carries the report itself',
    measured,
    { ...low, reportedAt: undefined as never },
    [buy(SELLER_2)],
  ],
  [
    'a report goes beside a switch',
    { ...measured, ...holding(10) },
    { ...low, reportedAt: undefined as never },
    [switchTo(SELLER_1, 'below-limit'), { type: 'report', why: 'start' }],
  ],
];

describe('in between, and reports', () => check(elsewhere));
