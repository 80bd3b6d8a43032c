/**
 * Keys on disk as Web3 Secret Storage, version 3, as geth, Besu and every wallet read and write them:
 * https://ethereum.org/en/developers/docs/data-structures-and-encoding/web3-secret-storage/
 */
import { pbkdf2, randomBytes, randomUUID, scrypt } from 'node:crypto';
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DaiseeError, type Instant, isOpenToOthers, messageOf, modeText } from '@daisee/units';
import * as Keystore from 'ox/Keystore';
import * as Secp256k1 from 'ox/Secp256k1';
import { getAddress, isAddress } from 'viem/utils';
import { isRecord } from './rpc.ts';
import { type Address, type Hex, type Signer, signerOf } from './signer.ts';

/** A key file's content. */
export type KeyFile = Keystore.Keystore & { readonly address?: string };

/** The password does not open the key file. */
export class WrongPassword extends DaiseeError {
  constructor(file: string) {
    super({
      code: 'chain.password',
      message: `The password does not open the key file ${file}. Give the one that it was made with (node.accountpswd).`,
      retryable: false,
      values: { file },
    });
  }
}

/** The key file is none, or broken. */
export class KeyFileDamaged extends DaiseeError {
  constructor(file: string, why: string, cause?: unknown) {
    super({
      code: 'chain.keyfile',
      message: `The key file ${file} cannot be used: ${why}. Expected Web3 Secret Storage, version 3; restore it from a copy.`,
      retryable: false,
      values: { file, why },
      cause,
    });
  }
}

/** Others than its owner may read the key, or change it. */
export class KeyFileOpen extends DaiseeError {
  constructor(file: string, mode: number) {
    super({
      code: 'chain.keyfile.open',
      message: `The key file ${file} is open to others on this machine (mode ${modeText(mode)}): expected its owner alone. Close it: chmod 600 ${file}`,
      retryable: false,
      values: { file, mode: modeText(mode) },
    });
  }
}

/** The key file belongs to another account. */
export class KeyFileOfAnother extends DaiseeError {
  constructor(file: string, found: Address, asked: Address) {
    super({
      code: 'chain.keyfile.other',
      message: `The key file ${file} belongs to ${found}, not to ${asked}. Correct node.address or name the right file.`,
      retryable: false,
      values: { file, found, asked },
    });
  }
}

/** The directory has no key of the account. */
export class NoKey extends DaiseeError {
  constructor(directory: string, address: Address, files: readonly string[]) {
    const there = files.length > 0 ? `it has ${files.slice(0, 10).join(', ')}` : 'it has no key files';
    super({
      code: 'chain.keyfile.missing',
      message: `There is no key of ${address} in ${directory}: ${there}. Make one with "daisee account new" or copy its file there.`,
      retryable: false,
      values: { directory, address, files },
    });
  }
}

/** Something that should be an account's address is none. */
export class BadAddress extends DaiseeError {
  constructor(text: string) {
    super({
      code: 'chain.address',
      message: `"${text}" is no address: expected 0x and 40 hexadecimal digits (with the capitals of its checksum, or without any).`,
      retryable: false,
      values: { text },
    });
  }
}

/**
 * Reads an address in any of its spellings (with or without checksum) and gives it with its checksum (ERC-55).
 * @throws BadAddress
 */
export const toAddress = (text: string): Address => {
  const prefixed = text.startsWith('0x') ? text : `0x${text}`;
  if (!isAddress(prefixed)) throw new BadAddress(text);
  return getAddress(prefixed);
};

/** A new private key. */
export const createKey = (): Hex => Secp256k1.randomPrivateKey();

const deriveScrypt = promisify<string, Uint8Array, number, object, Buffer>(scrypt);
const derivePbkdf2 = promisify(pbkdf2);

/** geth's standard cost: about half a second and 256 MiB for each attempt at the password. */
const STANDARD_N = 2 ** 18;

