import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inspect } from 'node:util';
import { Instant } from '@daisee/units';
import { describe, expect, test } from 'vitest';
import {
  BadAddress,
  createKey,
  decryptKey,
  encryptKey,
  findKeyFile,
  KeyFileDamaged,
  KeyFileOfAnother,
  listKeyFiles,
  NoKey,
  signerOf,
  toAddress,
  unlock,
  WrongPassword,
  writeKeyFile,
} from '../src/index.ts';
import { temporaryDirectory } from './support/directory.ts';

/** The cost is what makes a key file safe and a test slow. */
const light = { cost: 2 };
const now = Instant(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

// The published vectors of Web3 Secret Storage, version 3.
const SECRET = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const PBKDF2 = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const SCRYPT = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      r: 1,
      p: 8,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};

describe('A key file', () => {
  test.each([
    ['pbkdf2', PBKDF2],
    ['scrypt', SCRYPT],
  ])('of the published %s vector opens', async (_, vector) => {
    expect(await decryptKey(vector, 'testpassword')).toBe(SECRET);
  });

  test('opens again with its password, and not with another', async () => {
    const key = createKey();
    const file = await encryptKey(key, 'pass wörd', light);
    expect(await decryptKey(file, 'pass wörd')).toBe(key);
    await expect(decryptKey(file, 'pass word')).rejects.toThrow(WrongPassword);
  });

  test('has the parameters that other tools read: scrypt with r 8 and p 1, geth cost, address without 0x', async () => {
    const key = createKey();
    const file = await encryptKey(key, 'x');
    expect(file.crypto.kdfparams).toMatchObject({ n: 2 ** 18, r: 8, p: 1, dklen: 32 });
    expect(file.address).toBe(signerOf(key).address.slice(2).toLowerCase());
  });

  test('is named as geth names it and is for its owner only', async () => {
    const directory = join(temporaryDirectory(), 'keystore');
    const key = createKey();
    const path = await writeKeyFile(directory, key, 'x', { now, ...light });
    const { address } = signerOf(key);
    expect(basename(path)).toBe(`UTC--2026-01-02T03-04-05.678000000Z--${address.slice(2).toLowerCase()}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await listKeyFiles(directory)).toEqual([{ file: path, address }]);
    expect((await unlock({ directory, address, password: 'x' })).address).toBe(address);
  });

  test('is found by the address inside when its name says nothing', async () => {
    const directory = temporaryDirectory();
    const key = createKey();
    writeFileSync(join(directory, 'notes.txt'), 'nothing');
    writeFileSync(join(directory, 'mine.json'), JSON.stringify(await encryptKey(key, 'x', light)), {
      mode: 0o600,
    });
    expect(await findKeyFile(directory, signerOf(key).address)).toBe(join(directory, 'mine.json'));
  });

  test('of another account is refused before the password is tried', async () => {
    const directory = temporaryDirectory();
    const file = await writeKeyFile(directory, createKey(), 'x', { now, ...light });
    const asked = signerOf(createKey()).address;
    await expect(unlock({ file, address: asked, password: 'wrong' })).rejects.toThrow(KeyFileOfAnother);
  });

  test('whose address is not that of its key is refused', async () => {
    const file = { ...(await encryptKey(createKey(), 'x', light)), address: signerOf(createKey()).address };
    await expect(decryptKey(file, 'x')).rejects.toThrow(KeyFileOfAnother);
  });

  test('that is missing is told with what is there', async () => {
    const directory = temporaryDirectory();
    const there = basename(await writeKeyFile(directory, createKey(), 'x', { now, ...light }));
    const missing = unlock({ directory, address: signerOf(createKey()).address, password: 'x' });
    await expect(missing).rejects.toThrow(NoKey);
    await expect(missing).rejects.toThrow(there);
    await expect(findKeyFile('/nowhere/at/all', signerOf(createKey()).address)).rejects.toThrow(
      'it has no key files',
    );
  });

  test.each([
    ['is empty', ''],
    ['is half written', '{"crypto": {"cipher": "aes-128-ct'],
    ['is no object', '[]'],
    ['has another version', JSON.stringify({ ...SCRYPT, version: 1 })],
    ['has a version that is no number', JSON.stringify({ ...SCRYPT, version: { toString: 3 } })],
    ['has no crypto', JSON.stringify({ version: 3 })],
    [
      'has another cipher',
      JSON.stringify({ ...SCRYPT, crypto: { ...SCRYPT.crypto, cipher: 'aes-256-gcm' } }),
    ],
    ['has a short mac', JSON.stringify({ ...SCRYPT, crypto: { ...SCRYPT.crypto, mac: '00' } })],
    ['has another kdf', JSON.stringify({ ...SCRYPT, crypto: { ...SCRYPT.crypto, kdf: 'argon2' } })],
    [
      'would take all memory',
      JSON.stringify({
        ...SCRYPT,
        crypto: { ...SCRYPT.crypto, kdfparams: { ...SCRYPT.crypto.kdfparams, n: 2 ** 40 } },
      }),
    ],
    [
      'has a cost that is no power of two',
      JSON.stringify({
        ...SCRYPT,
        crypto: { ...SCRYPT.crypto, kdfparams: { ...SCRYPT.crypto.kdfparams, n: 3 } },
      }),
    ],
  ])('that %s is damaged, in one line with its path', async (_, content) => {
    const file = join(temporaryDirectory(), 'key.json');
    writeFileSync(file, content, { mode: 0o600 });
    const opening = unlock({ file, password: 'x' });
    await expect(opening).rejects.toThrow(KeyFileDamaged);
    await expect(opening).rejects.toThrow(new RegExp(`^[^\n]*${file}[^\n]*$`));
  });

  test('never shows its secrets in an error or a signer', async () => {
    const key = createKey();
    const directory = temporaryDirectory();
    const file = await writeKeyFile(directory, key, 'hunter2', { now, ...light });
    const error: unknown = await unlock({ file, password: 'hunter3' }).catch((thrown: unknown) => thrown);
    const signer = await unlock({ file, password: 'hunter2' });
    const shown = `${inspect(error, { depth: 9 })} ${inspect(signer, { depth: 9 })} ${JSON.stringify(signer)}`;
    expect(shown).not.toContain('hunter');
    expect(shown).not.toContain(key.slice(2));
    expect(readFileSync(file, 'utf8')).not.toContain(key.slice(2));
  });
});

describe('An address', () => {
  test('is read with and without checksum, with and without 0x', () => {
    const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
    expect(toAddress(address)).toBe(address);
    expect(toAddress(address.toLowerCase())).toBe(address);
    expect(toAddress(address.slice(2).toLowerCase())).toBe(address);
  });

  test.each(['', '0x12', 'node1', '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', `0x${'g'.repeat(40)}`])(
    '"%s" is none',
    (text) => {
      expect(() => toAddress(text)).toThrow(BadAddress);
    },
  );
});
