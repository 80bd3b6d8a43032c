/** Passwords beyond ASCII, with the implementations that others use: ethers normalizes them, @ethereumjs/wallet does not. */
import { Wallet as EthereumjsWallet } from '@ethereumjs/wallet';
import { decryptKeystoreJson, encryptKeystoreJson } from 'ethers';
import { describe, expect, test } from 'vitest';
import { createKey, decryptKey, encryptKey, type Hex, signerOf, WrongPassword } from '../src/index.ts';

const light = { cost: 2 };
/** Both are on every French keyboard, and neither is what NFKC makes of it. */
const TYPED = 'kWh²-µ';
const NORMALIZED = 'kWh2-\u03bc';

const byEthers = (key: Hex, password: string): Promise<string> =>
  encryptKeystoreJson({ address: signerOf(key).address, privateKey: key }, password, { scrypt: { N: 2 } });
const byEthereumjs = (key: Hex, password: string): Promise<string> =>
  EthereumjsWallet.fromPrivateKey(Buffer.from(key.slice(2), 'hex')).toV3String(password, { n: 2 });

describe('A password beyond ASCII', () => {
  test('is another one in NFKC, which is what this is about', () => {
    expect(TYPED.normalize('NFKC')).toBe(NORMALIZED);
    expect(NORMALIZED).not.toBe(TYPED);
  });

  test('opens a key file of ethers with us, and ours with ethers', async () => {
    const key = createKey();
    expect(await decryptKey(JSON.parse(await byEthers(key, TYPED)), TYPED)).toBe(key);
    const ours = JSON.stringify(await encryptKey(key, TYPED, light));
    expect((await decryptKeystoreJson(ours, TYPED)).privateKey).toBe(key);
  });

  test('opens a key file of @ethereumjs/wallet with us, and ours there, as it is normalized', async () => {
    const key = createKey();
    expect(await decryptKey(JSON.parse(await byEthereumjs(key, TYPED)), TYPED)).toBe(key);
    const ours = JSON.stringify(await encryptKey(key, TYPED, light));
    const there = await EthereumjsWallet.fromV3(ours, NORMALIZED);
    expect(there.getPrivateKeyString()).toBe(key);
    // It takes the bytes as they come, so what ethers wrote is closed to it as well.
    await expect(EthereumjsWallet.fromV3(ours, TYPED)).rejects.toThrow(/wrong passphrase/);
    await expect(EthereumjsWallet.fromV3(await byEthers(key, TYPED), TYPED, true)).rejects.toThrow(
      /wrong passphrase/,
    );
  });

  test('in ASCII opens every file everywhere', async () => {
    const key = createKey();
    expect(await decryptKey(JSON.parse(await byEthers(key, 'kWh2-u')), 'kWh2-u')).toBe(key);
    const ours = JSON.stringify(await encryptKey(key, 'kWh2-u', light));
    expect((await decryptKeystoreJson(ours, 'kWh2-u')).privateKey).toBe(key);
    expect((await EthereumjsWallet.fromV3(ours, 'kWh2-u')).getPrivateKeyString()).toBe(key);
  });

  test.each([
    ['composed, typed decomposed', 'clé é', 'cle\u0301 e\u0301'],
    ['decomposed, typed composed', 'cle\u0301', 'clé'],
    ['with a ligature, typed in letters', 'ﬁl', 'fil'],
    ['in full width, typed plain', 'ＤＡＩＳＥＥ', 'DAISEE'],
  ])('that was %s opens the file', async (_, made, typed) => {
    const key = createKey();
    expect(await decryptKey(await encryptKey(key, made, light), typed)).toBe(key);
  });

  test('opens what DAISEE 0.3.0 wrote with the bytes as they were typed, composed or not', async () => {
    const key = createKey();
    const old = JSON.parse(await byEthereumjs(key, 'clé²')) as unknown;
    expect(await decryptKey(old, 'clé²')).toBe(key);
    expect(await decryptKey(old, 'cle\u0301²')).toBe(key);
    await expect(decryptKey(old, 'clé3')).rejects.toThrow(WrongPassword);
  });
});
