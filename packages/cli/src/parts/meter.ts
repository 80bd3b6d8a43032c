/** The meters that settings and options can name. */
import { createReplayMeter, createSerialMeter, type Meter } from '@daisee/meter';
import type { Clock } from '@daisee/units';
import type { Settings } from '../settings/schema.ts';

export type MeterSettings = NonNullable<NonNullable<Settings['monitor']>['meter']>;

export const meterFrom = (
  settings: MeterSettings,
  name: string,
  clock: Clock,
  onWarning: (text: string) => void,
): Meter =>
  settings.driver === 'serial'
    ? createSerialMeter({
        name,
        path: settings.path,
        clock,
        ...(settings.baudRate ? { baudRate: settings.baudRate } : {}),
        ...(settings.format ? { format: settings.format } : {}),
        onWarning: (warning) => onWarning(warning.message),
      })
    : createReplayMeter({
        name,
        file: settings.file,
        clock,
        start: 'now',
        ...(settings.loop === undefined ? {} : { loop: settings.loop }),
      });
