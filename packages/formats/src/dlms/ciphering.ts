/**
 * DLMS/COSEM general-glo-ciphering (tag 0xDB), as smart meters of Luxembourg and Austria send it: AES-128-GCM under the
 * customer's key (DLMS UA Green Book, 9.2.7 and 9.5.4). The initialisation vector is the system title and the
 * invocation counter; what is authenticated besides is the security control byte and the authentication key.
 */
import { createDecipheriv } from 'node:crypto';

const GENERAL_GLO_CIPHERING = 0xdb;
const TITLE_LENGTH = 8;
const TAG_LENGTH = 12;
const AUTHENTICATED = 0x10;
const ENCRYPTED = 0x20;

/** Keys of a meter; each has 16 bytes. */
export interface MeterKeys {
  /** The customer's own key (GUEK), which the operator hands out. */
  readonly encryption: Uint8Array;
  /** The authentication key (GAK); Luxembourg's, which is the same for every meter, where it is left out. */
  readonly authentication?: Uint8Array | undefined;
}

/** Luxembourg's authentication key, published by the operators (Smarty P1 specification, 3.2.5). */
const LUXEMBOURG_AUTHENTICATION = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** An enciphered message found in a stream. */
export interface Ciphered {
  /** Bytes of the whole message. */
  readonly length: number;
  readonly systemTitle: Uint8Array;
  readonly control: number;
  readonly counter: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads a BER length: undefined when more bytes are needed, null when it is none. */
const lengthAt = (
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly size: number } | undefined | null => {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { value: first, size: 1 };
  const count = first & 0x7f;
  if (count < 1 || count > 2) return null;
  if (at + count >= bytes.length) return undefined;
  let value = 0;
  for (let index = 1; index <= count; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return { value, size: 1 + count };
};

/** Reads the envelope at a place: undefined when more bytes are needed, null when there is none. */
export const envelopeAt = (bytes: Uint8Array, at: number): Ciphered | undefined | null => {
  if (bytes[at] === undefined || bytes[at + 1] === undefined) return undefined;
  if (bytes[at] !== GENERAL_GLO_CIPHERING || bytes[at + 1] !== TITLE_LENGTH) return null;
  const size = lengthAt(bytes, at + 2 + TITLE_LENGTH);
  if (size === undefined || size === null) return size;
  const from = at + 2 + TITLE_LENGTH + size.size;
  if (size.value < 5) return null;
  if (bytes.length < from + size.value) return undefined;
  return {
    length: from + size.value - at,
    systemTitle: bytes.subarray(at + 2, at + 2 + TITLE_LENGTH),
    control: bytes[from] ?? 0,
    counter: bytes.subarray(from + 1, from + 5),
    payload: bytes.subarray(from + 5, from + size.value),
  };
};

/** Deciphers a message; a text is why it cannot be read. */
export const decipher = (
  { systemTitle, control, counter, payload }: Ciphered,
  keys: MeterKeys | undefined,
): Uint8Array | string => {
  if ((control & ENCRYPTED) === 0) return 'a message that is signed and not encrypted is not known here';
  if (!keys) return 'it is encrypted: give the key that the grid operator has for you (--key-file)';
  const isAuthenticated = (control & AUTHENTICATED) !== 0;
  if (isAuthenticated && payload.length < TAG_LENGTH) return 'it is too short to hold its authentication tag';
  const body = isAuthenticated ? payload.subarray(0, payload.length - TAG_LENGTH) : payload;
  const decipheriv = createDecipheriv('aes-128-gcm', keys.encryption, Buffer.concat([systemTitle, counter]), {
    authTagLength: TAG_LENGTH,
  });
  if (!isAuthenticated) return decipheriv.update(body);
  decipheriv.setAAD(Buffer.concat([Buffer.of(control), keys.authentication ?? LUXEMBOURG_AUTHENTICATION]));
  decipheriv.setAuthTag(payload.subarray(payload.length - TAG_LENGTH));
  const plain = decipheriv.update(body);
  try {
    decipheriv.final();
  } catch {
    return `its authentication tag does not fit the ${keys.authentication ? 'keys' : "key and Luxembourg's authentication key"}: check --key-file and --authentication-key, or the bytes are damaged`;
  }
  return plain;
};
