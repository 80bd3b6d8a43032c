/** A board whose channels live in several places: the pins of this machine, a Shelly, relays at a broker. */
import { Duration } from '@daisee/units';
import type { ChannelStates, RelayDriver } from '../../driver.ts';

interface Part {
  readonly driver: RelayDriver;
  /** The board's number of its channel 0. */
  readonly first: number;
}

/** Waits for all, so that nothing is under way when the next call comes, and throws what the first failure threw. */
const all = async (works: readonly Promise<unknown>[]): Promise<void> => {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
};

/**
 * Joins drivers to one board: the channels of the first come first, then those of the next. Where one fails, the
 * others still do what they were told, so that rest is reached wherever it can be.
 */
export const createCompositeDriver = (drivers: readonly RelayDriver[]): RelayDriver => {
  const parts: Part[] = [];
  let channels = 0;
  for (const driver of drivers) {
    parts.push({ driver, first: channels });
    channels += driver.channels;
  }

  const has = ({ driver, first }: Part, channel: number): boolean =>
    channel >= first && channel < first + driver.channels;

  /** The states of a part's channels in its own numbers. */
  const own = (part: Part, states: ChannelStates): ChannelStates =>
    new Map(
      [...states]
        .filter(([channel]) => has(part, channel))
        .map(([channel, on]) => [channel - part.first, on] as const),
    );

  const periods = parts.flatMap(({ driver }) => driver.refreshEvery ?? []);

  return {
    channels,
    ...(periods.length === 0 ? {} : { refreshEvery: Duration(Math.min(...periods)) }),
    open: async () => {
      try {
        await all(parts.map(({ driver }) => driver.open()));
      } catch (error) {
        await Promise.allSettled(parts.map(({ driver }) => driver.close()));
        throw error;
      }
    },
    close: () => all(parts.map(({ driver }) => driver.close())),
    write: (states) =>
      all(
        parts.map(async (part) => {
          const changes = own(part, states);
          if (changes.size > 0) await part.driver.write(changes);
        }),
      ),
    read: async () => {
      const shown = await Promise.allSettled(parts.map(({ driver }) => driver.read()));
      const failed = shown.filter((result) => result.status === 'rejected');
      // With nothing read at all, whoever asked should hear why.
      if (failed[0] && failed.length === shown.length) throw failed[0].reason;
      return parts.flatMap(({ driver }, index) => {
        const result = shown[index];
        return result?.status === 'fulfilled'
          ? [...result.value]
          : Array.from({ length: driver.channels }, () => undefined);
      });
    },
    watch: (report) => {
      for (const { driver } of parts) driver.watch?.(report);
    },
    refresh: (states) => all(parts.map(async (part) => await part.driver.refresh?.(own(part, states)))),
    lostAfter: (channel) => {
      const part = parts.find((one) => has(one, channel));
      return part?.driver.lostAfter?.(channel - part.first) ?? { earliest: Duration(0), latest: Duration(0) };
    },
  };
};
