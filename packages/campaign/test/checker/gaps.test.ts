import { Instant, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { type Delivered, undueGaps } from '../../src/checker/gaps.ts';

const second = (value: number) => Instant(value * 1000);
/** A sample of this second, acknowledged a second after it was sent. */
const sample = (at: number, sent = at): Delivered => ({
  at: second(at),
  delivery: { sent: second(sent), acknowledged: second(sent + 1) },
});
const gap = (from: number, to: number) => ({ from: second(from), to: second(to) });
const undue = (gaps: readonly ReturnType<typeof gap>[], samples: readonly Delivered[]) =>
  undueGaps(gaps, samples, Seconds(60)).map(({ between }) => between?.map((at) => at / 1000));

describe('a gap in the books', () => {
  it('is due where nothing was measured for longer than is bridged', () => {
    expect(undue([gap(0, 100)], [sample(0), sample(100), sample(108)])).toEqual([]);
  });

  it('is due where the samples in it came after the one that ends it', () => {
    expect(undue([gap(0, 100)], [sample(0), sample(50, 101), sample(100)])).toEqual([]);
    // Sent before it, and for all that is known stored after it.
    const unsure = { at: second(50), delivery: { sent: second(50) } };
    expect(undue([gap(0, 100)], [sample(0), unsure, sample(100)])).toEqual([]);
    expect(undue([gap(0, 100)], [sample(0), { at: second(50), delivery: undefined }, sample(100)])).toEqual(
      [],
    );
  });

  it('is not due over samples that the monitor had before', () => {
    expect(undue([gap(0, 100)], [sample(0), sample(50), sample(100)])).toEqual([[0, 50]]);
    expect(undue([gap(0, 200)], [sample(0), sample(90), sample(98), sample(200)])).toEqual([[90, 98]]);
  });

  it('is not due where it is short enough to be bridged', () => {
    expect(undue([gap(0, 60)], [sample(0), sample(60)])).toEqual([[0, 60]]);
  });

  it('is not due where it begins or ends without a sample', () => {
    expect(undue([gap(1, 100)], [sample(0), sample(100)])).toEqual([undefined]);
    expect(undue([gap(0, 99)], [sample(0), sample(100)])).toEqual([undefined]);
  });

  it('is due over single samples with gaps on both sides', () => {
    expect(undue([gap(0, 200)], [sample(0), sample(100), sample(200)])).toEqual([]);
  });
});
