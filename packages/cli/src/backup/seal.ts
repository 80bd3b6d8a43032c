/**
 * A backup closed with a passphrase: header, AES-256-GCM of the archive, tag. The key is scrypt's (RFC 7914) of the
 * passphrase; the header is authenticated with the content.
 *
 *     "DAISEE-SEALED-1\n"  16 bytes of salt  12 bytes of nonce  ciphertext …  16 bytes of tag
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupUnusable } from './errors.ts';

const MAGIC = Buffer.from('DAISEE-SEALED-1\n');
const SALT = 16;
const NONCE = 12;
const TAG = 16;
const HEADER = MAGIC.length + SALT + NONCE;
/** 32 MB of memory, below a second on a Raspberry Pi 4. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };

/** The key of a passphrase. */
export type KeyOf = (passphrase: string, salt: Buffer) => Promise<Buffer>;

export const keyOf: KeyOf = (passphrase, salt) =>
  new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

/** Closes what flows through. */
export const createSeal = async (passphrase: string): Promise<Transform> => {
  const salt = randomBytes(SALT);
  const nonce = randomBytes(NONCE);
  const header = Buffer.concat([MAGIC, salt, nonce]);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt), nonce);
  cipher.setAAD(header);
  let begun = false;
  const begin = (): Buffer => {
    if (begun) return Buffer.alloc(0);
    begun = true;
    return header;
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.concat([begin(), cipher.update(chunk)])),
    flush: (done) => done(null, Buffer.concat([begin(), cipher.final(), cipher.getAuthTag()])),
  });
};

const beginning = async (file: string, length: number, from = 0): Promise<Buffer> => {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

export const isSealed = async (file: string): Promise<boolean> =>
  (await beginning(file, MAGIC.length)).equals(MAGIC);

/**
 * Opens a sealed file into the new file `target`, readable by its owner alone. What arrives there is to be trusted only
 * when this has resolved.
 * @param derive another way to the key, for who opens many: ours takes its time on purpose
 * @throws BackupUnusable: another passphrase, or changed since it was made
 */
export const unseal = async (
  file: string,
  passphrase: string,
  target: string,
  derive: KeyOf = keyOf,
): Promise<void> => {
  const { size } = await stat(file);
  if (size < HEADER + TAG) throw new BackupUnusable(file, 'it is cut off');
  const header = await beginning(file, HEADER);
  const salt = header.subarray(MAGIC.length, MAGIC.length + SALT);
  const decipher = createDecipheriv(
    'aes-256-gcm',
    await derive(passphrase, salt),
    header.subarray(MAGIC.length + SALT),
  );
  decipher.setAAD(header);
  decipher.setAuthTag(await beginning(file, TAG, size - TAG));
  try {
    // `end` is the last byte to read; a range without any cannot be written with it.
    await pipeline(
      createReadStream(file, { start: HEADER, end: size - TAG - 1 }),
      decipher,
      createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw new BackupUnusable(file, 'the passphrase is another one, or the file was changed', error);
  }
};
