import { describe, expect, it } from 'vitest';
import { isOpenToOthers, modeText } from '../src/index.ts';

describe('a file with a secret', () => {
  it.each([
    [0o100600, false],
    [0o100400, false],
    [0o100640, true],
    [0o100604, true],
    [0o100644, true],
    [0o100620, true],
    [0o100666, true],
  ])('of mode %o of one’s own is open: %s', (mode, isOpen) => {
    expect(isOpenToOthers({ mode, uid: 1000 }, 1000)).toBe(isOpen);
  });

  it.each([
    [0o100600, false],
    // systemd's credentials, and a password in /etc that root gives a service's group.
    [0o100440, false],
    [0o100640, false],
    [0o100660, true],
    [0o100644, true],
    [0o100602, true],
  ])('of mode %o that root handed out is open: %s', (mode, isOpen) => {
    expect(isOpenToOthers({ mode, uid: 0 }, 1000)).toBe(isOpen);
  });

  it('is nobody’s where files have no owners', () => {
    expect(isOpenToOthers({ mode: 0o100666, uid: 0 }, undefined)).toBe(false);
  });

  it('has a mode as chmod takes it', () => {
    expect([0o100644, 0o100007, 0o104755].map(modeText)).toEqual(['0644', '0007', '4755']);
  });
});
