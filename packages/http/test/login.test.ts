/** Who may come in: guesses held against addresses, logins in line, sessions. */
import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createAttempts } from '../src/attempts.ts';
import { createLogin, createSessions, RequestRefused, SESSION_LENGTH } from '../src/index.ts';

const clockAt = () => new VirtualClock({ start: Instant(0) });
const tooMany = (retryAfter: number) =>
  new RequestRefused(429, 'test.too-many', `Too many: try again in ${retryAfter} s.`, { retryAfter });

describe('wrong logins', () => {
  it('are counted for each address, an IPv6 network of 64 bits being one, and forgiven with time', async () => {
    const clock = clockAt();
    const attempts = createAttempts(clock, tooMany);
    for (let i = 0; i < 10; i++) attempts.failed(`2001:db8:0:1::${i}`);
    for (let i = 0; i < 9; i++) attempts.failed('::ffff:192.0.2.1');
    for (const address of ['2001:db8:0:1::', '2001:db8::1:0:0:0:5', '2001:db8:0:1:2:3:4:5'])
      expect(() => attempts.check(address)).toThrow(/try again in 10 s/);
    for (const address of ['2001:db8:0:2::1', '2001:db8::1', '::1', '::ffff:192.0.2.1', '192.0.2.2'])
      expect(() => attempts.check(address)).not.toThrow();
    attempts.failed('::ffff:192.0.2.1');
    expect(() => attempts.check('::ffff:192.0.2.1')).toThrow(/10 s/);
    await clock.task(() => clock.sleep(Seconds(10)));
    expect(() => attempts.check('::ffff:192.0.2.1')).not.toThrow();
  });
});

describe('a login', () => {
  const PLACE = '192.0.2.1';

  it('takes its secret and nothing else, however alike', async () => {
    const login = await createLogin({ clock: clockAt(), secret: 'right', tooMany });
    for (const sent of ['', 'Right', 'right ', 'righ']) expect(await login.accept(sent, PLACE)).toBe(false);
    for (let i = 0; i < 2; i++) expect(await login.accept('right', PLACE)).toBe(true);
  });

  it('that many send for the first time at once is right for all of them', async () => {
    const login = await createLogin({ clock: clockAt(), secret: 'right', tooMany });
    const all = await Promise.all(Array.from({ length: 100 }, () => login.accept('right', PLACE)));
    expect(new Set(all)).toEqual(new Set([true]));
  });

  it('counts guesses that come all at once, like or unlike, and tells no more by them', async () => {
    for (const guessOf of [() => 'wrong', (n: number) => `wrong ${n}`]) {
      const login = await createLogin({ clock: clockAt(), secret: 'right', tooMany });
      for (let n = 0; n < 5; n++) await login.accept('wrong', PLACE);
      const guesses = Array.from({ length: 7 }, (_, n) => login.accept(guessOf(n), PLACE));
      // Behind them, from the same address: by then it has used up its guesses.
      const last = login.accept('right', PLACE);
      const told = await Promise.allSettled([...guesses, last]);
      expect(told.map(({ status }) => status)).toEqual([
        ...Array.from({ length: 5 }, () => 'fulfilled'),
        ...Array.from({ length: 3 }, () => 'rejected'),
      ]);
      expect(await login.accept('right', '192.0.2.2')).toBe(true);
    }
  });

  it('has a line that grows no longer than eight guesses', async () => {
    const login = await createLogin({ clock: clockAt(), secret: 'right', tooMany });
    const told = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => login.accept(`${n}`, `192.0.2.${n}`)),
    );
    expect(told.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  });
});

describe('a session', () => {
  it('is open while it is used, and closed when it was not for long, by logout or among too many', async () => {
    const clock = clockAt();
    const sessions = createSessions({ clock });
    const pass = (time: number) => clock.task(() => clock.sleep(Duration(time)));
    const [used, unused, left] = [sessions.open(), sessions.open(), sessions.open()];
    await pass(SESSION_LENGTH);
    expect(sessions.isOpen(used)).toBe(true);
    sessions.close(left);
    await pass(1);
    expect([used, unused, left, 'made up', undefined].map((one) => sessions.isOpen(one))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    for (let i = 0; i < 999; i++) sessions.open();
    expect(sessions.isOpen(used)).toBe(true);
    const oldest = sessions.open();
    for (let i = 0; i < 1000; i++) sessions.open();
    expect(sessions.isOpen(oldest)).toBe(false);
  });
});

describe('a login whose secret changes', () => {
  const PLACE = '192.0.2.1';

  it('takes the one in force alone, from that moment on', async () => {
    let secret = 'old';
    const login = await createLogin({ clock: clockAt(), secret: () => secret, tooMany });
    const before = login.current();
    expect(await login.accept('old', PLACE)).toBe(true);
    expect(login.current()).toBe(before);
    secret = 'new';
    expect(login.current()).not.toBe(before);
    expect(await login.accept('old', PLACE)).toBe(false);
    expect(await login.accept('new', PLACE)).toBe(true);
    // Changed back it is another one: who was put out logs in again.
    secret = 'old';
    expect(await login.accept('new', PLACE)).toBe(false);
    expect(new Set([before, login.current()]).size).toBe(2);
  });

  it('does not take a guess that was right while it was checked', async () => {
    let secret = 'old';
    const login = await createLogin({ clock: clockAt(), secret: () => secret, tooMany });
    const checking = login.accept('old', PLACE);
    secret = 'new';
    expect(await checking).toBe(false);
    expect(await login.accept('new', PLACE)).toBe(true);
  });

  it('ends the sessions that were opened by it', async () => {
    let login = 0;
    const sessions = createSessions({ clock: clockAt(), login: () => login });
    const before = sessions.open();
    expect([sessions.isKept(before), sessions.isOpen(before)]).toEqual([true, true]);
    login = 1;
    expect([sessions.isKept(before), sessions.isOpen(before)]).toEqual([false, false]);
    expect(sessions.isOpen(sessions.open())).toBe(true);
  });

  it('does not count a look at a session as its use', async () => {
    const clock = clockAt();
    const sessions = createSessions({ clock });
    const secret = sessions.open();
    await clock.task(() => clock.sleep(SESSION_LENGTH));
    expect(sessions.isKept(secret)).toBe(true);
    await clock.task(() => clock.sleep(Duration(1)));
    expect(sessions.isKept(secret)).toBe(false);
  });
});