/** scrypt's own need is 128·N·r bytes; node asks for a little above. */
const scryptKey = async (
  password: string,
  salt: Uint8Array,
  n: number,
  r: number,
  p: number,
): Promise<Uint8Array> => {
  if (n < 2 ** Math.min(16 * r, 48))
    return deriveScrypt(password, salt, 32, { N: n, r, p, maxmem: 128 * n * r + 128 * r * p + 1024 * 1024 });
  // OpenSSL keeps to the letter of RFC 7914 (N < 2^(128·r/8)); key files with r = 1 exist that do not.
  const [key] = Keystore.scrypt({ password, n, r, p, salt: new Uint8Array(salt) });
  return Buffer.from((typeof key === 'function' ? key() : key).slice(2), 'hex');
};

/**
 * A password is text, and a key is derived of bytes: `²` and `µ`, on every French keyboard, have several spellings in
 * Unicode. ethers and Web3 Secret Storage's successor take NFKC's (https://www.unicode.org/reports/tr15/), geth,
 * @ethereumjs/wallet and DAISEE 0.3.0 the bytes as they were typed. So files are written with the first, and read with
 * either; the last serves who types composed what was composed by another keyboard.
 */
const spellings = (password: string): readonly [string, ...string[]] => {
  const normalized = password.normalize('NFKC');
  const others = new Set([password, password.normalize('NFC')]);
  others.delete(normalized);
  return [normalized, ...others];
};

/**
 * Encrypts a private key with scrypt (r = 8, p = 1, as geth: other parameters are refused by some tools).
 * @param cost scrypt's N, a power of two; smaller only for tests
 */
export const encryptKey = async (
  privateKey: Hex,
  password: string,
  { cost = STANDARD_N }: { readonly cost?: number } = {},
): Promise<KeyFile> => {
  const salt = randomBytes(32);
  const [normalized] = spellings(password);
  const derived = await scryptKey(normalized, salt, cost, 8, 1);
  const file = Keystore.encrypt(privateKey, `0x${Buffer.from(derived).toString('hex')}`, {
    id: randomUUID(),
    iv: new Uint8Array(randomBytes(16)),
    kdf: 'scrypt',
    kdfparams: { dklen: 32, n: cost, p: 1, r: 8, salt: salt.toString('hex') },
  });
  return { address: signerOf(privateKey).address.slice(2).toLowerCase(), ...file };
};

const hexField = (
  file: string,
  record: Readonly<Record<string, unknown>>,
  field: string,
  bytes?: number,
): string => {
  const value = record[field];
  const text = typeof value === 'string' ? value.replace(/^0x/, '') : '';
  if (!/^([0-9a-f]{2})+$/i.test(text) || (bytes !== undefined && text.length !== bytes * 2))
    throw new KeyFileDamaged(file, `its "${field}" is not ${bytes ?? 'a number of'} bytes in hexadecimal`);
  return text;
};

const countField = (
  file: string,
  record: Readonly<Record<string, unknown>>,
  field: string,
  most: number,
): number => {
  const value = record[field];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    throw new KeyFileDamaged(file, `its "${field}" is not a whole number from 1 to ${most}`);
  return value;
};

const recordField = (file: string, record: Readonly<Record<string, unknown>>, field: string) => {
  const value = record[field];
  if (!isRecord(value)) throw new KeyFileDamaged(file, `it has no "${field}"`);
  return value;
};

