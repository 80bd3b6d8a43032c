/** Archives given to `daisee restore`: nothing is written outside its folder, and none takes the disk or the memory. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hostile, hostileText, nearlyBytes } from '@daisee/fuzz';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArchive } from '../../src/backup/archive.ts';
import { placingsOf, putBack } from '../../src/backup/restore.ts';
import { createSeal, isSealed, type KeyOf, keyOf, unseal } from '../../src/backup/seal.ts';

interface Entry {
  readonly name: string;
  readonly type: 'file' | 'symlink' | 'link' | 'directory' | 'fifo' | 'character-device';
  readonly content: string;
}

const archive = async (entries: readonly Entry[], manifest: string): Promise<Buffer> => {
  const tar = pack();
  const chunks: Buffer[] = [];
  const whole = (async () => {
    for await (const chunk of tar) chunks.push(Buffer.from(chunk as Uint8Array));
  })();
  tar.entry({ name: 'manifest.json' }, manifest);
  for (const { name, type, content } of entries)
    if (type === 'file') tar.entry({ name, type }, content);
    else tar.entry({ name, type, linkname: content || '/etc/passwd' }, '');
  tar.finalize();
  await whole;
  return gzipSync(Buffer.concat(chunks), { level: 1 });
};

const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('parameters.yml', 'keystore/key', 'monitor/monitor.sqlite') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '../outside',
      '/tmp/daisee-outside',
      'a/../../outside',
      './outside',
      'a//b',
      'a\\..\\b',
      'keystore',
      'keystore/key/below',
      'manifest.json',
      'x'.repeat(300),
    ),
  },
  { weight: 1, arbitrary: hostileText.map((text) => text.replace(/\0/g, '') || 'a') },
);

const entries = fc.array(
  fc.record<Entry>({
    name: names,
    type: fc.constantFrom(
      'file',
      'file',
      'file',
      'file',
      'symlink',
      'link',
      'directory',
      'fifo',
      'character-device',
    ),
    content: fc.oneof(hostileText, fc.constantFrom('../../outside', '/etc')),
  }),
  { maxLength: 4 },
);

const SOUND = await (async () => {
  const content = 'node: {}';
  const sum = createHash('sha256').update(content).digest('hex');
  const files = [{ name: 'parameters.yml', source: '/nowhere', bytes: 8, sha256: sum, kind: 'file' }];
  return await archive(
    [{ name: 'parameters.yml', type: 'file', content }],
    JSON.stringify({ format: 1, made: 'm', version: 'v', host: 'h', files }),
  );
})();

const PASSPHRASE = 'lab';
const SEALED = await (async () => {
  const seal = await createSeal(PASSPHRASE);
  seal.end(SOUND);
  return Buffer.concat(await seal.toArray());
})();

/** The right key for the salt that was sealed with, worked out once; for any other some other key, at no cost. */
const quickKeyOf: KeyOf = await (async () => {
  const sealedWith = SEALED.subarray(16, 32);
  const key = await keyOf(PASSPHRASE, sealedWith);
  return async (passphrase, salt) =>
    salt.equals(sealedWith) ? key : createHash('sha256').update(passphrase).update(salt).digest();
})();

describe('an archive', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'daisee-restore-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  /** Restores as the command does, below a folder of its own; then looks around it. */
  const restore = async (bytes: Uint8Array): Promise<void> => {
    const place = join(home, 'place');
    mkdirSync(join(place, 'scratch'), { recursive: true });
    const file = join(place, 'given.backup');
    writeFileSync(file, bytes);
    try {
      if (await isSealed(file)) return;
      const manifest = await readArchive(file, join(place, 'scratch'));
      putBack(file, join(place, 'scratch'), placingsOf(manifest, join(place, 'into')), false);
    } finally {
      rmSync(place, { recursive: true, force: true });
      expect(readdirSync(home)).toEqual([]);
      expect(existsSync('/tmp/daisee-outside') || existsSync(join(tmpdir(), 'outside'))).toBe(false);
    }
  };

  hostile('with links, ways out and doubles in it', {
    sample: 150,
    input: fc.tuple(entries, fc.boolean()),
    feed: async ([all, isListed]) => {
      const files = all.map(({ name, content }) => ({
        name,
        source: `/nowhere/${name}`,
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        kind: 'file',
      }));
      const manifest = { format: 1, made: '', version: '', host: '', files: isListed ? files : [] };
      await restore(await archive(all, JSON.stringify(manifest)));
    },
  });

  hostile('cut, changed or none at all', {
    sample: 150,
    input: nearlyBytes(SOUND),
    feed: restore,
  });

  hostile('closed with a passphrase, then changed', {
    sample: 150,
    input: nearlyBytes(SEALED),
    feed: async (bytes) => {
      const [file, opened] = [join(home, 'sealed'), join(home, 'opened')];
      writeFileSync(file, bytes);
      try {
        await unseal(file, PASSPHRASE, opened, quickKeyOf);
        // None but the one that was made opens, and to what was put into it.
        expect(SEALED.equals(bytes)).toBe(true);
        expect(SOUND.equals(readFileSync(opened))).toBe(true);
      } finally {
        rmSync(file);
        rmSync(opened, { force: true });
      }
    },
  });

  it('closed with a passphrase opens to what it was', async () => {
    const [file, opened] = [join(home, 'sealed'), join(home, 'opened')];
    writeFileSync(file, SEALED);
    await unseal(file, PASSPHRASE, opened);
    expect(SOUND.equals(readFileSync(opened))).toBe(true);
    rmSync(file);
    rmSync(opened);
  });
});
