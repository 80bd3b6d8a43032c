import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distorted, hostile, hostileJson, nearly } from '@daisee/fuzz';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  createKey,
  decryptKey,
  encryptKey,
  findKeyFile,
  listKeyFiles,
  toAddress,
  unlock,
} from '../../src/index.ts';

const SCRYPT = await encryptKey(createKey(), 'lab', { cost: 2 });
const PBKDF2 = {
  ...SCRYPT,
  crypto: {
    ...SCRYPT.crypto,
    kdf: 'pbkdf2',
    kdfparams: { dklen: 32, c: 1, prf: 'hmac-sha256', salt: 'ab'.repeat(32) },
  },
};

/** Work that would take gigabytes, or minutes. */
const costs = fc.record({
  n: fc.constantFrom<unknown>(
    2,
    4,
    2 ** 14,
    2 ** 22,
    2 ** 24,
    2 ** 30,
    2 ** 31,
    2 ** 52,
    -2,
    0,
    3,
    1.5,
    '2',
    null,
  ),
  r: fc.constantFrom<unknown>(1, 8, 64, 65, 2 ** 30, 0, -1, 1e308),
  p: fc.constantFrom<unknown>(1, 2, 64, 2 ** 30, 0, -1, '1'),
  c: fc.constantFrom<unknown>(1, 1000, 1e8, 2 ** 31, 2 ** 53, 0, -1, null),
});
/** What is left of it may be worked through in a test: half a second each time is not for a hundred thousand. */
const isCheap = ({ n, r, p }: { n: unknown; r: unknown; p: unknown }): boolean => {
  const work = Number(n) * Number(r) * Number(p);
  return !(work > 4096 && work <= 2 ** 23);
};

describe('a key file', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'daisee-keys-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  hostile('opens, or is refused', {
    input: fc.oneof(
      { weight: 6, arbitrary: distorted(SCRYPT, PBKDF2) },
      { weight: 1, arbitrary: hostileJson },
    ),
    feed: (content) => decryptKey(content, 'lab'),
  });

  hostile('that asks for too much memory or time is refused before any is taken', {
    input: fc.tuple(costs.filter(isCheap), fc.boolean()),
    feed: async ([{ n, r, p, c }, isScrypt]) => {
      if (!isScrypt && Number(c) > 1000 && Number(c) <= 10_000_000) return;
      const kdfparams = { ...(isScrypt ? SCRYPT : PBKDF2).crypto.kdfparams, n, r, p, c };
      const before = process.memoryUsage().rss;
      await decryptKey({ ...SCRYPT, crypto: { ...(isScrypt ? SCRYPT : PBKDF2).crypto, kdfparams } }, 'lab');
      expect(process.memoryUsage().rss - before).toBeLessThan(512 * 1024 * 1024);
    },
  });

  hostile('on disk, with whatever name and content', {
    input: fc.tuple(nearly(SCRYPT, PBKDF2), fc.constantFrom('key', `UTC--x--${SCRYPT.address}`)),
    feed: async ([text, name]) => {
      const file = join(directory, name);
      writeFileSync(file, text, { mode: 0o600 });
      try {
        await listKeyFiles(directory);
        await findKeyFile(directory, toAddress(String(SCRYPT.address))).catch(() => undefined);
        await unlock({ file, password: 'lab' });
      } finally {
        rmSync(file);
      }
    },
  });
});