/** What of a key file is needed to open it, checked. Field names in any case, as some wallets write `Crypto`. */
const readKeyFile = (file: string, content: unknown) => {
  if (!isRecord(content)) throw new KeyFileDamaged(file, 'it is not a JSON object');
  const lower = Object.fromEntries(
    Object.entries(content).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { version } = lower;
  if (version !== 3 && version !== '3')
    throw new KeyFileDamaged(file, `its version is ${JSON.stringify(version)}, not 3`);
  const crypto = recordField(file, lower, 'crypto');
  if (crypto['cipher'] !== 'aes-128-ctr')
    throw new KeyFileDamaged(file, `its cipher is ${JSON.stringify(crypto['cipher'])}, not aes-128-ctr`);
  const parameters = recordField(file, crypto, 'kdfparams');
  const kdf = crypto['kdf'];
  if (kdf !== 'scrypt' && kdf !== 'pbkdf2')
    throw new KeyFileDamaged(file, `its kdf is ${JSON.stringify(kdf)}, not scrypt or pbkdf2`);
  if (parameters['dklen'] !== 32) throw new KeyFileDamaged(file, 'its "dklen" is not 32');
  return {
    ciphertext: hexField(file, crypto, 'ciphertext', 32),
    iv: hexField(file, recordField(file, crypto, 'cipherparams'), 'iv', 16),
    mac: hexField(file, crypto, 'mac', 32),
    salt: Buffer.from(hexField(file, parameters, 'salt'), 'hex'),
    kdf,
    parameters,
    address: typeof lower['address'] === 'string' ? toAddress(lower['address']) : undefined,
  };
};

/** scrypt's n·r: 512 MiB, twice what geth's standard cost takes. A file may ask for a machine's whole memory. */
const MOST_BLOCKS = 2 ** 22;
/** scrypt's n·r·p: four times geth's standard cost, some seconds. */
const MOST_WORK = 2 ** 23;
/** Rounds of PBKDF2, of which wallets use up to a million: some seconds. */
const MOST_ROUNDS = 10_000_000;

const deriveKey = (
  file: string,
  password: string,
  fields: ReturnType<typeof readKeyFile>,
): Promise<Uint8Array> => {
  const { kdf, parameters, salt } = fields;
  if (kdf === 'pbkdf2') {
    if (parameters['prf'] !== 'hmac-sha256') throw new KeyFileDamaged(file, 'its "prf" is not hmac-sha256');
    return derivePbkdf2(password, salt, countField(file, parameters, 'c', MOST_ROUNDS), 32, 'sha256');
  }
  const n = countField(file, parameters, 'n', 2 ** 24);
  if (n < 2 || (n & (n - 1)) !== 0) throw new KeyFileDamaged(file, 'its "n" is not a power of two');
  const r = countField(file, parameters, 'r', 64);
  const p = countField(file, parameters, 'p', 64);
  if (n * r > MOST_BLOCKS || n * r * p > MOST_WORK)
    throw new KeyFileDamaged(
      file,
      `its scrypt would take ${Math.ceil((128 * n * r) / 2 ** 20)} MiB of memory ${p} times over (n ${n}, r ${r}, p ${p})`,
    );
  return scryptKey(password, salt, n, r, p);
};

/** The private key; undefined when the password does not open it. */
const tryToDecrypt = async (
  name: string,
  password: string,
  fields: ReturnType<typeof readKeyFile>,
): Promise<Hex | undefined> => {
  const derived = await deriveKey(name, password, fields);
  try {
    return Keystore.decrypt(
      {
        crypto: {
          cipher: 'aes-128-ctr',
          ciphertext: fields.ciphertext,
          cipherparams: { iv: fields.iv },
          kdf: 'scrypt',
          kdfparams: { dklen: 32, n: 0, p: 0, r: 0, salt: '' },
          mac: fields.mac,
        },
        id: '',
        version: 3,
      },
      `0x${Buffer.from(derived).toString('hex')}`,
    );
  } catch {
    // Its only fault with checked fields is the code that does not match; its text adds nothing.
    return undefined;
  }
};

/**
 * Decrypts a key file's content. V3 proves the password and the ciphertext with one code, so a damaged ciphertext
 * looks like a wrong password.
 * @param password in any spelling of Unicode
 * @param name how errors call the file
 * @throws WrongPassword, KeyFileDamaged, KeyFileOfAnother (its address is not its key's)
 */
export const decryptKey = async (content: unknown, password: string, name = 'given'): Promise<Hex> => {
  const fields = readKeyFile(name, content);
  let privateKey: Hex | undefined;
  for (const spelling of spellings(password)) privateKey ??= await tryToDecrypt(name, spelling, fields);
  if (privateKey === undefined) throw new WrongPassword(name);
  const found = signerOf(privateKey).address;
  if (fields.address !== undefined && fields.address !== found)
    throw new KeyFileOfAnother(name, found, fields.address);
  return privateKey;
};

/**
 * Writes a private key as geth would: `UTC--<instant>--<address>`, readable by its owner only.
 * @returns the file's path
 */
export const writeKeyFile = async (
  directory: string,
  privateKey: Hex,
  password: string,
  options: { readonly now: Instant; readonly cost?: number },
): Promise<string> => {
  const content = await encryptKey(privateKey, password, options);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const instant = new Date(options.now).toISOString().replaceAll(':', '-').replace('Z', '000000Z');
  const path = join(directory, `UTC--${instant}--${content.address}`);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return path;
};

const parseFile = async (path: string): Promise<unknown> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new KeyFileDamaged(path, `it cannot be read (${messageOf(error)})`, error);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // JSON.parse quotes the text in its message: that must not travel.
    throw new KeyFileDamaged(path, 'it is not JSON');
  }
};

