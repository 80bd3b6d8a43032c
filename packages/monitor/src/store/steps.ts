import { Instant, QuantityError } from '@daisee/units';

/**
 * The edges of a window's steps in whole ms: `from`, then each step's end, the last one `to`; none for an empty window.
 * @throws QuantityError when the step is not above zero.
 */
export const stepEdges = (from: number, to: number, step: number): readonly Instant[] => {
  if (!(to > from)) return [];
  if (!(step > 0)) throw new QuantityError('A step', step, 'more than 0 ms');
  // A last step that exists only by the rounding of floats (0.1 + 0.2) is none.
  const count = Math.max(1, Math.ceil((to - from) / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => Instant(Math.round(i < count ? from + i * step : to)));
};
