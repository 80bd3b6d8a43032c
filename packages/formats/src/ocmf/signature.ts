/**
 * Verifying OCMF signatures: ECDSA with SHA-256 over the curves of the standard (OCMF 1.4.1, table 22), by node:crypto.
 * Nothing here computes with curves: keys and signatures are only put into the forms that it takes.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

interface Curve {
  /** DER of the curve's object identifier. */
  readonly oid: string;
  /** Bytes of a coordinate. */
  readonly size: number;
  /** Order of the base point. */
  readonly order: bigint;
}

/** SEC 2 (secp…), RFC 5639 (brainpool…). By the name in `SA` without "P" and case. */
const CURVES: Readonly<Record<string, Curve>> = {
  secp192k1: { oid: '06052b8104001f', size: 24, order: 0xfffffffffffffffffffffffe26f2fc170f69466a74defd8dn },
  secp192r1: {
    oid: '06082a8648ce3d030101',
    size: 24,
    order: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
  },
  secp256k1: {
    oid: '06052b8104000a',
    size: 32,
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
  secp256r1: {
    oid: '06082a8648ce3d030107',
    size: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  secp384r1: {
    oid: '06052b81040022',
    size: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  brainpool256r1: {
    oid: '06092b2403030208010107',
    size: 32,
    order: 0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7n,
  },
  brainpool384r1: {
    oid: '06092b240303020801010b',
    size: 48,
    order:
      0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565n,
  },
};

/** Since OCMF 0.4. */
export const DEFAULT_ALGORITHM = 'ECDSA-secp256r1-SHA256';

/** The curve that an algorithm's name says; undefined where it is none of the standard's. */
const curveOf = (algorithm: string): Curve | undefined => {
  const [, name = ''] = /^ECDSA-(.+)-SHA256$/i.exec(algorithm) ?? [];
  return CURVES[name.toLowerCase().replace('brainpoolp', 'brainpool')];
};

const EC_PUBLIC_KEY = Buffer.from('06072a8648ce3d0201', 'hex');

const der = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([
    content.length < 0x80 ? Buffer.of(tag, content.length) : Buffer.of(tag, 0x81, content.length),
    content,
  ]);

/** SubjectPublicKeyInfo (RFC 5480) around a point. */
const keyOfPoint = (point: Uint8Array, { oid }: Curve): Buffer =>
  der(
    0x30,
    Buffer.concat([
      der(0x30, Buffer.concat([EC_PUBLIC_KEY, Buffer.from(oid, 'hex')])),
      der(0x03, Buffer.concat([Buffer.of(0), point])),
    ]),
  );

/** The bytes of a key in hexadecimal or base64, white space and PEM's frame left out. */
const bytesOfKey = (text: string): Buffer | undefined => {
  const bare = text.replaceAll(/-----[^-]*-----/g, '').replaceAll(/[\s:]/g, '');
  if (/^(?:[\da-f]{2})+$/i.test(bare)) return Buffer.from(bare, 'hex');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined;
};

/** Reads a public key: SubjectPublicKeyInfo, or the bare point of the algorithm's curve. A text says what is wrong. */
const readKey = (text: string, curve: Curve): KeyObject | string => {
  const bytes = bytesOfKey(text);
  if (!bytes) return 'the public key is neither hexadecimal nor base64';
  const isPoint = bytes.length === 2 * curve.size || (bytes.length === 2 * curve.size + 1 && bytes[0] === 4);
  const point = bytes.length === 2 * curve.size ? Buffer.concat([Buffer.of(4), bytes]) : bytes;
  const encoded = isPoint ? keyOfPoint(point, curve) : bytes;
  try {
    const key = createPublicKey({ key: encoded, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ec')
      return `the public key is of the kind ${key.asymmetricKeyType}: OCMF has elliptic curves only`;
    if (!isPoint && encoded.indexOf(curve.oid, 0, 'hex') < 0)
      return 'the public key is of another curve than the signature';
    return key;
  } catch {
    return 'the public key cannot be read: expected a SubjectPublicKeyInfo or a point of the curve';
  }
};

interface Scalars {
  readonly r: bigint;
  readonly s: bigint;
}

/** Reads `SEQUENCE { INTEGER r, INTEGER s }`, also with more leading zeros than DER has. */
const scalarsOf = (bytes: Uint8Array): Scalars | undefined => {
  const length = (at: number): { readonly value: number; readonly next: number } | undefined => {
    const first = bytes[at];
    if (first === undefined) return undefined;
    if (first < 0x80) return { value: first, next: at + 1 };
    return first === 0x81 ? { value: bytes[at + 1] ?? 0, next: at + 2 } : undefined;
  };
  const integer = (at: number): { readonly value: bigint; readonly next: number } | undefined => {
    const size = bytes[at] === 0x02 ? length(at + 1) : undefined;
    if (!size || size.value < 1 || size.next + size.value > bytes.length) return undefined;
    const content = bytes.subarray(size.next, size.next + size.value);
    return { value: BigInt(`0x${Buffer.from(content).toString('hex')}`), next: size.next + size.value };
  };
  const outer = bytes[0] === 0x30 ? length(1) : undefined;
  const r = outer && integer(outer.next);
  const s = r && integer(r.next);
  return r && s && s.next === bytes.length ? { r: r.value, s: s.value } : undefined;
};

const plainScalars = (bytes: Uint8Array): Scalars => {
  const half = bytes.length / 2;
  const number = (part: Uint8Array): bigint => BigInt(`0x${Buffer.from(part).toString('hex')}`);
  return { r: number(bytes.subarray(0, half)), s: number(bytes.subarray(half)) };
};

const fixed = (value: bigint, size: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

/** DER of `SEQUENCE { INTEGER r, INTEGER s }`. */
const encoded = ({ r, s }: Scalars): string => {
  const integer = (value: bigint): Buffer => {
    const digits = value.toString(16);
    const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
    return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
  };
  return der(0x30, Buffer.concat([integer(r), integer(s)]))
    .toString('hex')
    .toUpperCase();
};

export interface Verification {
  readonly state: 'valid' | 'invalid' | 'unchecked';
  /** Why it is not valid. */
  readonly reason?: string | undefined;
  /** The same signature with the lower of s and n − s, where the record has the higher. Hex of DER. */
  readonly lowS?: string | undefined;
}

/**
 * Verifies a signature over bytes. `signature` is DER. A key that cannot be this signature's makes it invalid. High s is as good as low s here; `lowS` is for those who take
 * only that.
 */
export const verifySignature = (
  algorithm: string,
  payload: Uint8Array,
  signature: Uint8Array,
  publicKey: string | undefined,
): Verification => {
  const curve = curveOf(algorithm);
  if (!curve)
    return { state: 'unchecked', reason: `the algorithm ${JSON.stringify(algorithm)} is none of OCMF's` };
  // DER is the standard's; some (Isabellenhütte) write the two numbers one after the other.
  const scalars =
    scalarsOf(signature) ?? (signature.length === 2 * curve.size ? plainScalars(signature) : undefined);
  if (!scalars) return { state: 'invalid', reason: 'the signature is no DER of two numbers' };
  const { r, s } = scalars;
  if (r <= 0n || r >= curve.order || s <= 0n || s >= curve.order)
    return { state: 'invalid', reason: 'the signature has numbers outside the curve' };
  const lowS = s > curve.order / 2n ? encoded({ r, s: curve.order - s }) : undefined;
  if (publicKey === undefined) return { state: 'unchecked', reason: 'there is no public key', lowS };
  const key = readKey(publicKey, curve);
  if (typeof key === 'string') return { state: 'invalid', reason: key };
  const isValid = verify(
    'sha256',
    payload,
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.concat([fixed(r, curve.size), fixed(s, curve.size)]),
  );
  return isValid
    ? { state: 'valid', lowS }
    : { state: 'invalid', reason: 'the signature does not fit the payload and the public key' };
};
