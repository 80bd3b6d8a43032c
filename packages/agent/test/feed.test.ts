import type { Address } from '@daisee/chain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelsOf, feedOf, orderFor, type Source } from '../src/feed.ts';
import { SELLER_1, SELLER_2, settings } from './world/lab.ts';

const on = (...channels: readonly number[]) =>
  new Map(channelsOf(settings).map((channel) => [channel, channels.includes(channel)]));
const sources: readonly Source[] = ['own', SELLER_1, SELLER_2];

describe('what the relay shows', () => {
  it('all off is its own source (law 7)', () => expect(feedOf(settings, on())).toBe('own'));
  it('its own cut off and a seller on is that seller', () => {
    expect(feedOf(settings, on(0, 1, 2, 3))).toBe(SELLER_1);
    expect(feedOf(settings, on(0, 1, 4, 5))).toBe(SELLER_2);
  });
  it.each([
    ['its own cut off alone', on(0, 1)],
    ['a seller on beside its own', on(2, 3)],
    ['two sellers on', on(0, 1, 2, 3, 4, 5)],
    ['half a seller on', on(0, 1, 2)],
    ['half its own cut off', on(0, 2, 3)],
  ])('%s is none', (_name, states) => expect(feedOf(settings, states)).toBe('disordered'));
  it('one channel a node, as on the page, does as well', () => {
    const page = { channels: [0], sellers: [{ name: 'seller1', account: SELLER_1, channels: [1] }] };
    expect(
      feedOf(
        page,
        new Map([
          [0, true],
          [1, true],
        ]),
      ),
    ).toBe(SELLER_1);
    expect([
      ...orderFor(
        page,
        SELLER_1,
        new Map([
          [0, false],
          [1, false],
        ]),
      ),
    ]).toEqual([
      [0, true],
      [1, true],
    ]);
    expect([...orderFor(page, 'own')]).toEqual([
      [1, false],
      [0, false],
    ]);
  });
});

const addressOf = (index: number): Address => `0x${String(index).padStart(40, '0')}`;

describe('orders', () => {
  it('are those of v0.2', () => {
    const lab = { channels: [0, 1], sellers: [{ name: 'seller1', account: SELLER_1, channels: [2, 3] }] };
    expect([...orderFor(lab, 'own')]).toEqual([
      [2, false],
      [3, false],
      [0, false],
      [1, false],
    ]);
    expect([...orderFor(lab, SELLER_1)]).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  it('reach their target from any states at all, never with two sources on even when obeyed one by one (law 6)', () => {
    const anyStates = fc
      .tuple(...channelsOf(settings).map(() => fc.boolean()))
      .map(
        (values) => new Map(channelsOf(settings).map((channel, index) => [channel, values[index] ?? false])),
      );
    const sourcesOn = (states: ReadonlyMap<number, boolean>): number => {
      const isOn = (channel: number) => states.get(channel) === true;
      const sellers = settings.sellers.filter((seller) => seller.channels.some(isOn)).length;
      return sellers + (settings.channels.every((channel) => !isOn(channel)) ? 1 : 0);
    };
    fc.assert(
      fc.property(anyStates, fc.constantFrom(...sources), (states, target) => {
        const now = new Map(states);
        const most = Math.max(1, sourcesOn(now));
        for (const [channel, value] of orderFor(settings, target, states)) {
          now.set(channel, value);
          expect(sourcesOn(now)).toBeLessThanOrEqual(most);
        }
        expect(feedOf(settings, now)).toBe(target);
      }),
    );
  });

  it('are short enough for a request of v0.2 with many sellers', () => {
    const many = {
      channels: [0, 1],
      sellers: Array.from({ length: 20 }, (_, index) => ({
        name: `seller${index}`,
        account: addressOf(index),
        channels: [2 + 2 * index, 3 + 2 * index],
      })),
    };
    const rest = new Map(channelsOf(many).map((channel) => [channel, false]));
    expect(orderFor(many, many.sellers[7]?.account ?? 'own', rest).size).toBe(4);
  });
});
