/** How long the contacts may stay away from rest once nobody orders any more: what faults last beyond, and law 7 allows. */
import { Duration } from '@daisee/units';
import type { Stage } from '../doors.ts';
import { deviceRest, LEASES } from './settings.ts';

/** What a rest may take beyond the leases: real ms of time-outs (twice 2 s), and lab ms of looking. */
const SLOW_REAL = 4000;
const SLOW = 20_000;

export interface RestBounds {
  /** After the relay last heard of the agent, with the relay and its device in order. */
  readonly lease: Duration;
  /** With one of them away meanwhile: then the device rests by itself. */
  readonly disturbed: Duration;
  /** After the device was last told anything, whatever became of everybody else. */
  readonly device: Duration;
}

export const restBounds = ({ relay, speed }: Pick<Stage, 'relay' | 'speed'>): RestBounds => {
  const lease = 1000 * LEASES[relay] + SLOW + SLOW_REAL * speed;
  const device = 1000 * deviceRest(speed);
  return {
    lease: Duration(lease),
    // Disturbed just before the device would have rested, it is told again once more at most.
    disturbed: Duration(lease + 2 * device),
    device: Duration(device + SLOW),
  };
};
