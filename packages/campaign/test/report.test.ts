import { Duration } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import type { Outcome, Struck } from '../src/campaign.ts';
import type { Fault } from '../src/doors.ts';
import { exitCodeOf, lineOf, rowsOf, summaryOf, tableOf } from '../src/report.ts';

const fault: Fault = { name: 'a storm', tries: [1], weight: 1, strike: async () => '' };
const struck = (more: Partial<Struck>): Struck => ({
  fault,
  step: 1,
  at: Duration(0),
  seen: 'it blew',
  happened: true,
  failed: false,
  recovery: Duration(1000),
  isBesideAnother: false,
  ...more,
});
const outcome = (...all: readonly Struck[]): Outcome => ({
  struck: all,
  found: [],
  looks: 3,
  tries: { agent: 2, link: 1, device: 0 },
  isWhole: true,
  lasted: Duration(60_000),
});
const missed = struck({ happened: false, seen: 'no wind' });
const undone = struck({ happened: false, failed: true, seen: 'no key' });

describe('the report', () => {
  it('counts only faults that happened', () => {
    const rows = rowsOf(outcome(struck({}), missed, undone), [fault]);
    expect(rows).toMatchObject([{ struck: 1, failed: 1, missed: 1 }]);
    expect(tableOf(rows)).toContain('| 1 (1 not done, 1 did not come about) |');
    expect(summaryOf(outcome(struck({}), missed, undone), rows, 20, 'again')).toContain(
      '1 fault of 1 kind (2 more did not come about) in',
    );
  });

  it('says of the others what was missing', () => {
    expect(lineOf({ type: 'struck', struck: missed })).toContain('did not come about: no wind');
    expect(lineOf({ type: 'struck', struck: undone })).toContain('could not be done: no key');
    expect(lineOf({ type: 'struck', struck: struck({}) })).toContain('law 1: it blew');
  });

  it('says how often the leases were tried', () => {
    expect(summaryOf(outcome(), [], 20, 'again')).toContain('2 with the agent away, 1 with');
  });

  it('does not pass a campaign that was ended early', () => {
    const early = { ...outcome(), isWhole: false };
    expect(exitCodeOf(outcome())).toBe(0);
    expect(exitCodeOf(early)).toBe(130);
    expect(summaryOf(early, [], 20, 'again')).toContain('NOT JUDGED');
    expect(exitCodeOf({ ...early, found: [{ law: 1, what: '', at: 0 as never, faults: [] }] })).toBe(1);
  });
});
