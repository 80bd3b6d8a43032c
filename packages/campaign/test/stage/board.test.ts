import { createShellyDriver, type RelayDriver } from '@daisee/relay';
import type { Twin } from '@daisee/sim';
import { Duration, Instant, pacedClock, Seconds, systemClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OwnedBoard, startBoard } from '../../src/stage/board.ts';
import { createBench } from '../../src/stage/world.ts';

const clock = pacedClock({ real: systemClock.now(), instant: Instant(Date.UTC(2026, 5, 21, 9)), speed: 50 });
let twin: Twin;
let board: OwnedBoard;
let driver: RelayDriver;
const driverOf = (password: string): RelayDriver => {
  const { host, port } = board.address;
  return createShellyDriver({
    host: `${host}:${port}`,
    password,
    timeout: Duration(20_000),
    outputs: [
      { id: 0, lease: Seconds(3600) },
      { id: 1, lease: Seconds(60) },
    ],
  });
};

beforeEach(async () => {
  twin = createBench(1, clock.now(), () => undefined);
  board = await startBoard({ clock, twin, password: 'word', outputs: 2 });
  driver = driverOf('word');
});
afterEach(async () => {
  await driver.close();
  await board.close();
  twin.close();
});

describe("the device of the lab's relay", () => {
  it("moves the twin's contacts as the product's own driver orders", async () => {
    await driver.open();
    await driver.write(new Map([[0, true]]));
    expect(await driver.read()).toEqual([true, false]);
    expect(board.contacts).toEqual([true, false]);
    expect(twin.contacts.at(-1)?.states).toEqual([true, false]);
  });

  it('lets a contact fall by itself when it is not told again, in the time of the lab', async () => {
    await driver.write(
      new Map([
        [0, true],
        [1, true],
      ]),
    );
    const ordered = clock.now();
    await vi.waitFor(() => expect(board.contacts).toEqual([true, false]), { timeout: 20_000 });
    expect((twin.contacts.at(-1)?.at ?? 0) - ordered).toBeGreaterThan(50_000);
  });

  it('refuses another password', async () => {
    const stranger = driverOf('other');
    await expect(stranger.read()).rejects.toThrow(/refuses the login/);
    await stranger.close();
  });

  it('refuses, falls silent and answers half as long as it is asked to', async () => {
    const refused = board.refuse();
    expect(board.disturbed).toBe(true);
    await expect(driver.write(new Map([[0, true]]))).rejects.toThrow(/overload/);
    expect(board.contacts).toEqual([false, false]);
    refused();
    refused();
    expect(board.disturbed).toBe(false);
    const halved = board.half();
    await expect(driver.write(new Map([[0, true]]))).rejects.toThrow(/gives no answer/);
    expect(board.contacts).toEqual([true, false]);
    halved();
    await driver.write(new Map([[0, false]]));
    expect(board.contacts).toEqual([false, false]);
  });
});
