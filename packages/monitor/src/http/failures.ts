/** What an error becomes for the client: status, code, what it may read, and when to come again. */
import { DaiseeError, messageOf, QuantityError } from '@daisee/units';
import { NameTaken } from '../store/directory.ts';
import { SampleRefused, SensorDiffers, UnknownSensor } from '../store/errors.ts';
import { NotKept } from '../store/no-directory.ts';
import { UnknownTariff } from '../store/tariffs.ts';
import { HoursRefused } from '../tariff/hours.ts';
import { TariffRefused } from '../tariff/tariff.ts';
import { ZoneUnknown } from '../tariff/zone.ts';
import { UnknownToken } from '../tokens/token.ts';
import { RequestRefused } from './refusals.ts';

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Seconds until trying again may help. */
  readonly retryAfter?: number;
}

const CLIENTS_FAULT = [
  [404, [UnknownSensor, UnknownTariff, UnknownToken]],
  [501, [NotKept]],
  [409, [SensorDiffers, NameTaken]],
  [400, [SampleRefused, TariffRefused, HoursRefused, ZoneUnknown, QuantityError]],
] as const;

/** Seconds after which a store that fails now is worth another try. */
const STORE_PAUSE = 5;

/** What Fastify refuses by itself. */
const CODES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  413: ['monitor.too-large', 'The body is too large: send less at once.'],
  415: ['monitor.media-type', 'A body of that Content-Type is not taken here: see /api/v1/docs.'],
};

const statusOf = (error: unknown): number => {
  if (error instanceof RequestRefused) return error.status;
  for (const [status, classes] of CLIENTS_FAULT)
    if (classes.some((one) => error instanceof one)) return status;
  if (error instanceof DaiseeError) return error.retryable ? 503 : 500;
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode < 500
    ? statusCode
    : error instanceof SyntaxError
      ? 400
      : 500;
};

export const failureOf = (error: unknown): Failure => {
  const status = statusOf(error);
  if (error instanceof DaiseeError) {
    const { retryAfter = status === 503 ? STORE_PAUSE : undefined } = error.values as { retryAfter?: number };
    return {
      status,
      code: error.code,
      message: error.message,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  }
  if (status >= 500)
    return { status, code: 'monitor.failed', message: 'The monitor failed; its log says why.' };
  const [code = 'monitor.bad-request', message = messageOf(error)] = CODES[status] ?? [];
  return { status, code, message };
};
