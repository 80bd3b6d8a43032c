/** What the monitor's errors become for its clients. */
import type { FailureRules } from '@daisee/http';
import { QuantityError } from '@daisee/units';
import { NameTaken } from '../store/directory.ts';
import { SampleRefused, SensorDiffers, UnknownSensor } from '../store/errors.ts';
import { NotKept } from '../store/no-directory.ts';
import { UnknownTariff } from '../store/tariffs.ts';
import { HoursRefused } from '../tariff/hours.ts';
import { TariffRefused } from '../tariff/tariff.ts';
import { ZoneUnknown } from '../tariff/zone.ts';
import { UnknownToken } from '../tokens/token.ts';

/** Seconds after which a store that fails now is worth another try. */
const STORE_PAUSE = 5;

export const RULES: FailureRules = {
  room: 'monitor',
  docs: '/api/v1/docs',
  statuses: [
    [404, [UnknownSensor, UnknownTariff, UnknownToken]],
    [501, [NotKept]],
    [409, [SensorDiffers, NameTaken]],
    [400, [SampleRefused, TariffRefused, HoursRefused, ZoneUnknown, QuantityError]],
    // Of a store without room: the sender keeps its samples and tries again, once somebody made room.
    [507, ['monitor.store-full']],
  ],
  pauses: { 503: STORE_PAUSE, 507: STORE_PAUSE },
};