/** @throws KeyFileOpen when others may read a file with a key; one that is not there is somebody else's fault. */
export const expectClosed = async (path: string): Promise<void> => {
  const found = await stat(path).catch(() => undefined);
  if (found && isOpenToOthers(found, process.getuid?.())) throw new KeyFileOpen(path, found.mode);
};

/** The accounts that have a key file in the directory, by file name. A directory that is not there has none. */
export const listKeyFiles = async (
  directory: string,
): Promise<readonly { readonly file: string; readonly address: Address }[]> => {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isRecord(error) && error['code'] === 'ENOENT') return [];
    throw new KeyFileDamaged(directory, `the directory cannot be read (${messageOf(error)})`, error);
  }
  const found = [];
  for (const name of names.sort()) {
    const address = /(?:^|--)(?:0x)?([0-9a-fA-F]{40})(?:\.json)?$/.exec(name)?.[1];
    if (address) found.push({ file: join(directory, name), address: toAddress(address.toLowerCase()) });
  }
  return found;
};

/**
 * The key file of an account in a directory: by its name, else by the address inside.
 * @throws NoKey with the list of what is there
 */
export const findKeyFile = async (directory: string, address: Address): Promise<string> => {
  const wanted = toAddress(address);
  const named = (await listKeyFiles(directory)).find((entry) => entry.address === wanted);
  if (named) return named.file;
  const names = await readdir(directory).catch((): string[] => []);
  for (const name of names.sort()) {
    const content = await parseFile(join(directory, name)).catch(() => undefined);
    if (isRecord(content) && typeof content['address'] === 'string') {
      if (content['address'].replace(/^0x/, '').toLowerCase() === wanted.slice(2).toLowerCase())
        return join(directory, name);
    }
  }
  throw new NoKey(directory, wanted, names);
};

/** Where the key is, and what opens it. */
export interface UnlockOptions {
  /** Directory of key files, searched for `address`. */
  readonly directory?: string;
  /** The key file itself. */
  readonly file?: string;
  /** The account expected; needed with `directory`. */
  readonly address?: Address;
  readonly password: string;
}

/**
 * Opens an account's key file.
 * @throws WrongPassword, KeyFileDamaged, KeyFileOpen, KeyFileOfAnother, NoKey, BadAddress
 */
export const unlock = async ({ directory, file, address, password }: UnlockOptions): Promise<Signer> => {
  const wanted = address === undefined ? undefined : toAddress(address);
  let path = file;
  if (path === undefined && wanted !== undefined && directory !== undefined)
    path = await findKeyFile(directory, wanted);
  if (path === undefined)
    throw new KeyFileDamaged(
      directory ?? '(none)',
      'neither its path nor a directory with an address was given',
    );
  await expectClosed(path);
  const content = await parseFile(path);
  const named = readKeyFile(path, content).address;
  if (wanted !== undefined && named !== undefined && named !== wanted)
    throw new KeyFileOfAnother(path, named, wanted);
  const signer = signerOf(await decryptKey(content, password, path));
  if (wanted !== undefined && signer.address !== wanted)
    throw new KeyFileOfAnother(path, signer.address, wanted);
  return signer;
};
