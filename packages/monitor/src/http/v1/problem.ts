/** Errors of `/api/v1`: problem documents that may say of which sample they speak. */
import { faultShape as httpFaultShape, problemShapeOf } from '@daisee/http';
import * as z from 'zod';

const faultShape = httpFaultShape.extend({
  /** Of the sample in a JSON list, from 0. */
  index: z.number().int().optional(),
  /** Of the body, from 1. */
  line: z.number().int().optional(),
});
export type Fault = z.infer<typeof faultShape>;

export const problemShape = problemShapeOf('monitor.unknown-sensor', faultShape);
