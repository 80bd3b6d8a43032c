/**
 * The three sections of an OCMF record, `OCMF|payload|signature` (OCMF 1.4.1, "JSON based OCMF Format"). What is signed
 * are the payload's bytes as they stand, so they are cut out and never written anew. A `|` may be part of a text in the
 * payload: the sections end where their JSON objects do.
 */

const HEADER = 'OCMF|';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const PIPE = 0x7c;

export interface OcmfSections {
  /** The bytes that are signed. */
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** Bytes of the whole record. */
  readonly length: number;
}

/** Place after the JSON object that begins at `from`; undefined where none does or it does not end. */
const endOfObject = (bytes: Uint8Array, from: number): number | undefined => {
  if (bytes[from] !== OPEN) return undefined;
  let depth = 0;
  let isText = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
};

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Cuts the record that begins at `from` into its sections; a text is what is wrong with it. */
export const sectionsAt = (bytes: Uint8Array, from: number): OcmfSections | string => {
  const payloadFrom = from + HEADER.length;
  if (Buffer.from(bytes.subarray(from, payloadFrom)).toString('latin1') !== HEADER)
    return 'signed data that are no OCMF record (OCMF|payload|signature)';
  const payloadTo = endOfObject(bytes, payloadFrom);
  if (payloadTo === undefined) return 'a record whose payload is no whole JSON object';
  if (bytes[payloadTo] !== PIPE) return 'a record without a signature: OCMF|payload|signature is expected';
  let signatureFrom = payloadTo + 1;
  while (isSpace(bytes[signatureFrom])) signatureFrom++;
  const signatureTo = endOfObject(bytes, signatureFrom);
  if (signatureTo === undefined) return 'a record whose signature is no whole JSON object';
  return {
    payload: bytes.subarray(payloadFrom, payloadTo),
    signature: bytes.subarray(signatureFrom, signatureTo),
    length: signatureTo - from,
  };
};

/** Place of the next record, or -1. */
export const nextRecord = (bytes: Uint8Array, from: number): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(`${HEADER}{`, from, 'latin1');
